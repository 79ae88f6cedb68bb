//! A used instance, made through its pages and sockets.

use std::path::Path;

use papo_protocol::{ClientFrame, ServerFrame};
use papo_testing::{Guest, Server, ServerBuilder, Socket, client_id};

/// A person who was there, and what she knows.
pub(crate) struct Lively {
    pub(crate) ana: Guest,
    pub(crate) epoch: String,
    /// The last event that she has seen.
    pub(crate) seen: i64,
    /// The client id of her first message.
    pub(crate) client_id: String,
}

/// A server on this folder.
pub(crate) fn serve(folder: &Path) -> Server {
    let builder = ServerBuilder::new(env!("CARGO_BIN_EXE_papo"));
    builder.data(folder).start().unwrap()
}

/// A server on a database.
pub(crate) fn serve_url(folder: &Path, url: &str) -> Server {
    let builder = ServerBuilder::new(env!("CARGO_BIN_EXE_papo"));
    let builder = builder.data(folder).env("PAPO_DATABASE_URL", url);
    builder.start().unwrap()
}

/// A socket after its welcome.
pub(crate) fn socket(guest: &Guest) -> Socket {
    let mut socket = guest.socket(1).unwrap();
    let welcome = socket.receive().unwrap();
    assert!(matches!(welcome, ServerFrame::Welcome { .. }));
    socket
}

/// Posts, edits and deletes messages, closes a room and renames another, makes people join several
/// rooms, one of them with an account, and posts `more` messages.
pub(crate) fn liven_up(folder: &Path, more: usize) -> Lively {
    let mut server = serve(folder);
    let mut ana = Guest::joined(&server, 1, "Ana").unwrap();
    ana.join(2, "Ana Maria").unwrap();
    let bia = Guest::joined(&server, 3, "Bia").unwrap();
    let mut hers = socket(&ana);
    hers.subscribe(1, None).unwrap();
    let ServerFrame::Snapshot { epoch, .. } = hers.receive().unwrap() else {
        panic!("no snapshot");
    };
    let client_id = client_id();
    let posted = hers.post_as(1, "Olá, Ação!", &client_id).unwrap();
    assert_eq!(hers.wait_for_ack(posted).unwrap(), 1);
    for text in ["dois", "três"] {
        let posted = hers.post(1, text).unwrap();
        hers.wait_for_ack(posted).unwrap();
    }
    let seen = 3;
    let (edit, delete) = (hers.reference(), hers.reference());
    hers.send(&ClientFrame::Edit {
        r#ref: Some(edit),
        room: Some(1),
        seq: 2,
        message: "dois, corrigido".into(),
    })
    .unwrap();
    hers.wait_for_ack(edit).unwrap();
    hers.send(&ClientFrame::Delete {
        r#ref: Some(delete),
        room: Some(1),
        seq: 3,
    })
    .unwrap();
    hers.wait_for_ack(delete).unwrap();
    let mut references = Vec::new();
    for number in 0..more {
        let text = format!("mensagem {number}, com algumas palavras mais");
        references.push(hers.post(1, &text).unwrap());
        // A connection may have no more in flight.
        if references.len() == 100 {
            let last = references.pop().unwrap();
            hers.wait_for_ack(last).unwrap();
            references.clear();
        }
    }
    if let Some(last) = references.pop() {
        hers.wait_for_ack(last).unwrap();
    }
    let mut at_bias = bia.socket(3).unwrap();
    at_bias.subscribe(3, None).unwrap();
    let posted = at_bias.post(3, "noutra sala").unwrap();
    at_bias.wait_for_ack(posted).unwrap();
    server.command(&["room", "deactivate", "3"]).unwrap();
    let create = ["user", "create", "Dora", "--admin"];
    let password = "uma senha bem comprida\n";
    server.command_with_input(&create, password).unwrap();
    assert!(server.stop().unwrap().success());
    Lively {
        ana,
        epoch,
        seen,
        client_id,
    }
}
