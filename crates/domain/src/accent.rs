//! The accent: the one colour that an administrator chooses, and the readable tones made of it.
//!
//! The chosen colour keeps its hue. Each theme gets tones of it that are light or dark enough for
//! the text on them, and for themselves as text.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::PlaceError;

/// The contrast of text that WCAG 2.2 asks for at level AA.
const READABLE: f64 = 4.5;
/// In how many steps a tone goes towards black or white.
const STEPS: u32 = 64;

/// A colour of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Accent(Colour);

/// Red, green and blue in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour([u8; 3]);

/// The colours of a theme on which an accent must be readable, as the client's stylesheet has them
/// (`client/src/styles/tokens.css`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// What text stands on.
    grounds: [Colour; 4],
    /// The faintest text.
    faint: Colour,
    /// The text on the accent.
    on_accent: Colour,
    /// Where tones go until they are readable.
    towards: Colour,
}

/// The tones of an accent in one theme, named as in the stylesheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tones {
    /// The ground of buttons, and lines.
    pub accent: Colour,
    /// The same under the pointer.
    pub strong: Colour,
    /// The text on both.
    pub ink: Colour,
    /// The accent as text.
    pub text: Colour,
    /// A ground with a touch of the accent, for any text.
    pub soft: Colour,
    /// A line around it.
    pub line: Colour,
}

impl Accent {
    /// Checks what was typed: `#b0136b`.
    pub fn parse(typed: &str) -> Result<Self, PlaceError> {
        let digits = typed.trim().strip_prefix('#').ok_or(PlaceError::Accent)?;
        let is_hex = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex);
        number.map(Self::of).ok_or(PlaceError::Accent)
    }

    /// The colour `0xRRGGBB`.
    pub const fn of(number: u32) -> Self {
        Self(Colour::of(number))
    }

    /// Its tones in a theme.
    pub fn tones(self, theme: &Palette) -> Tones {
        let ground = theme.grounds[0];
        let soft = theme.touched(self.0);
        let accent = self
            .0
            .until(theme.towards, |tone| theme.is_readable(tone, &[]));
        Tones {
            accent,
            strong: accent.mixed(theme.towards, STEPS / 5),
            ink: theme.on_accent,
            text: accent.until(theme.towards, |tone| theme.is_readable(tone, &[soft])),
            soft,
            line: ground.mixed(accent, STEPS * 3 / 10),
        }
    }
}

impl Palette {
    /// The light theme.
    pub const LIGHT: Self = Self {
        grounds: [
            Colour::of(0xff_ffff),
            Colour::of(0xf8_f5f3),
            Colour::of(0xf1_ecea),
            Colour::of(0xff_ffff),
        ],
        faint: Colour::of(0x6f_6273),
        on_accent: Colour::of(0xff_ffff),
        towards: Colour::of(0),
    };
    /// The dark theme.
    pub const DARK: Self = Self {
        grounds: [
            Colour::of(0x1f_1922),
            Colour::of(0x16_1118),
            Colour::of(0x12_0e14),
            Colour::of(0x29_212c),
        ],
        faint: Colour::of(0xa5_98a7),
        on_accent: Colour::of(0x12_0e14),
        towards: Colour::of(0xff_ffff),
    };

    /// Whether a tone can be read on all grounds and on these.
    fn is_readable(&self, tone: Colour, others: &[Colour]) -> bool {
        let mut grounds = self.grounds.iter().chain(others);
        grounds.all(|ground| tone.contrast(*ground) >= READABLE)
    }

    /// The ground with as much of a colour as leaves the faintest text readable.
    fn touched(&self, colour: Colour) -> Colour {
        let shares = (0..=STEPS / 8).rev();
        let mut touched = shares.map(|share| self.grounds[0].mixed(colour, share));
        let readable = touched.find(|ground| self.faint.contrast(*ground) >= READABLE);
        readable.unwrap_or(self.grounds[0])
    }
}

impl Colour {
    /// The colour `0xRRGGBB`.
    const fn of(number: u32) -> Self {
        let [_, red, green, blue] = number.to_be_bytes();
        Self([red, green, blue])
    }

    /// Between this and another colour, by a number of steps.
    fn mixed(self, other: Self, steps: u32) -> Self {
        let mut mixed = self.0;
        for (part, other) in mixed.iter_mut().zip(other.0) {
            let sum = u32::from(*part) * (STEPS - steps) + u32::from(other) * steps;
            *part = u8::try_from((sum + STEPS / 2) / STEPS).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }

    /// The nearest tone towards another colour that is enough; at the end, that colour.
    fn until(self, towards: Self, is_enough: impl Fn(Self) -> bool) -> Self {
        let mut tones = (0..=STEPS).map(|steps| self.mixed(towards, steps));
        tones.find(|tone| is_enough(*tone)).unwrap_or(towards)
    }

    /// The contrast with another colour, from 1 to 21, as WCAG defines it.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    /// `#b0136b`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Accent {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        Self::parse(&text)
    }
}

impl From<Accent> for String {
    fn from(accent: Accent) -> Self {
        accent.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits() {
        let accent = Accent::parse(" #B0136b ").unwrap();
        assert_eq!(accent, Accent::of(0xb0_136b));
        assert_eq!(accent.to_string(), "#b0136b");
        for wrong in [
            "", "#", "b0136b", "#b0136", "#b0136bf", "#+0136b", "red", "#ção",
        ] {
            assert_eq!(Accent::parse(wrong), Err(PlaceError::Accent), "{wrong}");
        }
    }

    #[test]
    fn the_contrast_is_that_of_wcag() {
        let (black, white) = (Colour::of(0), Colour::of(0xff_ffff));
        assert!((black.contrast(white) - 21.0).abs() < 1e-9);
        assert!((white.contrast(white) - 1.0).abs() < 1e-9);
        assert!((Colour::of(0x76_7676).contrast(white) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_colour_gets_readable_tones_in_both_themes() {
        let parts = [0, 31, 64, 97, 128, 160, 191, 224, 255];
        let colours = parts.into_iter().flat_map(|red| {
            let rest = parts
                .into_iter()
                .flat_map(|green| parts.map(|blue| (green, blue)));
            rest.map(move |(green, blue)| Colour([red, green, blue]))
        });
        for colour in colours {
            for theme in [Palette::LIGHT, Palette::DARK] {
                let tones = Accent(colour).tones(&theme);
                for ground in theme.grounds {
                    assert!(
                        tones.accent.contrast(ground) >= READABLE,
                        "{colour} on {ground}"
                    );
                    assert!(
                        tones.text.contrast(ground) >= READABLE,
                        "{colour} on {ground}"
                    );
                }
                let pairs = [
                    (tones.text, tones.soft),
                    (theme.faint, tones.soft),
                    (tones.ink, tones.accent),
                    (tones.ink, tones.strong),
                ];
                for (text, ground) in pairs {
                    assert!(
                        text.contrast(ground) >= READABLE,
                        "{colour}: {text} on {ground}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_readable_colour_stays_as_it_was_chosen() {
        let accent = Accent::of(0xb0_136b);
        assert_eq!(accent.tones(&Palette::LIGHT).accent.to_string(), "#b0136b");
        assert_ne!(accent.tones(&Palette::DARK).accent.to_string(), "#b0136b");
    }
}
