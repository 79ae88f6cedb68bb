//! Signing in with a credentials file, to a NATS that believes only its operator's signatures.

use std::fs;

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use papo_channel_layer::nats::{NatsSettings, NatsSettingsError};
use papo_channel_layer::testing::NatsServer;
use serde_json::{Value, json};

use crate::entry::{gets_in, stays_out};

/// What `issuer` says about `subject`, signed.
fn token(issuer: &KeyPair, subject: &KeyPair, kind: &str, mut claims: Value) -> String {
    claims["type"] = kind.into();
    claims["version"] = 2.into();
    let body = json!({
        "jti": subject.public_key(),
        "iat": 1_700_000_000,
        "iss": issuer.public_key(),
        "sub": subject.public_key(),
        "name": kind,
        "nats": claims,
    });
    let head = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let encode = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
    let signed = format!("{}.{}", encode(&head), encode(&body));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn credentials(token: &str, user: &KeyPair) -> String {
    format!(
        "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.seed().unwrap()
    )
}

#[tokio::test]
async fn credentials_are_needed() {
    let (operator, account) = (KeyPair::new_operator(), KeyPair::new_account());
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1
    });
    let of_operator = token(&operator, &operator, "operator", json!({}));
    let of_account = token(&operator, &account, "account", json!({ "limits": limits }));
    let server = NatsServer::start(&format!(
        "operator: {of_operator}\nresolver: MEMORY\nresolver_preload: {{ {}: {of_account} }}",
        account.public_key()
    ));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("papo.creds");
    let settings = NatsSettings::parse(&server.url()).unwrap();
    let user = KeyPair::new_user();
    let unlimited = || json!({ "subs": -1, "data": -1, "payload": -1 });

    fs::write(
        &file,
        credentials(&token(&account, &user, "user", unlimited()), &user),
    )
    .unwrap();
    gets_in(&settings.clone().with_credentials(&file).unwrap()).await;
    stays_out(&settings).await;

    let stranger = KeyPair::new_account();
    let forged = token(&stranger, &user, "user", unlimited());
    fs::write(&file, credentials(&forged, &user)).unwrap();
    stays_out(&settings.clone().with_credentials(&file).unwrap()).await;

    let half = credentials(&forged, &user).replace("SU", "XX");
    fs::write(&file, half).unwrap();
    let error = settings.with_credentials(&file).unwrap_err();
    assert_eq!(error, NatsSettingsError::Credentials(file));
}
