//! Text without its case, for comparing and searching. It is the same for every database, whatever
//! its collations know.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// The text in NFKC and lower case. A part of a text folds to a part of the folded text. So the
/// final sigma becomes a plain one: it is the one letter whose lower case depends on its
/// neighbours.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    let lower = text.nfkc().flat_map(char::to_lowercase);
    let lower = lower.map(|letter| if letter == 'ς' { 'σ' } else { letter });
    // A lower-case letter may compose where its capital didn't.
    Cow::Owned(lower.nfkc().collect())
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn case_and_form_make_no_difference() {
        for (one, other) in [
            ("Geral", "gERAL"),
            ("AÇÃO", "ação"),
            ("Ação", "Ac\u{327}a\u{303}o"),
            ("ΟΔΟΣ", "οδος"),
            ("Ｇｅｒａｌ", "geral"),
            ("ПРИВЕТ", "привет"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("ação"), fold("acao"));
    }
}
