//! What an import did, in plain English.

use std::fmt::Write as _;
use std::path::Path;

use papo_storage::ImportReport;

use super::survey::Survey;

/// A line for each thing that happened.
pub(super) fn report(file: &Path, survey: &Survey, imported: &ImportReport) -> String {
    let mut text = format!("Imported {}\n", file.display());
    let mut line = |count: u64, singular: &str, plural: &str| {
        let what = if count == 1 { singular } else { plural };
        writeln!(text, "  {count} {what}").expect("a String takes everything");
    };
    line(imported.rooms_created, "room made", "rooms made");
    line(
        imported.rooms_merged,
        "room merged into the one of its name",
        "rooms merged into those of their names",
    );
    line(
        imported.messages_stored,
        "message stored",
        "messages stored",
    );
    line(
        imported.messages_known,
        "message was here already",
        "messages were here already",
    );
    let mut unusual = |count: u64, singular: &str, plural: &str| {
        if count > 0 {
            line(count, singular, plural);
        }
    };
    unusual(
        survey.private_messages,
        "private message left out",
        "private messages left out",
    );
    unusual(
        survey.blank_messages,
        "blank message left out",
        "blank messages left out",
    );
    unusual(
        survey.people_renamed as u64,
        "person's name changed to one that Papo allows",
        "people's names changed to ones that Papo allows",
    );
    unusual(
        survey.rooms_renamed as u64,
        "room's name changed to one that Papo allows",
        "rooms' names changed to ones that Papo allows",
    );
    unusual(
        survey.descriptions_shortened as u64,
        "room's description shortened",
        "rooms' descriptions shortened",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_is_told() {
        let imported = ImportReport {
            rooms_created: 1,
            rooms_merged: 2,
            messages_stored: 30,
            messages_known: 0,
        };
        let survey = Survey {
            private_messages: 4,
            ..Survey::default()
        };
        let expected = "Imported db.sqlite3\n  1 room made\n  2 rooms merged into those of their names\n  \
                        30 messages stored\n  0 messages were here already\n  4 private messages left out\n";
        assert_eq!(
            report(Path::new("db.sqlite3"), &survey, &imported),
            expected
        );
    }
}
