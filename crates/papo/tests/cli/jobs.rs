//! `papo job`, and what the doctor says of dead jobs.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::Place;

/// Two dead jobs; a server can do the first.
const DEAD: &str = "INSERT INTO job (id, queue, key, payload, state, due_at, attempts, last_error) \
    VALUES (100, 'chores', 'again', '{\"task\":\"forget-jobs\",\"period\":0}', 2, 9000000000, 12, \
    'no luck'), (101, 'chores', 'never', '{}', 2, 9000000000, 12, 'a\nb')";

fn dead_jobs() -> Place {
    let place = Place::started();
    let database = Connection::open(place.database()).unwrap();
    database.execute_batch(DEAD).unwrap();
    place
}

/// The states of the jobs 100 and 101.
fn states(place: &Place) -> Vec<i64> {
    let database = Connection::open(place.database()).unwrap();
    let mut statement = database
        .prepare("SELECT state FROM job WHERE id >= 100 ORDER BY id")
        .unwrap();
    let states = statement.query_map([], |row| row.get(0)).unwrap();
    states.collect::<Result<_, _>>().unwrap()
}

#[test]
fn dead_jobs_are_listed_retried_and_removed() {
    let place = dead_jobs();
    let list = place.papo(&["job", "list"]).ok();
    let expected = "\
ID   QUEUE   KEY    TRIES  LAST ERROR
100  chores  again  12     no luck
101  chores  never  12     a b
";
    assert_eq!(list, expected);
    let mut server = place.serve();
    let retried = place.papo(&["job", "retry", "100"]).ok();
    assert_eq!(retried, "Job 100 is due again\n");
    let asked = Instant::now();
    while states(&place)[0] != 1 {
        assert!(asked.elapsed() < Duration::from_secs(20), "not done");
    }
    let removed = place.papo(&["job", "remove", "101"]).ok();
    assert_eq!(removed, "Removed job 101\n");
    assert_eq!(states(&place), [1]);
    for command in ["retry", "remove"] {
        for id in ["100", "101"] {
            let refused = place.papo(&["job", command, id]).error();
            let expected = format!("no dead job {id}; `papo job list` shows them all");
            assert!(refused.contains(&expected), "{refused}");
        }
    }
    let list = place.papo(&["job", "list"]).ok();
    assert_eq!(list, "ID  QUEUE  KEY  TRIES  LAST ERROR\n");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn the_doctor_warns_of_dead_jobs() {
    let place = dead_jobs();
    let report = place.papo(&["doctor"]).ok();
    let expected = "2 jobs failed too often, such as chores again: no luck; see `papo job list`";
    assert!(report.contains(expected), "{report}");
    place.papo(&["job", "remove", "100"]).ok();
    let report = place.papo(&["doctor"]).ok();
    let expected = "a job failed too often, such as chores never: a b; see `papo job list`";
    assert!(report.contains(expected), "{report}");
    place.papo(&["job", "remove", "101"]).ok();
    let report = place.papo(&["doctor"]).ok();
    assert!(!report.contains("failed too often"), "{report}");
}
