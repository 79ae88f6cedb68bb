//! The pages' texts, from `locales/*/pages.ftl`.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::Language;

/// The key of a text, for tables of keys. [`Language::text`] takes a plain string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) &'static str);

/// Stands for a variable, and occurs in no text.
const PLACE: &str = "\u{1F}";

type Bundle = FluentBundle<FluentResource>;

static PORTUGUESE: LazyLock<Bundle> = LazyLock::new(|| {
    bundle(
        Language::Portuguese,
        include_str!("../../../../locales/pt-BR/pages.ftl"),
    )
});
static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| {
    bundle(
        Language::English,
        include_str!("../../../../locales/en/pages.ftl"),
    )
});

impl Language {
    /// A text without variables.
    pub(crate) fn text(self, key: &str) -> Cow<'static, str> {
        self.format(key, None)
    }

    /// A text with the values of its variables.
    pub(crate) fn text_with<const N: usize>(
        self,
        key: &str,
        values: [(&'static str, FluentValue<'_>); N],
    ) -> String {
        let values = FluentArgs::from_iter(values);
        self.format(key, Some(&values)).into_owned()
    }

    /// The parts of a text before and after its one variable, which the template marks up.
    pub(crate) fn text_around(self, key: &str, variable: &'static str) -> (String, String) {
        let text = self.text_with(key, [(variable, PLACE.into())]);
        let (before, after) = text.split_once(PLACE).unwrap_or((&text, ""));
        (before.to_owned(), after.to_owned())
    }

    fn format(self, key: &str, values: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
        let bundle = match self {
            Self::Portuguese => LazyLock::force(&PORTUGUESE),
            Self::English => LazyLock::force(&ENGLISH),
        };
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            debug_assert!(false, "no text {key}");
            return Cow::Owned(key.to_owned());
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, values, &mut errors);
        debug_assert!(errors.is_empty(), "text {key}: {errors:?}");
        Cow::Owned(text.into_owned())
    }
}

fn bundle(language: Language, source: &'static str) -> Bundle {
    let tag: LanguageIdentifier = language
        .code()
        .parse()
        .expect("both codes are language tags");
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Templates isolate names by <bdi>. A title can't.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match language {
        Language::Portuguese => |value, _| whole_number(value, '.'),
        Language::English => |value, _| whole_number(value, ','),
    }));
    // A mistake in the file loses texts. The tests below find it.
    let resource =
        FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

/// A whole number with separators of thousands; other values are formatted as usual.
fn whole_number(value: &FluentValue<'_>, separator: char) -> Option<String> {
    let FluentValue::Number(number) = value else {
        return None;
    };
    let digits = number.as_string();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    const SOURCES: [&str; 2] = [
        include_str!("../../../../locales/pt-BR/pages.ftl"),
        include_str!("../../../../locales/en/pages.ftl"),
    ];

    fn keys(source: &str) -> BTreeSet<&str> {
        let lines = source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        lines
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key))
            .collect()
    }

    /// The content of all files below a folder of this crate.
    fn read_all(folder: &Path) -> String {
        let entries = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .map(|path| {
                if path.is_dir() {
                    read_all(&path)
                } else {
                    std::fs::read_to_string(path).unwrap()
                }
            })
            .collect()
    }

    fn templates_and_sources() -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        read_all(&root.join("templates")) + &read_all(&root.join("src"))
    }

    #[test]
    fn both_languages_have_the_same_texts_without_mistakes() {
        for source in SOURCES {
            assert!(FluentResource::try_new(source.to_owned()).is_ok());
        }
        assert_eq!(keys(SOURCES[0]), keys(SOURCES[1]));
    }

    #[test]
    fn every_text_is_used() {
        let uses = templates_and_sources();
        for key in keys(SOURCES[0]) {
            let is_used = uses.contains(&format!("\"{key}\""))
                || SOURCES[0].contains(&format!("{{ {key} }}"));
            assert!(is_used, "{key} is used nowhere");
        }
    }

    #[test]
    fn every_text_that_is_used_exists() {
        let (keys, uses) = (keys(SOURCES[0]), templates_and_sources());
        let calls = [".text(", ".text_with(", ".text_around(", "Key("];
        for call in calls.iter().flat_map(|call| uses.split(call).skip(1)) {
            let literal = call
                .trim_start()
                .strip_prefix('"')
                .and_then(|literal| literal.split('"').next());
            // Other quotes belong to this test.
            if let Some(key) =
                literal.filter(|key| key.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                assert!(keys.contains(key), "there is no text {key}");
            }
        }
    }

    #[test]
    fn a_variable_is_left_to_the_template() {
        let around = Language::English.text_around("leave-title", "room");
        assert_eq!(around, ("Leave ".to_owned(), "?".to_owned()));
        let around = Language::Portuguese.text_around("join-title", "room");
        assert_eq!(around, ("Entrar em ".to_owned(), String::new()));
    }

    #[test]
    fn thousands_are_set_apart_as_each_language_does() {
        for (number, expected) in [(7, "7"), (1204, "1.204"), (1_000_000, "1.000.000")] {
            assert_eq!(
                whole_number(&FluentValue::from(number), '.').as_deref(),
                Some(expected)
            );
        }
    }
}
