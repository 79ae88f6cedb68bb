//! The examples of `docs/protocol.md`, read with the types that the server uses.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use papo_protocol::{ClientFrame, ServerFrame, parse_client_frame, parse_plain_frame};
use serde_json::Value;

/// The lines of the document's fenced blocks marked `json {kind}`.
fn examples(kind: &str) -> Vec<String> {
    let document = include_str!("../../../docs/protocol.md");
    let fence = format!("```json {kind}");
    let mut lines = document.lines();
    let mut found = Vec::new();
    while lines.by_ref().any(|line| line == fence) {
        found.extend(
            lines
                .by_ref()
                .take_while(|line| *line != "```")
                .map(str::to_owned),
        );
    }
    assert!(!found.is_empty(), "no examples marked {kind}");
    found
}

fn type_of(json: &str) -> String {
    let value: Value = serde_json::from_str(json).unwrap();
    value["type"].as_str().unwrap().to_owned()
}

#[test]
fn what_clients_send_is_read() {
    let mut types: Vec<String> = Vec::new();
    for example in examples("client") {
        let frame =
            parse_client_frame(&example).unwrap_or_else(|error| panic!("{example}: {error}"));
        if !matches!(frame, ClientFrame::Typing { .. }) {
            assert!(frame.reference().is_some(), "{example}");
        }
        types.push(type_of(&example));
    }
    types.dedup();
    assert_eq!(
        types,
        [
            "subscribe",
            "unsubscribe",
            "send",
            "edit",
            "delete",
            "react",
            "typing",
            "read",
            "unread",
            "level",
            "refresh",
            "ping"
        ]
    );
    for example in examples("plain-client") {
        parse_plain_frame(&example).unwrap();
    }
}

#[test]
fn what_the_server_sends_is_written_exactly_so() {
    let mut types: Vec<String> = Vec::new();
    for example in examples("server")
        .into_iter()
        .chain(examples("plain-server"))
    {
        let frame: ServerFrame =
            serde_json::from_str(&example).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert_eq!(serde_json::to_string(&frame).unwrap(), example);
        types.push(type_of(&example));
    }
    types.sort();
    types.dedup();
    let all = [
        "ack",
        "deleted",
        "edited",
        "error",
        "head",
        "left",
        "membership",
        "message",
        "pong",
        "presence",
        "reacted",
        "reconnect",
        "reset",
        "room",
        "snapshot",
        "subscribed",
        "typing",
        "welcome",
    ];
    assert_eq!(types, all);
}
