//! Letters that people read in two ways. A name has a reading for each choice among them.

/// The most letters of a name for which every combination is a reading. With more of them, a name
/// has the readings in which all are read alike.
const COMBINED: usize = 4;

/// A place in a text where other letters can be read.
#[derive(Debug, Clone, Copy)]
struct Double {
    at: usize,
    /// How many characters are read differently.
    length: usize,
    read_as: &'static str,
}

/// All readings of a text; the first is the text itself.
///
/// A small `cl` is read as `d`, but not `Cl`: Clara isn't Dara. A small `d` is read as `cl` only
/// where a word begins. Within a word people would also take it for `ci`, and Alida isn't Alícia.
pub(super) fn readings(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let doubles = doubles(&characters);
    if doubles.len() > COMBINED {
        let forwards = doubles.iter().filter(|double| double.length > 1);
        let forwards: Vec<_> = forwards.copied().collect();
        return [&[], &doubles[..], &forwards]
            .into_iter()
            .map(|chosen| with(&characters, chosen))
            .collect();
    }
    let choices = 0..1_usize << doubles.len();
    let chosen = choices.map(|choice| {
        let is_chosen = |(index, _): &(usize, &Double)| choice & (1 << index) != 0;
        let chosen = doubles.iter().enumerate().filter(is_chosen);
        let chosen: Vec<_> = chosen.map(|(_, double)| *double).collect();
        with(&characters, &chosen)
    });
    chosen.collect()
}

fn doubles(characters: &[char]) -> Vec<Double> {
    let seen: Vec<char> = characters
        .iter()
        .map(|&character| plain(character))
        .collect();
    let double = |at, length, read_as| Double {
        at,
        length,
        read_as,
    };
    let mut found = Vec::new();
    for (at, &letter) in seen.iter().enumerate() {
        let begins = at == 0 || !seen[at - 1].is_alphanumeric();
        if matches!(characters[at], 'þ' | 'Þ' | 'ϸ' | 'Ϸ' | 'ƿ' | 'Ƿ') {
            found.extend(["b", "p"].map(|read_as| double(at, 1, read_as)));
        }
        match (letter, seen.get(at + 1)) {
            ('c', Some('l')) => found.push(double(at, 2, "d")),
            ('d', _) if begins => found.push(double(at, 1, "cl")),
            _ => {}
        }
    }
    found
}

/// The letter that Unicode has for what a character looks like. `i` keeps its dot, and `I` is `l`,
/// as is an `i` without its dot.
fn plain(character: char) -> char {
    if matches!(character, 'ı' | 'ι' | 'ɩ' | 'ɪ' | 'ʟ') {
        return 'l';
    }
    let mut bytes = [0; 4];
    let mut seen = unicode_security::skeleton(character.encode_utf8(&mut bytes));
    match (seen.next(), seen.next()) {
        (Some(letter), None) => letter,
        _ => character,
    }
}

/// The text with these letters read differently. Of two readings of a letter the first counts.
fn with(characters: &[char], chosen: &[Double]) -> String {
    let mut read = String::with_capacity(characters.len() + chosen.len());
    let mut next = 0;
    for double in chosen {
        if double.at < next {
            continue;
        }
        read.extend(&characters[next..double.at]);
        read.push_str(double.read_as);
        next = double.at + double.length;
    }
    read.extend(&characters[next..]);
    read
}
