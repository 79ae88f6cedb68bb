//! Papo's frames, without Papo's work.

use memchr::{memchr, memmem};
use papo_bench::frames::{TEXT, put};

/// A client's request.
pub(crate) enum Asked {
    /// To follow the room.
    Subscribe,
    /// To post.
    Post {
        message: String,
        client_id: Option<String>,
        reference: Option<String>,
    },
    /// Anything else.
    Nothing,
}

/// Looks for the few fields that matter.
pub(crate) fn ask(json: &[u8]) -> Asked {
    if memmem::find(json, br#""type":"subscribe""#).is_some() {
        return Asked::Subscribe;
    }
    let reference = field(json, r#""ref":"#, b',');
    match field(json, r#""message":""#, b'"') {
        Some(message) => Asked::Post {
            message,
            client_id: field(json, r#""client_id":""#, b'"'),
            reference,
        },
        None => Asked::Nothing,
    }
}

/// The message as everybody gets it.
pub(crate) fn message(seq: u64, message: &str, client_id: Option<&str>) -> Vec<u8> {
    let client_id = client_id
        .map(|id| format!(r#","client_id":"{id}""#))
        .unwrap_or_default();
    text(&format!(
        r#"{{"type":"message","room":1,"seq":{seq},"message":"{message}","username":"guest-00000","sender":"k3v9d0qm2x7ab","timestamp":"2026-01-01T00:00:00.000Z"{client_id}}}"#
    ))
}

/// The acknowledgement.
pub(crate) fn ack(seq: u64, reference: Option<&str>) -> Vec<u8> {
    let reference = reference.unwrap_or("0");
    text(&format!(
        r#"{{"type":"ack","ref":{reference},"room":1,"seq":{seq},"timestamp":"2026-01-01T00:00:00.000Z"}}"#
    ))
}

/// A stand-in for the room's snapshot.
pub(crate) fn snapshot() -> Vec<u8> {
    text(r#"{"type":"snapshot","room":1}"#)
}

fn text(json: &str) -> Vec<u8> {
    let mut frame = Vec::with_capacity(json.len() + 4);
    put(TEXT, json.as_bytes(), &mut frame);
    frame
}

fn field(json: &[u8], name: &str, end: u8) -> Option<String> {
    let at = memmem::find(json, name.as_bytes())? + name.len();
    let length = memchr(end, json.get(at..)?)?;
    String::from_utf8(json[at..at + length].to_vec()).ok()
}
