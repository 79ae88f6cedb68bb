//! The names that guests can and can't have.

use super::*;

fn is_like(guest: &str, account: &str) -> bool {
    let key = skeleton(account);
    Likeness::of(guest).keys().any(|other| other == key)
}

fn are_like(account: &str, guests: &[&str]) {
    for guest in guests {
        assert!(is_like(guest, account), "{guest} passes beside {account}");
    }
}

#[test]
fn look_alikes_of_a_title_and_a_name_are_like_the_account() {
    let (account, guests) = (
        "Profa Ana",
        &[
            "Profa Ana",
            "profa ana",
            "PROFA ANA",
            "Profa. Ana",
            "Profª Ana",
            "Profa Ana ✔",
            "✅ Profa Ana",
            "Profa Ana (oficial)",
            "Profa-Ana",
            "Profa_Ana",
            "ProfaAna",
            "P r o f a  A n a",
            "Professora Ana",
            "Prof. Ana",
            "Profa Anа",
            "Ｐｒｏｆａ Ａｎａ",
            "Pr0fa 4na",
            "Profa An@",
            "[Profa Ana]",
            "~Profa Ana~",
            "Profa Ána",
            "Profa Ana™",
            "👩\u{200d}🏫 Profa Ana",
            "Profa Ana admin",
            "Profa Ana - Moderadora",
            "A Profa Ana",
            "Profa Ana real",
            "ⓟⓡⓞⓕⓐ ⓐⓝⓐ",
            "𝐏𝐫𝐨𝐟𝐚 𝐀𝐧𝐚",
            "Profa Ana 1️⃣",
            "Profa Anaº",
        ],
    );
    are_like(account, guests);
}

#[test]
fn look_alikes_are_like_the_account() {
    for (account, guests) in [
        (
            "beto",
            &[
                "Bёto",
                "béto",
                "b3to",
                "b‐eto",
                "b‑eto",
                "b–eto",
                "b-e-t-o",
                "BETO!",
                "b€to",
                "be7o",
                "bet0",
                "8eto",
                "6eto",
                "ßeto",
                "ʙᴇᴛᴏ",
                "🅱eto",
                "🅱🅴🆃🅾",
                "🇧🇪🇹🇴",
                "b.e.t.o",
                "b e t o",
                "Betoadmin",
                "oficialbeto",
                "beтo",
                "bето",
                "βeto",
                "bɛto",
                "bᴇto",
                "b\u{20dd}eto",
                "betо",
                "beto\u{301}",
                "bęto",
                "bëtø",
                "(beto)",
                "♥beto♥",
                "beto (oficial)",
                "Beto - suporte",
                "o Beto",
                "b’eto",
                "beţo",
                "b℮to",
                "bet○",
                "be+o",
                "be＋o",
                "be†o",
                "ᶀeto",
                "beʇo",
                "beȶo",
                "bɇto",
            ][..],
        ),
        (
            "Ana",
            &[
                "Ana ✔",
                "Ana (oficial)",
                "Ana admin",
                "Admin Ana",
                "ΛNA",
                "ΔNΔ",
                "AиA",
                "@na",
                "Αnа",
            ][..],
        ),
        (
            "Davi",
            &["Dav1", "Dav!", "Dav|", "Davl", "DAVI", "D4vı", "Đavi"][..],
        ),
        (
            "Wilma",
            &["VVilma", "Wilrna", "wi1ma", "Ｗilma", "ωilma"][..],
        ),
        ("@dmin", &["Admin", "@dmin", "adm1n"][..]),
        ("😀", &["😀", "😀\u{fe0f}"][..]),
    ] {
        are_like(account, guests);
    }
}

#[test]
fn signs_and_foreign_letters_are_read_as_what_they_look_like() {
    for (account, guests) in [
        (
            "chefe",
            &[
                "ϲhefe", "Ϲhefe", "chef℮", "cheғe", "cheſe", "ƈhefe", "ɔhefe", "cɥefe",
            ][..],
        ),
        (
            "Profa Ana",
            &[
                "Proſa Ana",
                "Pɾofa Ana",
                "Pɹofa Ana",
                "⍴rofa Ana",
                "Profa ⍺na",
                "Profa Aпa",
                "Profa Aπa",
            ][..],
        ),
        (
            "Vxyz",
            &[
                "V×yz", "∨xyz", "⋁xyz", "V⤬yz", "V⨯yz", "V╳yz", "V᙮yz", "V᙭yz", "Vӿyz",
            ][..],
        ),
        (
            "Tulio Teles",
            &[
                "⊤ulio Teles",
                "⟙ulio Teles",
                "T∪lio Teles",
                "T⋃lio Teles",
                "Tu∣io Teles",
                "Tu￨io Teles",
                "Tu⏽io Teles",
                "Tul⍳o Teles",
                "Tulio T⋿les",
            ][..],
        ),
        ("José", &["Joſé", "Jo＄e"][..]),
    ] {
        are_like(account, guests);
    }
}

#[test]
fn whatever_unicode_takes_for_a_letter_is_like_it() {
    let mut passed = Vec::new();
    for character in (0..=0x0001_ffff).filter_map(char::from_u32) {
        let seen: String = unicode_security::skeleton(character.encode_utf8(&mut [0; 4])).collect();
        if seen.len() == 1 && seen.chars().all(|letter| letter.is_ascii_alphabetic()) {
            let (guest, account) = (format!("Zu{character}ko"), format!("Zu{seen}ko"));
            if !is_like(&guest, &account) {
                passed.push((character, seen));
            }
        }
    }
    assert_eq!(passed, []);
}

#[test]
fn other_names_are_not() {
    for (account, guests) in [
        (
            "Ana",
            &[
                "Ana Paula",
                "Mariana",
                "Ana Maria",
                "Anna",
                "Aná Lima",
                "Hanna",
                "Ana e Beto",
                "Ana 2",
                "Luana",
            ][..],
        ),
        (
            "Profa Ana",
            &["Ana", "Profa", "Professora", "Profa Bia", "Ana Profeta"][..],
        ),
        (
            "beto",
            &["Alberto", "Roberto", "Betina", "Beto Silva", "Bet", "Beth"][..],
        ),
        ("がく", &["かく"][..]),
        ("हिन्दी", &["हन्द"][..]),
        ("João 2", &["João", "João 3", "João 22"][..]),
        ("😀", &["😃", "Ana 😀"][..]),
        ("chefe", &["Chefia", "Sherife", "Chef"][..]),
        ("Vxyz", &["V × yz Lima", "Vyz", "Xyz"][..]),
        ("Пётр", &["Пётр Ильич", "Потр", "Тётр"][..]),
        ("Ғани", &["Гани", "Ғали"][..]),
        ("Дина", &["Нина", "Лина", "Зина"][..]),
        ("Λάμπρος", &["Άμπρος", "Λάμπρη"][..]),
        ("Πάνος", &["Μάνος", "Τάνος"][..]),
        ("Þór", &["Dór", "Þóra"][..]),
        ("Ŋande", &["Ŋanda"][..]),
        ("Արամ", &["Արմեն"][..]),
        ("ნინო", &["ნანა"][..]),
        ("ዘውዴ", &["ዘውዱ"][..]),
        ("ᏣᎳᎩ", &["ᏣᎳ"][..]),
        ("ﺳﻼﻡ", &["سلمان"][..]),
        ("น้ำ", &["นา"][..]),
        ("ﾊﾅｺ", &["ハナ", "バナコ"][..]),
        ("Ana × Bia", &["Ana × Lia", "Ana + Lia"][..]),
    ] {
        for guest in guests {
            assert!(
                !is_like(guest, account),
                "{guest} is refused beside {account}"
            );
        }
    }
}

#[test]
fn roles_are_no_names_of_guests() {
    for role in [
        "Admin",
        "ADMIN",
        "admin1",
        "4dmin",
        "Аdmin",
        "A d m i n",
        "a.d.m.i.n",
        "@dmin",
        "✅ Admin",
        "Administrador",
        "Administradora",
        "Administração",
        "administrator",
        "Moderador",
        "Moderadora",
        "Moderator",
        "Sistema",
        "Sístema",
        "Sisterna",
        "Ѕystern",
        "Adrnin",
        "System",
        "SYSTEM 2",
        "Papo",
        "P4po",
        "Papo Oficial",
        "Equipe Papo",
        "Equipe do Papo",
        "Suporte",
        "Suporte Papo",
        "Support",
        "Oficial",
        "Official",
        "Root",
        "r00t",
        "Equipe",
        "Staff",
        "Bot",
        "PapoBot",
        "AdminPapo",
        "Suporte Técnico",
        "The Admin",
        "O Administrador",
        "Ana Administradora",
        "João Admin",
        "Prof. Admin",
        "Ｓｉｓｔｅｍａ",
        "🛡️ Moderação",
        "Mensagem do Sistema",
        "Help Desk",
        "Zé - Administração",
        "Zé Administração",
        "Administração Escola",
        "Suporte Zé",
        "Zé (moderação)",
        "Zé Support",
        "Sistema Zé",
        "Zé do Oficial",
        "Official Zé",
        "Os Administradores Unidos",
    ] {
        assert!(Likeness::of(role).is_role(), "{role}");
    }
}

#[test]
fn marks_are_in_no_name_of_guests() {
    for mark in [
        "Zé (conta)",
        "Zé (account)",
        "Zé conta",
        "conta Zé",
        "Zé CONTA",
        "Zé (c0nta)",
        "Zé (соnta)",
        "Zé c o n t a",
        "Zé (c.o.n.t.a)",
        "Zé a c o n t a",
        "Zé a.d.m.i.n",
        "⛨conta",
        "Zé ⛨ conta",
        "Zé 🛡️ conta",
        "Zé ⛨",
        "Zé 🛡️",
        "Zé ✔",
        "Zé✅",
        "Zé ☑️",
        "Zé verificado",
        "Zé (verificada)",
        "Zé verified",
        "Zé administrador",
        "Zé (administrator)",
    ] {
        assert!(Likeness::of(mark).is_role(), "{mark}");
    }
}

#[test]
fn people_are_no_roles() {
    for name in [
        "Ana",
        "Profa Ana",
        "Bate Papo",
        "Max Root",
        "Mada",
        "Modesto",
        "Madmin",
        "Abner Dono",
        "Botelho",
        "Adma",
        "Adriana",
        "Sistêmico",
        "Estefânia",
        "A",
        "O",
        "1",
        "Ana 2",
        "😀",
        "Talbot",
        "Teo",
        "Help Ana",
        "Staffan",
        "Rosa Real",
        "Papola",
        "Contardo",
        "Carlos Contador",
        "Zé Contas",
        "Zé Accountant",
        "Vera",
        "Oficina do Zé",
        "Oficialdo",
        "Sistina",
        "Systern",
        "Systern Anna",
        "Systern 2",
        "A. D. M. Souza",
        "Ana A. D. M.",
        "Ana e o Zé",
        "Zé ♥",
        "Zé ★",
        "Equipe Azul",
        "Dona Flor",
        "C++",
        "Пётр",
        "Άννα",
        "محمد",
        "花子",
    ] {
        assert!(!Likeness::of(name).is_role(), "{name}");
    }
}

#[test]
fn a_skeleton_is_never_empty_and_one_of_its_own_likeness() {
    for name in ["Ana", "😀", "!!!", "†", "一", "ー", "º", "Admin", "﷽", "‿"] {
        assert!(!skeleton(name).is_empty(), "{name}");
        assert!(is_like(name, name), "{name}");
        assert!(!skeleton(name).contains(' '), "{name}");
    }
}

#[test]
fn numbers_tell_people_apart() {
    let keys: std::collections::HashSet<_> = (0..1_000)
        .map(|n| skeleton(&format!("Pessoa {n}")))
        .collect();
    assert_eq!(keys.len(), 1_000);
}
