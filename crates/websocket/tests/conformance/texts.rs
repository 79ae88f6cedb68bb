//! Section 6: what is UTF-8, and that what isn't is refused at once.

use proptest::prelude::*;

use crate::endpoint::Endpoint;
use crate::frames::Answer::{Closed, Text};
use crate::frames::{begin, end, fragmented, go_on, head, read_answers, text};
use crate::{Case, case};

/// "κόσμε", 11 bytes.
const KOSME: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
const MIXED: &str = "Olá-µ@ßöäüàá-UTF-8!!";

/// The table of 6.5 and after, less what `table` makes itself: a section, whether its texts are
/// valid, and the texts in hexadecimal digits.
const TEXTS: [(u8, bool, &str); 20] = [
    // First and last of each length, valid; then those that would have 5 or 6 bytes, or are beyond
    // U+10FFFF.
    (7, true, "00 c280 e0a080 f0908080"),
    (8, false, "f888808080 fc8480808080"),
    (9, true, "7f dfbf efbfbf f48fbfbf"),
    (10, false, "f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf"),
    (11, true, "ed9fbf ee8080 efbfbd f48fbfbf"),
    (11, false, "f4908080"),
    // Continuation bytes without a start.
    (
        12,
        false,
        "80 bf 80bf 80bf80 80bf80bf 80bf80bf80 80bf80bf80bf",
    ),
    // Characters whose last byte is missing, alone and one after the other.
    (14, false, "c0 e080 f08080 f8808080 fc80808080"),
    (14, false, "df efbf f7bfbf fbbfbfbf fdbfbfbfbf"),
    (
        15,
        false,
        "c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf",
    ),
    // Bytes that are never there.
    (16, false, "fe ff fefeffff"),
    // Longer than need be: a slash, the last character of the length below, and nothing.
    (17, false, "c0af e080af f08080af f8808080af fc80808080af"),
    (18, false, "c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf"),
    (19, false, "c080 e08080 f0808080 f880808080 fc8080808080"),
    // Surrogates, single and in pairs.
    (
        20,
        false,
        "eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf",
    ),
    (
        21,
        false,
        "eda080edb080 eda080edbfbf edadbfedb080 edadbfedbfbf",
    ),
    (
        21,
        false,
        "edae80edb080 edae80edbfbf edafbfedb080 edafbfedbfbf",
    ),
    // Specials of the first plane.
    (23, true, "efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf"),
    // A dollar, a cent, a euro and a Han character between letters, and the Greek word.
    (
        5,
        true,
        "68656c6c6f24776f726c64 68656c6c6fc2a2776f726c64 68656c6c6fe282ac776f726c64",
    ),
    (
        5,
        true,
        "68656c6c6ff0a4ada2776f726c64 cebae1bdb9cf83cebcceb5",
    ),
];

pub(crate) fn cases() -> Vec<Case> {
    let mixed = || Text(MIXED.into());
    let kosme = || Text(KOSME.into());
    let surrogate = [KOSME, b"\xed\xa0\x80edited"].concat();
    let mut cases = vec![
        case("6.1.1", [text("")], [Text("".into())]),
        case("6.1.2", [begin(""), go_on(""), end("")], [Text("".into())]),
        case(
            "6.1.3",
            [begin(""), go_on("middle"), end("")],
            [Text("middle".into())],
        ),
        case("6.2.1", [text(MIXED)], [mixed()]),
        case("6.2.2", [begin("Olá-µ@ßöä"), end("üàá-UTF-8!!")], [mixed()]),
        case("6.2.3", [fragmented(1, MIXED.as_bytes(), 1)], [mixed()]),
        case("6.2.4", [fragmented(1, KOSME, 1)], [kosme()]),
        case("6.3.1", [text(&surrogate)], [Closed(1007)]),
        case("6.3.2", [fragmented(1, &surrogate, 1)], [Closed(1007)]),
    ];
    cases.extend(fail_fast());
    cases.extend(table());
    cases
}

/// A code point beyond the last one, of which the second byte shows it. Nothing comes back before
/// that byte, and the refusal comes although the message isn't finished: between frames, and within
/// one.
fn fail_fast() -> [Case; 4] {
    let beyond = [KOSME, b"\xf4\x90\x80\x80edited"].concat();
    let at = |split| beyond.split_at(split);
    let frames = |number, first, second| {
        case(number, [begin(first)], []).then([go_on(second)], [Closed(1007)])
    };
    let within = |number, first: &[u8], second: &[u8]| {
        let head = head(0x81, beyond.len());
        let mask: Vec<u8> = head[head.len() - 4..].to_vec();
        let masked = |bytes: &[u8], offset: usize| -> Vec<u8> {
            let mask = mask.iter().cycle().skip(offset % 4);
            bytes
                .iter()
                .zip(mask)
                .map(|(byte, mask)| byte ^ mask)
                .collect()
        };
        let start = masked(first, 0);
        case(number, [head.clone(), start], []).then([masked(second, first.len())], [Closed(1007)])
    };
    let ((word, rest), (start, second)) = (at(11), at(12));
    [
        frames("6.4.1", word, &rest[..4]),
        frames("6.4.2", start, &second[..1]),
        within("6.4.3", word, &rest[..4]),
        within("6.4.4", start, &second[..1]),
    ]
}

/// 6.5 to 6.23: one text each.
fn table() -> Vec<Case> {
    let mut rows: Vec<(u8, bool, Vec<u8>)> = Vec::new();
    for (section, is_valid, texts) in TEXTS {
        rows.extend(
            texts
                .split(' ')
                .map(|text| (section, is_valid, bytes(text))),
        );
    }
    for length in 1..=KOSME.len() {
        // Some of the word's bytes end a character.
        let is_valid = [2, 5, 7, 9, 11].contains(&length);
        rows.push((6, is_valid, KOSME[..length].into()));
    }
    rows.push((12, false, (0x80..=0xBE).collect()));
    // Starts of characters of 2 to 6 bytes, each with a space where the second byte should be.
    for starts in [
        0xC0..=0xDF,
        0xE0..=0xEE,
        0xF0..=0xF6,
        0xF8..=0xFA,
        0xFC..=0xFC,
    ] {
        rows.push((13, false, starts.flat_map(|start| [start, b' ']).collect()));
    }
    // The two code points at the end of each plane are no characters, but may be sent.
    for plane in 0..=16 {
        for last in [0xFFFE, 0xFFFF] {
            let noncharacter = char::from_u32(plane << 16 | last).unwrap();
            rows.push((22, true, noncharacter.to_string().into()));
        }
    }
    let mut counts = [0; 24];
    let rows = rows.into_iter().map(|(section, is_valid, content)| {
        let count = &mut counts[usize::from(section)];
        *count += 1;
        let answer = if is_valid {
            Text(content.clone())
        } else {
            Closed(1007)
        };
        case(format!("6.{section}.{count}"), [text(content)], [answer])
    });
    rows.collect()
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    (0..hexadecimal.len())
        .step_by(2)
        .map(|start| u8::from_str_radix(&hexadecimal[start..start + 2], 16).unwrap())
        .collect()
}

/// Bytes that are nearly UTF-8.
fn nearly_utf8() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => ".{1,8}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..3),
        1 => prop::sample::select(vec![b"\xed\xa0".to_vec(), b"\xf4\x90".to_vec(), b"\xe0\x9f".to_vec()]),
    ];
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// In whatever fragments and pieces: a text is refused with the byte after which it can't
    /// become UTF-8, not before and not after.
    #[test]
    fn the_first_wrong_byte_is_refused(content in nearly_utf8(), size in 1_usize..20) {
        let mut endpoint = Endpoint::new();
        let mut seen = 0;
        for fragment in content.chunks(size) {
            let frame = if seen == 0 { begin(fragment) } else { go_on(fragment) };
            let (head, payload) = frame.split_at(frame.len() - fragment.len());
            endpoint.incoming.extend_from_slice(head);
            endpoint.hear();
            for byte in payload {
                endpoint.incoming.extend_from_slice(&[*byte]);
                endpoint.hear();
                seen += 1;
                let is_wrong = std::str::from_utf8(&content[..seen])
                    .is_err_and(|error| error.error_len().is_some());
                prop_assert_eq!(endpoint.is_closed, is_wrong, "after {} bytes", seen);
                if is_wrong {
                    prop_assert_eq!(read_answers(&endpoint.outgoing), [Closed(1007)]);
                    return Ok(());
                }
            }
        }
        prop_assert!(endpoint.outgoing.is_empty());
    }
}
