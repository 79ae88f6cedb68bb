//! Letters, reduced so that look-alikes are equal. Every step looks at one character alone. So the
//! keys of a name's words are the pieces of the name's key.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use super::look_alikes::latin;

/// A name with signs replaced by the letters that they look like; all other signs separate words.
/// With `everywhere` it also replaces a sign that ends a word, such as an exclamation mark.
pub(super) fn with_signs_as_letters(name: &str, everywhere: bool) -> String {
    let characters: Vec<char> = name.nfc().collect();
    let mut read = String::with_capacity(name.len());
    for (at, &character) in characters.iter().enumerate() {
        let next = characters.get(at + 1).copied();
        match sign(
            plain(character),
            everywhere,
            everywhere || next.is_some_and(char::is_alphanumeric),
        ) {
            Some(letter) => read.push(letter),
            None if is_trade_mark(character) => {}
            None => match seen(character, everywhere) {
                Some(letters) => read.push_str(&letters),
                None => read.extend(std::iter::once(character).nfkc()),
            },
        }
    }
    read
}

/// What a character looks like, if its compatible form looks different. (`ϲ` is a sigma to Unicode,
/// and `ſ` an s.) Also the letters that a sign looks like (`×`, `∪`). Nothing for digits, which
/// distinguish people, and for letters that [`key`] compares as they are.
fn seen(character: char, everywhere: bool) -> Option<String> {
    let is_folded = || !std::iter::once(character).nfkc().eq([character]);
    let may_differ = if is_in_word(character) {
        is_folded() && !character.is_numeric()
    } else {
        everywhere && !character.is_ascii()
    };
    if !may_differ {
        return None;
    }
    let seen: String = unicode_security::skeleton(character.encode_utf8(&mut [0; 4])).collect();
    let seen: String = seen.nfkc().collect();
    let is_word = !seen.is_empty() && seen.chars().all(char::is_alphanumeric);
    (is_word && !seen.chars().eq([character])).then_some(seen)
}

/// A character in its plain width and style.
fn plain(character: char) -> char {
    let mut folded = std::iter::once(character).nfkc();
    match (folded.next(), folded.next()) {
        (Some(plain), None) => plain,
        _ => character,
    }
}

/// A name without any sign that could be an ornament.
pub(super) fn without_signs(name: &str) -> String {
    let characters: Vec<char> = name.nfc().collect();
    let mut read = String::with_capacity(name.len());
    for (at, &character) in characters.iter().enumerate() {
        // A letter or digit as an emoji, as in a keycap.
        let is_emoji = matches!(characters.get(at + 1), Some('\u{fe0f}' | '\u{20e3}'));
        // At the end of a word, as in `Profª`; within one it is a letter.
        let is_within = characters
            .get(at + 1)
            .is_some_and(|next| next.is_alphabetic());
        let is_small = matches!(character, 'ª' | 'º' | 'ⁿ' | 'ⁱ') && !is_within;
        let is_kept = match character.general_category_group() {
            GeneralCategoryGroup::Letter => !is_small,
            GeneralCategoryGroup::Mark => true,
            GeneralCategoryGroup::Number => character.is_numeric() && is_figure(character),
            _ => false,
        };
        if is_kept && !is_emoji {
            read.extend(std::iter::once(character).nfkc());
        } else if !is_apostrophe(character) {
            read.push(' ');
        }
    }
    read
}

/// A name in which each small letter stands as its capital, if the two have different keys. So the
/// key of the result is the same for a name in capitals and in small letters.
pub(super) fn without_case(name: &str) -> String {
    let mut read = String::with_capacity(name.len());
    for character in name.nfc() {
        let capital = || character.to_uppercase().collect::<String>();
        if character.is_lowercase() && !character.is_ascii() {
            let (small, capital) = (key(character.encode_utf8(&mut [0; 4])), capital());
            if small != key(&capital) {
                read.push_str(&capital);
                continue;
            }
        }
        read.push(character);
    }
    read
}

/// The key of a word: UTS #39's confusable skeleton, computed before and after the case is dropped.
/// A capital can look like a letter that its small form doesn't (`В`, a Cyrillic v). Before and
/// after both, letters that look alike to people if not to Unicode are replaced, without marks.
pub(super) fn key(word: &str) -> String {
    let mut near = String::with_capacity(word.len());
    for character in word.chars() {
        match latin(character) {
            Some(letters) => near.push_str(letters),
            None => near.push(nearer(character)),
        }
    }
    let word = near;
    let seen: String = unicode_security::skeleton(&word).collect();
    let small: String = seen.chars().flat_map(char::to_lowercase).collect();
    let small: String = unicode_security::skeleton(&small).collect();
    let mut key = String::with_capacity(small.len());
    for character in small.chars().filter(|&c| is_letter(c)) {
        match look_alike(character).or_else(|| latin(character)) {
            Some(letters) => key.push_str(letters),
            None => key.push(character),
        }
    }
    key
}

/// The key of a name without letters or digits, such as one of emoji.
pub(super) fn picture(name: &str) -> String {
    let visible: String = name.nfkc().filter(|c| !c.is_whitespace()).collect();
    let seen: String = unicode_security::skeleton(&visible).collect();
    let seen: String = seen.to_lowercase().nfc().collect();
    if seen.is_empty() { visible } else { seen }
}

/// Whether it can be within a word: marks, and some signs.
pub(super) fn is_in_word(character: char) -> bool {
    character.is_alphanumeric()
        || character.general_category_group() == GeneralCategoryGroup::Mark
        || is_apostrophe(character)
}

fn is_apostrophe(character: char) -> bool {
    matches!(
        character,
        '\'' | '`' | '´' | '’' | '‘' | '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'
    )
}

fn is_figure(character: char) -> bool {
    character.general_category() == GeneralCategory::DecimalNumber
}

/// The letter that people take this one for, where the skeleton has another.
fn nearer(character: char) -> char {
    match character {
        'Δ' | 'Λ' => 'A',
        'Σ' | 'Ξ' | 'Ʃ' | 'Ǝ' => 'E',
        'И' => 'N',
        'Я' => 'R',
        'б' => 'b',
        other => other,
    }
}

/// Whether it looks like the shape of a mark, a shield or a tick.
pub(super) fn is_shape_of_mark(character: char) -> bool {
    matches!(
        character,
        '⛨' | '🛡' | '⛉' | '⛊' | '✓' | '✔' | '✅' | '☑' | '🗸' | '🗹' | '\u{1fbb1}'
    )
}

fn is_trade_mark(character: char) -> bool {
    matches!(character, '™' | '℠')
}

/// The letter that a sign is read as: always, only before a letter, or only if `everywhere` is set.
fn sign(character: char, everywhere: bool, is_before_letter: bool) -> Option<char> {
    Some(match character {
        '@' | '∆' => 'a',
        '$' | '§' => 's',
        '€' | '∑' => 'e',
        '£' | '|' | '¦' => 'l',
        '¥' => 'y',
        '¢' => 'c',
        '₿' => 'b',
        '√' => 'v',
        '∂' => 'd',
        '°' | '○' | '●' => 'o',
        '6' if everywhere => 'b',
        '+' | '†' | '‡' | '✝' | '➕' if everywhere => 't',
        '◯' | '◉' | '◎' | '⭕' if everywhere => 'o',
        '!' | '¡' if is_before_letter => 'l',
        '©' if is_before_letter => 'c',
        '®' if is_before_letter => 'r',
        // Letters in a square or circle, and those of which flags are made.
        '\u{1f110}'..='\u{1f129}' => letter(character, 0x1f110)?,
        '\u{1f130}'..='\u{1f149}' => letter(character, 0x1f130)?,
        '\u{1f150}'..='\u{1f169}' => letter(character, 0x1f150)?,
        '\u{1f170}'..='\u{1f189}' => letter(character, 0x1f170)?,
        '\u{1f1e6}'..='\u{1f1ff}' => letter(character, 0x1f1e6)?,
        _ => return None,
    })
}

fn letter(character: char, first: u32) -> Option<char> {
    char::from_u32(u32::from('a') + (u32::from(character) - first))
}

/// Letters and digits, and the marks that distinguish words in their script. Not the strokes that
/// look like a hyphen or a bar.
fn is_letter(character: char) -> bool {
    match character.general_category() {
        // The marks of kana are letters to a skeleton.
        GeneralCategory::ModifierLetter => matches!(character, '々' | '\u{ff9e}' | '\u{ff9f}'),
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark => !is_accent(character),
        _ => {
            character.is_alphanumeric()
                && !matches!(character, '一' | '丨' | '丶' | 'ㅡ' | 'ㅣ' | 'ー')
        }
    }
}

/// Marks that any letter can have, and vowel signs that are mostly left out.
fn is_accent(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6ed}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}')
}

/// What people take a small letter or digit for. No two digits are one letter: `Ana 6` and `Ana 8`
/// are two people. `m` and `w` are two letters each, since `rn` and `vv` look like them. `i` is
/// `l`, as is the skeleton of `I`.
fn look_alike(character: char) -> Option<&'static str> {
    Some(match character {
        'm' | 'ᴍ' | 'ʍ' => "rn",
        'w' | 'ᴡ' | 'ω' | 'ɯ' | 'ш' | 'щ' => "vv",
        'i' | '1' | 'ɪ' | 'ι' | 'ʟ' | 'ɩ' => "l",
        'ᴀ' | 'ɐ' | 'ʌ' | 'ᴧ' | 'δ' | 'ẟ' | '4' => "a",
        'ʙ' | 'ß' | 'β' | 'ƅ' | '8' => "b",
        'ᴅ' | '∂' => "d",
        'ᴇ' | 'ǝ' | 'ə' | 'ɘ' | 'ɛ' | 'ɜ' | 'ꞓ' | 'є' | 'з' | 'ξ' | '3' => "e",
        'ꜰ' => "f",
        'ɢ' | 'ɡ' | '9' => "g",
        'ʜ' => "h",
        'ᴊ' => "j",
        'ᴋ' | 'ĸ' => "k",
        'ɴ' | 'ᴎ' | 'и' | 'п' | 'η' => "n",
        '0' | 'φ' | 'ɸ' => "o",
        'ᴘ' => "p",
        'ʀ' | 'ᴙ' | 'я' | 'ɹ' => "r",
        '5' => "s",
        'ᴛ' | '7' => "t",
        'μ' | 'ц' => "u",
        'χ' => "x",
        '2' => "z",
        _ => return None,
    })
}
