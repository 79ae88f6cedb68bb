//! `papo place`.

use crate::Place;

#[test]
fn settings_are_shown_and_changed() {
    let place = Place::started();
    let shown = place.papo(&["place", "show"]).ok();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "SETTING      VALUE");
    assert_eq!(lines[1], "name         none");
    assert_eq!(lines[5], "guests       on");
    let set = [
        "place",
        "set",
        "--name",
        " Escola Sol ",
        "--welcome",
        "Oi!",
        "--accent",
        "#0B7348",
        "--sign-up",
        "closed",
        "--guests",
        "off",
        "--room-makers",
        "administrators",
        "--first-rooms",
        "2, 1",
        "--language",
        "en",
    ];
    let expected = "\
        SETTING      VALUE\n\
        name         Escola Sol\n\
        welcome      Oi!\n\
        accent       #0b7348\n\
        sign-up      closed\n\
        guests       off\n\
        room-makers  administrators\n\
        first-rooms  1,2\n\
        language     en\n";
    assert_eq!(place.papo(&set).ok(), expected);
    assert_eq!(place.papo(&["place", "show"]).ok(), expected);
    let back = ["place", "set", "--accent", "none", "--first-rooms", "none"];
    let shown = place.papo(&back).ok();
    assert!(shown.contains("accent       none\n"), "{shown}");
    assert!(shown.contains("name         Escola Sol\n"), "{shown}");
}

#[test]
fn what_cannot_be_a_setting_is_one_line() {
    let place = Place::started();
    let long = "a".repeat(61);
    for (arguments, expected) in [
        (["--name", &long], "more than 60 characters"),
        (["--accent", "red"], "#rrggbb"),
        (["--sign-up", "perhaps"], "open, invited or closed"),
        (["--room-makers", "all"], "accounts or administrators"),
        (
            ["--first-rooms", "1,x"],
            "no room with one of these numbers",
        ),
        (
            ["--first-rooms", "1,99"],
            "no room with one of these numbers",
        ),
        (["--language", "fr"], "pt-BR and en"),
    ] {
        let error = place.papo(&[&["place", "set"][..], &arguments].concat());
        let error = error.error();
        assert!(error.contains(expected), "{error}");
    }
    let nothing = place.papo(&["place", "set"]).error();
    assert!(nothing.contains("nothing to change"), "{nothing}");
}
