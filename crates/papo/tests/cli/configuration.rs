//! Flags, variables and the file, and mistakes in them.

use std::fs;

use crate::Place;
use crate::process::{self, Running};

fn place_with(file: &str) -> Place {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("papo.toml"), file).unwrap();
    place
}

#[test]
fn the_file_is_heard_and_variables_go_before_it_and_flags_before_them() {
    let place = place_with("listen = '127.0.0.1:0'\nlog = 'error'");
    let mut server = Running::start(&place.data(), &[], &[]);
    assert!(server.address().starts_with("127.0.0.1:"));
    server.stop();

    let place = place_with("listen = '203.0.113.1:1'");
    let error = place
        .papo_with(&[], &[("PAPO_LISTEN", "203.0.113.2:1")])
        .error();
    assert!(error.contains("203.0.113.2"), "{error}");
    let flag = ["--listen", "203.0.113.3:1"];
    let error = place
        .papo_with(&flag, &[("PAPO_LISTEN", "203.0.113.2:1")])
        .error();
    assert!(error.contains("203.0.113.3"), "{error}");
}

#[test]
fn an_empty_variable_is_none() {
    let place = Place::new();
    let empty = [
        "PAPO_LOG",
        "PAPO_LISTEN",
        "PAPO_PUBLIC_URL",
        "PAPO_TRUSTED_PROXIES",
        "PAPO_RATE_LIMITS",
        "PAPO_DATABASE_URL",
        "PAPO_NATS_URL",
    ];
    let variables = empty.map(|name| (name, ""));
    let create = ["user", "create", "Ana", "--admin"];
    let password = "correct horse battery\n";
    process::run(&place.data(), &create, &variables, password).ok();
    assert!(place.database().exists());
}

#[test]
fn an_empty_flag_is_a_mistake() {
    let place = Place::new();
    for flag in ["--database-url", "--nats-url", "--public-url", "--log"] {
        let variables = [("PAPO_DATABASE_URL", "")];
        for value in ["", " "] {
            let error = place.papo_with(&[flag, value], &variables).error();
            assert_eq!(error, format!("papo: {flag}: must not be empty"));
        }
    }
    let create = ["user", "create", "Ana", "--admin", "--database-url="];
    let error = place.papo(&create).error();
    assert_eq!(error, "papo: --database-url: must not be empty");
    assert!(!place.data().exists());
}

#[test]
fn an_unknown_key_is_named() {
    let place = place_with("listne = '127.0.0.1:0'");
    let error = place.papo(&[]).error();
    assert!(
        error.contains("papo.toml") && error.contains("unknown key \"listne\""),
        "{error}"
    );
}

#[test]
fn a_file_that_is_no_toml_is_told_with_the_line() {
    let place = place_with("log = 'info'\nlisten = = 2\n");
    let error = place.papo(&[]).error();
    assert!(error.contains("papo.toml: line 2"), "{error}");
}

#[test]
fn a_bad_value_is_told_with_where_it_is_from() {
    let place = Place::new();
    for (variable, flag, bad) in [
        ("PAPO_LISTEN", "--listen", "8000"),
        ("PAPO_PUBLIC_URL", "--public-url", "papo.example.org"),
        (
            "PAPO_TRUSTED_PROXIES",
            "--trusted-proxies",
            "10.0.0.0/8,proxy",
        ),
        ("PAPO_RATE_LIMITS", "--rate-limits", "maybe"),
        ("PAPO_LOG", "--log", "papo=loud"),
        ("PAPO_LOG", "--log", "bogus"),
        ("PAPO_MAX_CONNECTIONS", "--max-connections", "0"),
        (
            "PAPO_MAX_SESSION_CONNECTIONS",
            "--max-session-connections",
            "-1",
        ),
        ("PAPO_MAX_SOCKET_ROOMS", "--max-socket-rooms", "many"),
        (
            "PAPO_MAX_MESSAGE_CHARACTERS",
            "--max-message-characters",
            "16001",
        ),
        ("PAPO_MAX_IN_FLIGHT", "--max-in-flight", "1025"),
        ("PAPO_MAX_RESUME_EVENTS", "--max-resume-events", "1.5"),
        ("PAPO_HEARTBEAT_SECONDS", "--heartbeat-seconds", "25s"),
        ("PAPO_STOP_SECONDS", "--stop-seconds", "0"),
    ] {
        let error = place.papo_with(&[], &[(variable, bad)]).error();
        assert!(error.starts_with(&format!("papo: {variable}: ")), "{error}");
        let error = place.papo(&[&format!("{flag}={bad}")]).error();
        assert!(error.starts_with(&format!("papo: {flag}: ")), "{error}");
    }
    assert!(!place.data().exists());
}
