//! The diary of a queue: what the database's own triggers note of each job.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::database::Place;

/// The diary, and a report of an end that takes about 0.3 s.
///
/// `due` is when the job is due after the change. `held_until` is the end of the lease that it had
/// before, if nobody reported the end.
const ON_SQLITE: &str = "
    CREATE TABLE diary (id INTEGER PRIMARY KEY, key TEXT, what TEXT, lease INTEGER, due INTEGER,
        held_until INTEGER);
    CREATE VIEW slowness AS WITH RECURSIVE number (n) AS
        (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 600000) SELECT max(n) AS n FROM number;
    CREATE TRIGGER job_taken AFTER UPDATE ON job WHEN NEW.attempts > OLD.attempts BEGIN
        INSERT INTO diary (key, what, lease, due, held_until) VALUES (NEW.queue || '/' || NEW.key,
            'taken', NEW.lease, NEW.due_at, CASE WHEN OLD.lease IS NOT NULL THEN OLD.due_at END);
    END;
    CREATE TRIGGER job_done AFTER UPDATE ON job WHEN NEW.state = 1 AND OLD.state = 0 BEGIN
        INSERT INTO diary (key, what, lease, due) SELECT NEW.queue || '/' || NEW.key, 'done',
            OLD.lease, n FROM slowness;
    END;
    CREATE TRIGGER job_deleted AFTER DELETE ON job WHEN OLD.state = 0 BEGIN
        INSERT INTO diary (key, what, lease, due) SELECT OLD.queue || '/' || OLD.key, 'done',
            OLD.lease, n FROM slowness;
    END;";
const ON_POSTGRES: &str = "
    CREATE TABLE diary (id bigserial PRIMARY KEY, key text, what text, lease bigint, due bigint,
        held_until bigint);
    CREATE FUNCTION note_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.state = 0 THEN
                PERFORM pg_sleep(0.3);
                INSERT INTO diary (key, what, lease, due)
                    VALUES (OLD.queue || '/' || OLD.key, 'done', OLD.lease, 0);
            END IF;
        ELSIF NEW.attempts > OLD.attempts THEN
            INSERT INTO diary (key, what, lease, due, held_until) VALUES (NEW.queue || '/' || NEW.key,
                'taken', NEW.lease, NEW.due_at, CASE WHEN OLD.lease IS NOT NULL THEN OLD.due_at END);
        ELSIF NEW.state = 1 AND OLD.state = 0 THEN
            PERFORM pg_sleep(0.3);
            INSERT INTO diary (key, what, lease, due)
                VALUES (NEW.queue || '/' || NEW.key, 'done', OLD.lease, 0);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER job_noted AFTER UPDATE OR DELETE ON job FOR EACH ROW EXECUTE FUNCTION note_job();";
/// What happened before the diary begins: keys that were done already.
const EARLIER: &str = "INSERT INTO diary (key, what, lease, due) \
    SELECT queue || '/' || key, 'done', 0, 0 FROM job WHERE state = 1";
/// A person whose only session is too old. The last of the trial's jobs ends it.
const STRANGER: &str = "INSERT INTO person (id, created_at) VALUES (424242, 0); \
    INSERT INTO session (token, person_id, last_used, created_at) VALUES";
const ENDED: &str = "SELECT 'the old session is still there' FROM session WHERE person_id = 424242";
/// The payload of a chore that changes nothing here, and of one that ends old sessions.
const FORGET: &str = r#"{"task":"forget-jobs","period":0}"#;
const EXPIRE: &str = r#"{"task":"expire-sessions","period":0}"#;

/// What the diary says of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The job's queue and key.
    pub(super) key: String,
    pub(super) what: What,
    /// The number of the lease.
    pub(super) lease: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A node took it, until this moment of service. `held_until` is the end of an earlier lease
    /// whose node reported nothing.
    Taken { until: i64, held_until: Option<i64> },
    /// A node reported that it is done.
    Done,
}

/// Begins the diary, and adds the trial's jobs and a poisonous one. Blocks.
pub(super) fn begin(place: &Place, jobs: usize) -> Result<()> {
    let (diary, token) = match place {
        Place::File(_) => (ON_SQLITE, "zeroblob(32)"),
        Place::Server(_) => (ON_POSTGRES, "decode(repeat('00', 32), 'hex')"),
    };
    // In one transaction: a job that ends meanwhile is noted once.
    place.execute(&format!("BEGIN; {diary} {EARLIER}; COMMIT"))?;
    place.execute(&format!("{STRANGER} ({token}, 424242, -9000000000000, 0)"))?;
    let mut rows = vec!["('chores', 'trial/poison', '{}', 0)".to_owned()];
    rows.extend((1..jobs).map(|job| format!("('chores', 'trial/{job}', '{FORGET}', {job})")));
    rows.push(format!("('chores', 'trial/{jobs}', '{EXPIRE}', {jobs})"));
    let rows = rows.join(", ");
    place.execute(&format!(
        "INSERT INTO job (queue, key, payload, due_at) VALUES {rows}"
    ))
}

/// The trial's jobs that aren't done, except the poisonous one. Blocks.
pub(super) fn left(place: &Place) -> Result<Vec<String>> {
    place.lines(
        "SELECT key FROM job WHERE key LIKE 'trial/%' AND state <> 1 AND key <> 'trial/poison' \
         AND queue || '/' || key NOT IN (SELECT key FROM diary WHERE what = 'done') ORDER BY id",
    )
}

/// Everything in the diary, in order. Blocks.
pub(super) fn read(place: &Place) -> Result<Vec<Entry>> {
    let lines = place.lines(
        "SELECT what || ' ' || lease || ' ' || due || ' ' || coalesce(held_until, -1) || ' ' || key \
         FROM diary ORDER BY id",
    )?;
    lines.iter().map(|line| parse(line)).collect()
}

fn parse(line: &str) -> Result<Entry> {
    let mut words = line.splitn(5, ' ');
    let mut word = || words.next().with_context(|| format!("a word of {line:?}"));
    let what = word()?;
    let (lease, until, held_until) = (word()?.parse()?, word()?.parse()?, word()?.parse()?);
    Ok(Entry {
        what: match what {
            "taken" => What::Taken {
                until,
                held_until: (held_until >= 0).then_some(held_until),
            },
            _ => What::Done,
        },
        lease,
        key: word()?.to_owned(),
    })
}

/// What must not be in a diary.
pub(super) fn faults(entries: &[Entry], lease: Duration) -> Vec<String> {
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let mut faults = Vec::new();
    let mut holders: BTreeMap<&str, i64> = BTreeMap::new();
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    for Entry {
        key,
        what,
        lease: number,
    } in entries
    {
        match what {
            What::Taken { until, held_until } => {
                if let Some(held) = held_until
                    && until - lease < *held
                {
                    let early = held - (until - lease);
                    faults.push(format!(
                        "{key} was taken {early} ms before its lease ran out"
                    ));
                }
                holders.insert(key, *number);
            }
            What::Done => {
                *done.entry(key).or_default() += 1;
                if let Some(holder) = holders.get(key.as_str())
                    && holder != number
                {
                    faults.push(format!("{key} was ended by a node that had lost its lease"));
                }
            }
        }
    }
    let twice = done.iter().filter(|(_, times)| **times > 1);
    faults.extend(twice.map(|(key, times)| format!("{key} was done {times} times")));
    faults
}

/// How many jobs were taken over from a node that reported nothing.
pub(super) fn taken_over(entries: &[Entry]) -> usize {
    let over = entries.iter().filter(|entry| {
        let What::Taken { held_until, .. } = entry.what else {
            return false;
        };
        held_until.is_some()
    });
    over.count()
}

/// What is wrong in the end: with the poisonous job, and with what the jobs should have done.
/// Blocks.
pub(super) fn last_faults(place: &Place) -> Result<Vec<String>> {
    let mut faults = place.lines(
        "SELECT 'the poisonous job was tried ' || attempts || ' times, and is in state ' || state \
         FROM job WHERE key = 'trial/poison' AND (attempts < 2 OR state = 1)",
    )?;
    faults.extend(place.lines(
        "SELECT 'the poisonous job is gone' WHERE NOT EXISTS \
         (SELECT 1 FROM job WHERE key = 'trial/poison')",
    )?);
    faults.extend(place.lines(ENDED)?);
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str]) -> Vec<String> {
        let entries = lines.iter().map(|line| parse(line).unwrap());
        faults(&entries.collect::<Vec<_>>(), Duration::from_secs(30))
    }

    #[test]
    fn a_job_that_was_taken_over_when_its_lease_had_run_out_is_fine() {
        let fine = [
            "taken 1 40000 -1 chores/a",
            "taken 2 70000 40000 chores/a",
            "done 2 0 -1 chores/a",
            "done 0 0 -1 chores/b",
        ];
        assert_eq!(check(&fine), Vec::<String>::new());
        let entries: Vec<_> = fine.iter().map(|line| parse(line).unwrap()).collect();
        assert_eq!(taken_over(&entries), 1);
    }

    #[test]
    fn what_must_not_happen_is_found() {
        for (lines, fault) in [
            (
                &["taken 1 40000 -1 chores/a", "taken 2 69999 40000 chores/a"][..],
                "chores/a was taken 1 ms before its lease ran out",
            ),
            (
                &[
                    "taken 1 40000 -1 chores/a",
                    "taken 2 70000 40000 chores/a",
                    "done 1 0 -1 chores/a",
                ],
                "chores/a was ended by a node that had lost its lease",
            ),
            (
                &["done 0 0 -1 chores/a b", "done 5 0 -1 chores/a b"],
                "chores/a b was done 2 times",
            ),
        ] {
            assert_eq!(check(lines), [fault]);
        }
    }
}
