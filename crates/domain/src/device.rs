//! What a device is, as its owner would call it: browser and system.

use std::fmt;

/// The most characters of a device's text.
pub const DEVICE_CHARACTERS: usize = 60;

/// A browser and its system, such as `Firefox · Android`. Empty for what nobody knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DeviceText(String);

/// What a browser calls itself in its header, and its name. The first that fits counts: most
/// browsers name those that they are like, too.
const BROWSERS: [(&str, &str); 14] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
];

/// The same for systems.
const SYSTEMS: [(&str, &str); 9] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
];

impl DeviceText {
    /// Reads the header `User-Agent`. Nothing of the header itself gets into the text.
    pub fn of_user_agent(header: &str) -> Self {
        let first = |known: &[(&str, &'static str)]| {
            let found = known.iter().find(|(sign, _)| header.contains(sign));
            found.map(|(_, name)| *name)
        };
        Self(match (first(&BROWSERS), first(&SYSTEMS)) {
            (Some(browser), Some(system)) => format!("{browser} · {system}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => String::new(),
        })
    }

    /// A text from a database, cut to what a device may have.
    pub fn from_stored(text: &str) -> Self {
        let plain = text.chars().filter(|character| !character.is_control());
        Self(plain.take(DEVICE_CHARACTERS).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nobody knows what the device is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for DeviceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_called_by_browser_and_system() {
        for (header, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
                "Firefox · Linux",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/131.0.0.0 Mobile Safari/537.36",
                "Chrome · Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari · iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
                "Edge · Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like \
                 Gecko) Version/17.6 Safari/605.1.15",
                "Safari · macOS",
            ),
            ("curl/8.5.0", "curl"),
            ("<script>Windows</script>", "Windows"),
            ("", ""),
            ("papo", ""),
        ] {
            assert_eq!(DeviceText::of_user_agent(header).as_str(), expected);
        }
    }

    #[test]
    fn every_text_is_short_enough() {
        for (browser, _) in BROWSERS {
            for (system, _) in SYSTEMS {
                let text = DeviceText::of_user_agent(&format!("{browser} {system}"));
                assert!(text.as_str().chars().count() <= DEVICE_CHARACTERS);
                assert_eq!(DeviceText::from_stored(text.as_str()), text);
            }
        }
        let long = DeviceText::from_stored(&"x\n".repeat(100));
        assert_eq!(long.as_str(), "x".repeat(DEVICE_CHARACTERS));
    }
}
