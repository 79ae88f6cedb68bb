//! Query strings, and paths in a request for the next page.

use std::fmt::Write as _;

/// `name=value`, with the value escaped for a query.
pub(crate) fn pair(name: &str, value: &str) -> String {
    let mut text = format!("{name}=");
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a String takes everything");
        }
    }
    text
}

/// `?a=1&b=2` from the pairs that have a value.
pub(crate) fn string<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(&pair(name, value));
    }
    text
}

/// The path of this server in a request for the next page. It is the front page for anything else,
/// such as `//evil`, `/\evil` or a whole address.
pub(crate) fn own_path(text: &str) -> &str {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_own = text.starts_with('/') && !text.starts_with("//");
    if is_plain && is_own { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_empty_ones_left_out() {
        assert_eq!(
            string([("q", "a&b=ç d"), ("x", ""), ("page", "2")]),
            "?q=a%26b%3D%C3%A7%20d&page=2"
        );
        assert_eq!(string([("q", "")]), "");
    }

    #[test]
    fn only_own_paths_are_gone_to() {
        for own in ["/", "/room/1/", "/admin/messages/?q=%C3%A7&page=2"] {
            assert_eq!(own_path(own), own);
        }
        for other in [
            "//evil",
            "/\\evil",
            "/a\\b",
            "\\/evil",
            "https://evil.example/",
            "evil",
            "",
            "/\t/evil",
            "/\r\nSet-Cookie: a=b",
            "/ç",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_path(other), "/", "{other}");
        }
    }
}
