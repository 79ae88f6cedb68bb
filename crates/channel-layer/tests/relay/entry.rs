//! Signing in to NATS: passwords, tokens, TLS.

use std::path::PathBuf;
use std::time::Duration;

use papo_channel_layer::nats::{NatsSettings, reach};
use papo_channel_layer::testing::NatsServer;

use crate::world::{World, epoch, start};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/relay/fixtures")
        .join(name)
}

/// Whether two nodes with these settings hear each other.
pub(crate) async fn gets_in(settings: &NatsSettings) {
    World::nats_with(settings).await.b_follows().await;
    let asked = reach(settings).await;
    assert!(
        matches!(&asked[..], [one] if one.version.is_ok()),
        "{asked:?}"
    );
}

/// Asserts that a node with these settings stays outside, and goes on trying.
pub(crate) async fn stays_out(settings: &NatsSettings) {
    let (relay, mut nodes) = start(settings, epoch(), 1).await;
    let second = Duration::from_secs(1);
    let come = tokio::time::timeout(second, nodes.incoming.recv()).await;
    assert!(come.is_err(), "{come:?}");
    assert!(!relay.is_connected());
    let asked = reach(settings).await;
    assert!(
        matches!(&asked[..], [one] if one.version.is_err()),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_password_is_needed() {
    let server = NatsServer::start("authorization { user: ana, password: \"s@cret\" }");
    let port = server.port();
    let right = format!("nats://ana:s%40cret@127.0.0.1:{port}");
    gets_in(&NatsSettings::parse(&right).unwrap()).await;
    for wrong in [
        format!("nats://ana:other@127.0.0.1:{port}"),
        format!("nats://127.0.0.1:{port}"),
    ] {
        stays_out(&NatsSettings::parse(&wrong).unwrap()).await;
    }
}

#[tokio::test]
async fn a_token_is_needed() {
    let server = NatsServer::start("authorization { token: \"t0ken\" }");
    let port = server.port();
    let right = format!("nats://t0ken@127.0.0.1:{port}");
    gets_in(&NatsSettings::parse(&right).unwrap()).await;
    let wrong = format!("nats://other@127.0.0.1:{port}");
    stays_out(&NatsSettings::parse(&wrong).unwrap()).await;
}

#[tokio::test]
async fn tls_with_an_authority_of_ones_own() {
    let server = NatsServer::start(&format!(
        "tls {{ cert_file: {:?}, key_file: {:?} }}",
        fixture("server.pem"),
        fixture("server-key.pem")
    ));
    let port = server.port();
    for host in ["localhost", "127.0.0.1"] {
        let settings = NatsSettings::parse(&format!("tls://{host}:{port}")).unwrap();
        let right = settings.clone().with_authority(&fixture("ca.pem")).unwrap();
        gets_in(&right).await;
        let wrong = settings.with_authority(&fixture("other-ca.pem")).unwrap();
        stays_out(&wrong).await;
    }
}

#[tokio::test]
async fn who_asks_for_tls_does_not_take_less() {
    let server = NatsServer::start("");
    let port = server.port();
    let plain = NatsSettings::parse(&format!("nats://localhost:{port}")).unwrap();
    gets_in(&plain).await;
    let with_authority = plain.with_authority(&fixture("ca.pem")).unwrap();
    stays_out(&with_authority).await;
    let tls = NatsSettings::parse(&format!("tls://localhost:{port}")).unwrap();
    stays_out(&tls).await;
}
