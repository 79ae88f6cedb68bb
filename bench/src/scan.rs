//! Finds what the generator needs in a frame's JSON without parsing it.

use memchr::memmem;

/// Begins every message that the generator posts; the post's number follows.
const MARK: &str = "@";
const DIGITS: usize = 12;
/// Messages have 64 bytes.
const PADDING: usize = 64 - MARK.len() - DIGITS;

/// What a frame of the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A message, posted or read again.
    Message,
    /// An acknowledgement.
    Ack,
    /// The answer to a `subscribe`.
    Subscribed,
    /// A step of a watched room's log.
    Head,
    /// A person's membership of a room.
    Membership,
    /// A refused request, or a cursor that started over. The generator plans for neither.
    Refused,
    /// Anything else.
    Other,
}

/// What this frame is.
pub(crate) fn kind(json: &[u8]) -> Kind {
    let Some(rest) = json.strip_prefix(br#"{"type":""#) else {
        return Kind::Other;
    };
    let is = |name: &[u8]| {
        rest.strip_prefix(name)
            .is_some_and(|after| after.first() == Some(&b'"'))
    };
    match rest.first() {
        Some(b'm') if is(b"message") => Kind::Message,
        Some(b'm') if is(b"membership") => Kind::Membership,
        Some(b'h') if is(b"head") => Kind::Head,
        Some(b'a') if is(b"ack") => Kind::Ack,
        Some(b's') if is(b"snapshot") || is(b"subscribed") => Kind::Subscribed,
        Some(b'e') if is(b"error") => Kind::Refused,
        Some(b'r') if is(b"reset") || is(b"reconnect") => Kind::Refused,
        _ => Kind::Other,
    }
}

/// The text of post number `number`.
pub(crate) fn text(number: usize) -> String {
    format!("{MARK}{number:0DIGITS$}{:x<PADDING$}", "")
}

/// The number of the post that this message frame brings.
pub(crate) fn post_number(json: &[u8]) -> Option<usize> {
    let at = memmem::find(json, br#""message":"@"#)?;
    digits(json.get(at + 12..)?)
}

/// The first number after this name, which is given with its quotes and colon.
pub(crate) fn number(json: &[u8], name: &str) -> Option<usize> {
    let at = memmem::find(json, name.as_bytes())?;
    digits(json.get(at + name.len()..)?)
}

/// The first text after this name, which is given with its quotes, colon and the opening quote.
pub(crate) fn string(json: &[u8], name: &str) -> Option<String> {
    let at = memmem::find(json, name.as_bytes())? + name.len();
    let length = memchr::memchr(b'"', json.get(at..)?)?;
    String::from_utf8(json[at..at + length].to_vec()).ok()
}

fn digits(bytes: &[u8]) -> Option<usize> {
    let count = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let digit = |sum, &byte: &u8| sum * 10 + usize::from(byte - b'0');
    (count > 0).then(|| bytes[..count.min(18)].iter().fold(0, digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_recognised_by_its_number() {
        assert_eq!(text(42).len(), 64);
        let frame = format!(
            r#"{{"type":"message","room":1,"seq":7,"message":"{}","username":"a"}}"#,
            text(42)
        );
        assert_eq!(kind(frame.as_bytes()), Kind::Message);
        assert_eq!(post_number(frame.as_bytes()), Some(42));
        assert_eq!(number(frame.as_bytes(), r#""seq":"#), Some(7));
        assert_eq!(
            string(frame.as_bytes(), r#""username":""#),
            Some("a".into())
        );
    }

    #[test]
    fn other_frames_are_told_apart() {
        let kinds = [
            "ack",
            "snapshot",
            "subscribed",
            "error",
            "reset",
            "presence",
            "messages",
            "head",
            "membership",
        ];
        let kinds = kinds.map(|name| kind(format!(r#"{{"type":"{name}","room":1}}"#).as_bytes()));
        let (other, subscribed, refused) = (Kind::Other, Kind::Subscribed, Kind::Refused);
        assert_eq!(
            kinds,
            [
                Kind::Ack,
                subscribed,
                subscribed,
                refused,
                refused,
                other,
                other,
                Kind::Head,
                Kind::Membership
            ]
        );
    }
}
