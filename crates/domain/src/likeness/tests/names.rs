//! Guests' names that could be mistaken for an account's.

use super::is_like;

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
            "Profa Ana 2",
            "Profa Ana 02",
            "Profa Ana2",
            "Prof. Ana 2",
            "Professora Ana 3 (oficial)",
            "Profa Ana oficial",
            "Profa Ana (a própria)",
            "Profa Ana celular",
            "A mesma Profa Ana",
            "Profa Ana ofc",
        ],
    );
    are_like(account, guests);
}

#[test]
fn a_name_in_other_capitals_is_like_the_account_in_any_script() {
    for name in [
        "Людмила",
        "Галина",
        "Юлия",
        "Ольга",
        "Ёлка",
        "Оля",
        "Μαρία",
        "Νίκος",
        "Σοφία",
        "Ζωή",
        "Ηλίας",
        "Λυδία",
        "Ґанна",
        "Straße",
        "Ինա",
        "Մարի",
        "Տիգրան",
        "João",
        "İpek",
        "Kılıç",
    ] {
        let cases = [
            name.to_owned(),
            name.to_lowercase(),
            name.to_uppercase(),
            name.to_uppercase().to_lowercase(),
        ];
        for account in &cases {
            for guest in &cases {
                assert!(is_like(guest, account), "{guest} passes beside {account}");
                let (one, other) = (
                    super::super::skeleton(guest),
                    super::super::skeleton(account),
                );
                assert_eq!(one, other, "{guest} and {account} are two accounts");
            }
        }
    }
}

#[test]
fn a_small_letter_is_like_what_it_looks_like_too() {
    are_like("vera", &["νera"]);
    are_like("nina", &["ηina", "Νina"]);
    are_like("Ana", &["Λna", "λna"]);
}

#[test]
fn look_alikes_are_like_the_account() {
    for (account, guests) in [
        ("maria", &["ᎷᎪᎡᏆᎪ", "ꮇꭺꭱꮖꭺ"][..]),
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
            &[
                "Ana",
                "Ana 2",
                "Profa",
                "Professora",
                "Profa Bia",
                "Profa Bia 2",
                "Profa Ana Lima",
                "Profa Ana Lima 2",
                "Profa Ana Paula",
                "Ana Profeta",
            ][..],
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
fn small_letters_that_look_like_two_others_are_like_both() {
    are_like("clara", &["c1ara", "cIara", "dara", "ԁara", "c|ara"]);
    are_like("Ana Clara", &["Ana dara"]);
    are_like("Pedro", &["Peclro", "Pecιro", "pec1ro", "Peсlro"]);
    are_like("daniel", &["claniel", "cIaniel"]);
    are_like("Eduardo", &["Ecluardo", "Eduarclo", "ecluarclo"]);
    are_like(
        "pedro clark",
        &["peclro clark", "peclro dark", "pedro dark"],
    );
    are_like("Admin", &["Aclmin", "acImin"]);
    are_like("Beto", &["þeto", "Þeto", "ƿeto"]);
    are_like("Pedro", &["þedro", "þeclro"]);
    are_like("marfia", &["marﬁa"]);
    are_like("Marta", &["ᎷᎪᎡᎢᎪ", "ꮇꭺꭱꭲꭺ"]);
    for (account, guests) in [
        ("Clara", &["Dara", "DARA", "Lara"][..]),
        ("Dara", &["Clara", "CLARA", "Diara"][..]),
        ("Alícia", &["Alida", "alida"][..]),
        ("Lúcia", &["Luda", "luda"][..]),
        ("Márcia", &["Marda", "marda"][..]),
        ("Þór", &["Thor", "Tór"][..]),
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
fn a_name_has_few_readings() {
    let name = "d cl d cl d cl d cl d cl";
    assert!(super::super::Likeness::of(name).keys().count() < 100);
}

#[test]
fn raised_letters_and_syllables_of_other_scripts_are_like_the_letters() {
    let maria = ["maʳⁱa", "mᵃʳⁱᵃ", "ᵐᵃʳⁱᵃ", "mᗩria", "ᗰᗩᖇIᗩ"];
    are_like("maria", &maria);
    are_like("beto", &["ᗷᗴTO"]);
    are_like("caio", &["ᑕaio"]);
    are_like("nelson", &["ᑎelson"]);
    assert!(!is_like("João Nª", "João"));
}
