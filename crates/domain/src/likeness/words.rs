//! The words of a name, and the words that don't belong to it: roles, titles and ornaments.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::letters;

/// A word of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) key: String,
    pub(super) kind: Kind,
    /// The key without the figures at the end, if there are some after letters.
    bare: Option<String>,
}

impl Word {
    /// The word without the number that ends it (`Ana2`).
    pub(super) fn without_number(&self) -> Option<Self> {
        let key = self.bare.clone()?;
        Some(Self {
            key,
            kind: self.kind,
            bare: None,
        })
    }
}

/// What a word is in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A part of it.
    Name,
    /// A word that marks a person, or speaks for Papo. No guest's name has it anywhere.
    Mark,
    /// A role, or Papo itself.
    Role,
    /// A teacher's title, in one of its forms.
    Teacher,
    /// An addition that makes a name look more serious.
    Ornament,
    /// A number alone.
    Number,
}

impl Kind {
    /// Whether people ignore it when they read whose name it is.
    pub(super) fn is_around_names(self) -> bool {
        matches!(
            self,
            Self::Mark | Self::Role | Self::Teacher | Self::Ornament
        )
    }

    fn is_role(self) -> bool {
        matches!(self, Self::Mark | Self::Role)
    }
}

/// The words that mark accounts, moderators and administrators here and on other sites.
const MARKS: &str = "conta account admin adm administrador administradora administrator \
    moderador moderadora moderator mod mods sysadmin sysop verificado verificada verified";

/// The offices that speak for Papo. Nobody has them as a name.
const OFFICES: &str = "administracao administration administradores administrators admins \
    moderacao moderation moderadores moderators sistema system suporte support oficial oficiais \
    official";

/// Roles that are also people's names, or parts of them. In Portuguese and in English.
const ROLES: &str = "sys papo \
    atendimento helpdesk help ajuda root superuser superusuario \
    equipe equipa staff team bot bots servidor server webmaster postmaster hostmaster operador operadora \
    operator dono owner proprietario proprietaria";

const TEACHERS: &str = "prof profa profe professor professora teacher";

const ORNAMENTS: &str = "a o as os the de do da dos das of e and um uma sr sra srta mr mrs ms dr dra doutor doutora \
    doctor mestre mestra tutor tutora monitor monitora coordenador coordenadora coordinator diretor diretora director \
    real original verdadeiro verdadeira true autentico autentica authentic perfil profile titular chefe geral time central tecnico tecnica technical tech online chat sala room mensagem message \
    usuario user nova novo new mesma mesmo propria proprio ofc reserva backup celular";

/// Names with the key of a mark, since `rn` looks like `m`: the Swedish word for "the sister".
/// Typed like this they are names.
const PEOPLE: &str = "systern";

/// The shortest role that is also found inside a word or letter by letter. Shorter ones end many
/// names, or are somebody's initials.
const LONG: usize = 5;

static KINDS: LazyLock<HashMap<String, Kind>> = LazyLock::new(|| {
    let mut kinds = HashMap::new();
    for (words, kind) in [
        (ORNAMENTS, Kind::Ornament),
        (TEACHERS, Kind::Teacher),
        (ROLES, Kind::Role),
        (OFFICES, Kind::Mark),
        (MARKS, Kind::Mark),
    ] {
        kinds.extend(
            words
                .split_whitespace()
                .map(|word| (letters::key(word), kind)),
        );
    }
    kinds
});

static LONG_ROLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let roles = [MARKS, OFFICES, ROLES]
        .into_iter()
        .flat_map(str::split_whitespace);
    roles
        .filter(|role| role.len() >= LONG)
        .map(letters::key)
        .collect()
});

static TEACHER_KEYS: LazyLock<Vec<String>> =
    LazyLock::new(|| TEACHERS.split_whitespace().map(letters::key).collect());

/// The keys of roles that are also found inside a word.
pub(super) fn long_roles() -> impl Iterator<Item = &'static str> {
    LONG_ROLES.iter().map(String::as_str)
}

/// The keys of a teacher's titles.
pub(super) fn teachers() -> impl Iterator<Item = &'static str> {
    TEACHER_KEYS.iter().map(String::as_str)
}

/// The words of a text.
pub(super) fn read(text: &str) -> Vec<Word> {
    let words = text.split(|c| !letters::is_in_word(c)).filter_map(|word| {
        let key = letters::key(word);
        (!key.is_empty()).then(|| Word {
            kind: kind(word, &key),
            bare: bare(word),
            key,
        })
    });
    words.collect()
}

fn bare(word: &str) -> Option<String> {
    let bare = word.trim_end_matches(|c: char| c.is_numeric());
    let is_shorter = !bare.is_empty() && bare.len() < word.len();
    is_shorter
        .then(|| letters::key(bare))
        .filter(|key| !key.is_empty())
}

fn kind(word: &str, key: &str) -> Kind {
    let bare = word.trim_matches(|c: char| c.is_numeric());
    if bare.is_empty() {
        return Kind::Number;
    }
    if is_person(bare) {
        return Kind::Name;
    }
    let numbered = || KINDS.get(letters::key(bare).as_str());
    *KINDS.get(key).or_else(numbered).unwrap_or(&Kind::Name)
}

fn is_person(word: &str) -> bool {
    let word = word.to_lowercase();
    PEOPLE.split_whitespace().any(|name| name == word)
}

/// Whether the words name a role, or claim one for somebody.
pub(super) fn name_a_role(words: &[Word]) -> bool {
    let is_claimed = words.iter().any(|word| word.kind == Kind::Mark) || spell_a_mark(words);
    let is_role = words.iter().any(|word| word.kind.is_role())
        && words.iter().all(|word| word.kind != Kind::Name);
    let is_person = |word: &Word| word.kind == Kind::Name && KINDS.contains_key(&word.key);
    let together: String = words.iter().map(|word| word.key.as_str()).collect();
    is_claimed || is_role || (!words.iter().any(is_person) && is_made_of_roles(&together))
}

/// Whether single letters, one after the other, spell a mark (`Ana (c o n t a)`).
fn spell_a_mark(words: &[Word]) -> bool {
    let is_letter = |key: &str| matches!(key, "rn" | "vv") || key.chars().count() == 1;
    words.split(|word| !is_letter(&word.key)).any(|letters| {
        let run: String = letters.iter().map(|word| word.key.as_str()).collect();
        let mut marks = KINDS.iter().filter(|(_, kind)| **kind == Kind::Mark);
        marks.any(|(mark, _)| mark.len() >= LONG && run.contains(mark))
    })
}

/// Whether a key consists of roles only.
fn is_made_of_roles(key: &str) -> bool {
    let mut reached = vec![false; key.len() + 1];
    reached[0] = true;
    for start in 0..key.len() {
        if !reached[start] {
            continue;
        }
        for (word, kind) in KINDS.iter() {
            if kind.is_role() && key[start..].starts_with(word.as_str()) {
                reached[start + word.len()] = true;
            }
        }
    }
    !key.is_empty() && reached[key.len()]
}
