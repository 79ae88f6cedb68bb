//! The sources of values: flags, then `PAPO_…` variables, then `papo.toml`, then the table's
//! defaults.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};

use super::table::{self, Setting};

/// Values by key, as they were written.
pub(crate) type Values = BTreeMap<&'static str, String>;

/// All given values, by source.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) flags: Values,
    pub(crate) variables: Values,
    pub(crate) file: Values,
}

/// A value and its source, for messages.
#[derive(Debug)]
struct Given<'a> {
    text: &'a str,
    origin: Origin<'a>,
}

/// The source of a value, as users know it.
#[derive(Debug, Clone, Copy)]
enum Origin<'a> {
    Flag(&'a Setting),
    Variable(&'a Setting),
    File(&'a Setting),
    Default(&'a Setting),
}

impl Given<'_> {
    fn empty(&self) -> String {
        format!("{}: must not be empty", self.origin)
    }
}

impl<'a> Origin<'a> {
    /// Another setting in the same source.
    const fn of(self, other: &'a Setting) -> Self {
        match self {
            Self::Flag(_) => Self::Flag(other),
            Self::Variable(_) => Self::Variable(other),
            Self::File(_) => Self::File(other),
            Self::Default(_) => Self::Default(other),
        }
    }
}

impl Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(setting) => write!(f, "--{}", setting.flag()),
            Self::Variable(setting) => f.write_str(&setting.variable()),
            Self::File(setting) => write!(f, "{} in papo.toml", setting.key),
            Self::Default(setting) => write!(f, "the default of {}", setting.key),
        }
    }
}

impl Sources {
    /// The setting's value, if it has one.
    pub(crate) fn optional<T>(&self, setting: &Setting) -> Result<Option<T>>
    where
        T: FromStr<Err: Display>,
    {
        let Some(given) = self.not_empty(setting)? else {
            return Ok(None);
        };
        let value = given.text.parse();
        value.map(Some).map_err(|error| {
            if setting.is_secret() {
                return anyhow!("{}: {error}", given.origin);
            }
            anyhow!("{}: {error}: {:?}", given.origin, given.text)
        })
    }

    /// The setting's text as `read` parses it, if there is one. The text may be secret, and is in
    /// no error.
    pub(crate) fn secret<T, E: Display>(
        &self,
        setting: &Setting,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>> {
        let Some(given) = self.not_empty(setting)? else {
            return Ok(None);
        };
        let value = read(given.text);
        value
            .map(Some)
            .map_err(|error| anyhow!("{}: {error}", given.origin))
    }

    /// The value of a setting that has a default.
    pub(crate) fn required<T>(&self, setting: &Setting) -> Result<T>
    where
        T: FromStr<Err: Display>,
    {
        let value = self.optional(setting)?;
        value.with_context(|| self.given(setting).empty())
    }

    /// The source of the setting's value, for messages: `--nats-url`, `PAPO_NATS_URL` or
    /// `nats_url in papo.toml`.
    pub(crate) fn origin(&self, setting: &Setting) -> String {
        self.given(setting).origin.to_string()
    }

    /// The other setting, in the same source.
    pub(crate) fn origin_beside(&self, setting: &Setting, other: &Setting) -> String {
        self.given(setting).origin.of(other).to_string()
    }

    /// The given value, unless it is empty. An empty variable or key counts as absent. An empty
    /// flag is a mistake, such as that of a script whose own variable isn't set.
    fn not_empty<'a>(&'a self, setting: &'a Setting) -> Result<Option<Given<'a>>> {
        let given = self.given(setting);
        match given.origin {
            _ if !given.text.is_empty() => Ok(Some(given)),
            Origin::Flag(_) => bail!(given.empty()),
            Origin::Variable(_) | Origin::File(_) | Origin::Default(_) => Ok(None),
        }
    }

    fn given<'a>(&'a self, setting: &'a Setting) -> Given<'a> {
        let (text, origin) = if let Some(text) = self.flags.get(setting.key) {
            (text.as_str(), Origin::Flag(setting))
        } else if let Some(text) = self.variables.get(setting.key) {
            (text.as_str(), Origin::Variable(setting))
        } else if let Some(text) = self.file.get(setting.key) {
            (text.as_str(), Origin::File(setting))
        } else {
            (setting.default, Origin::Default(setting))
        };
        Given {
            text: text.trim(),
            origin,
        }
    }
}

/// The variables that are set and not empty.
pub(crate) fn variables() -> Result<Values> {
    let mut values = Values::new();
    for setting in table::all() {
        let variable = setting.variable();
        match std::env::var(&variable) {
            Ok(text) if !text.trim().is_empty() => {
                values.insert(setting.key, text);
            }
            Err(std::env::VarError::NotUnicode(_)) => bail!("{variable}: not valid UTF-8"),
            Ok(_) | Err(std::env::VarError::NotPresent) => {}
        }
    }
    Ok(values)
}

/// Variables that look like options of Papo and are unknown, probably misspelt.
pub(crate) fn unknown_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let known = |name: &String| table::all().any(|setting| setting.variable() == *name);
    let ours = names.filter(|name| name.starts_with("PAPO_"));
    ours.filter(|name| !known(name)).collect()
}

/// Where the file of a data folder is.
pub(crate) fn file_path(data_dir: &Path) -> PathBuf {
    data_dir.join("papo.toml")
}

/// The content of the file in the data folder; empty when there is none.
pub(crate) fn file(data_dir: &Path) -> Result<Values> {
    let path = file_path(data_dir);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        // If the data folder is no folder, opening it reports that.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Values::new());
        }
        Err(error) => return Err(error).with_context(|| format!("can't read {}", path.display())),
    };
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> Result<Values> {
    let table: toml::Table = text.parse().map_err(|error| at_line(text, &error))?;
    let mut values = Values::new();
    for (key, value) in table {
        let Some(setting) = table::all().find(|setting| setting.key == key) else {
            bail!("unknown key {key:?}");
        };
        if *setting == table::DATA_DIR {
            bail!("the data folder can't be named in a file that is in it: {key}");
        }
        let text = as_text(&value).with_context(|| {
            format!("{key}: must be text, a number, true or false, or a list of texts")
        })?;
        values.insert(setting.key, text);
    }
    Ok(values)
}

fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(on) => Some(if *on { "on" } else { "off" }.to_owned()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// The parser's message in one line; its own form quotes the file.
fn at_line(text: &str, error: &toml::de::Error) -> anyhow::Error {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    anyhow!("line {line}: {}", error.message().replace('\n', ", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_before_variables_before_the_file_before_defaults() {
        let mut sources = Sources::default();
        let number = |sources: &Sources| sources.required::<u32>(&table::STOP_SECONDS).unwrap();
        assert_eq!(number(&sources), 20);
        sources.file = parse("stop_seconds = 3").unwrap();
        assert_eq!(number(&sources), 3);
        sources.variables.insert("stop_seconds", "2".into());
        assert_eq!(number(&sources), 2);
        sources.flags.insert("stop_seconds", "1".into());
        assert_eq!(number(&sources), 1);
    }

    #[test]
    fn a_bad_value_is_told_with_its_origin() {
        let sources = Sources {
            file: parse("max_connections = 'many'").unwrap(),
            ..Sources::default()
        };
        let error = sources
            .required::<u32>(&table::MAX_CONNECTIONS)
            .unwrap_err();
        let expected = "max_connections in papo.toml: invalid digit found in string: \"many\"";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn the_file_takes_texts_numbers_switches_and_lists() {
        let text =
            "rate_limits = false\nmax_connections = 7\ntrusted_proxies = ['10.0.0.0/8', '::1']";
        let values = parse(text).unwrap();
        assert_eq!(values["rate_limits"], "off");
        assert_eq!(values["max_connections"], "7");
        assert_eq!(values["trusted_proxies"], "10.0.0.0/8,::1");
    }

    #[test]
    fn errors_in_the_file_are_one_line() {
        for (text, expected) in [
            ("listne = '::1'", "unknown key \"listne\""),
            ("log = 'info'\nlisten = ", "line 2: "),
            ("log = 1.5", "log: must be text"),
            ("data_dir = '/tmp'", "the data folder can't be named"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
