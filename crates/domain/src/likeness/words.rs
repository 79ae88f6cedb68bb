//! The words of a name, and which of them are no part of it: roles, titles, and what is said around
//! them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::letters;

/// A word of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) key: String,
    pub(super) kind: Kind,
}

/// What a word is in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A part of it.
    Name,
    /// What marks a person, or speaks for Papo, wherever it is: no guest's name has it.
    Mark,
    /// A role, or Papo itself.
    Role,
    /// What a teacher is called, in one of its forms.
    Teacher,
    /// What a name may have around it to be taken more seriously.
    Ornament,
    /// A number alone.
    Number,
}

impl Kind {
    /// Whether people pass over it when they look for whose name it is.
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

/// The words that accounts, moderators and administrators are marked with, and what other sites
/// mark people with.
const MARKS: &str = "conta account admin adm administrador administradora administrator \
    moderador moderadora moderator verificado verificada verified";

/// Who speaks for Papo. Nobody has them as a name.
const OFFICES: &str = "administracao administration administradores administrators admins \
    moderacao moderation moderadores moderators sistema system suporte support oficial oficiais \
    official";

/// Roles that are also people's names, or parts of them. In Portuguese and in English.
const ROLES: &str = "mod mods sys sysadmin sysop papo \
    atendimento helpdesk help ajuda root superuser superusuario \
    equipe equipa staff team bot bots servidor server webmaster postmaster hostmaster operador operadora \
    operator dono owner proprietario proprietaria";

const TEACHERS: &str = "prof profa profe professor professora teacher";

const ORNAMENTS: &str = "a o as os the de do da dos das of e and um uma sr sra srta mr mrs ms dr dra doutor doutora \
    doctor mestre mestra tutor tutora monitor monitora coordenador coordenadora coordinator diretor diretora director \
    real original verdadeiro verdadeira true autentico autentica authentic perfil profile titular chefe geral time central tecnico tecnica technical tech online chat sala room mensagem message \
    usuario user nova novo new";

/// Names that have the key of a mark, as `rn` looks like `m`: the Swedish word for "the sister".
/// They are names when they are typed like this.
const PEOPLE: &str = "systern";

/// Roles that are found even when they are written together with the name, or letter by letter.
/// Shorter ones are the ends of many names, or somebody's initials.
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

/// The keys of roles that are found even within a word.
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
            key,
        })
    });
    words.collect()
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

/// Whether the words are a role's name, or claim a role for somebody.
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

/// Whether a key is roles, one after the other.
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
