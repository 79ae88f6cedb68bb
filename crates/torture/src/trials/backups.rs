//! T15: backups are made under load; each holds every message that was acknowledged before it
//! began.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use papo_testing::Guest;
use tempfile::TempDir;

use super::{Context, blocking};
use crate::checker::{check, places};
use crate::crowd::{Crowd, join};
use crate::database::{self, Place};
use crate::history::{History, Moment};
use crate::plan::Plan;
use crate::report::Verdict;
use crate::world::World;

const WRITERS: usize = 30;
const READERS: usize = 10;
const PAUSE: Duration = Duration::from_millis(100);
/// The fewest acknowledgements between two backups.
const ACKS: usize = 20;
/// One backup in this many is not only read but also served.
const SERVED: usize = 10;

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let count = context.size(100, 1_000);
    let folder = TempDir::new()?;
    let server = blocking(|| context.server().data(folder.path().join("data")).start())?;
    let cookies = blocking(|| join(server.address(), 1, WRITERS + READERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let mut plan = Plan::reader(format!("robot {number}"), vec![server.address()], cookie);
        plan.pause = (number < WRITERS).then_some(PAUSE);
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    let mut verdict = Verdict::of(format!("{count} backups, {WRITERS} writers"));
    let mut backups: Vec<(Moment, PathBuf)> = Vec::new();
    for number in 0..count {
        let before = crowd.world.acks();
        let enough = |world: &World| world.acks() >= before + ACKS;
        crowd
            .wait_until("enough is acknowledged", Duration::from_secs(30), enough)
            .await?;
        let path = folder.path().join(format!("backup-{number}.sqlite3"));
        backups.push((crowd.world.moment(), path.clone()));
        let to = path.to_string_lossy().into_owned();
        if let Err(error) = blocking(|| server.command(&["backup", &to])) {
            verdict.faults.push(format!("{error:#}"));
            backups.pop();
        }
    }
    let outcome = crowd.finish(&Place::folder(server.data())).await?;
    verdict.checked(&check(
        &outcome.history,
        &Place::folder(server.data()).read()?,
    ));
    let mut acknowledged = 0;
    for (number, (began, path)) in backups.iter().enumerate() {
        acknowledged += compare(&outcome.history, *began, path, &mut verdict)?;
        if number % SERVED == 0 {
            blocking(|| serve(context, path, folder.path()))?;
        }
    }
    verdict.figure(format!(
        "{acknowledged} acknowledged messages looked for; {} backups served again",
        count.div_ceil(SERVED)
    ));
    Ok(verdict)
}

/// Looks in a backup for what was acknowledged before it began. Returns how much that is.
fn compare(history: &History, began: Moment, path: &Path, verdict: &mut Verdict) -> Result<usize> {
    let backup = Place::File(path.to_owned()).read()?;
    let found = places(&backup);
    let mut acknowledged = HashMap::new();
    for sent in &history.sent {
        if let Some(ack) = sent.acks.iter().find(|ack| ack.at < began) {
            acknowledged.insert(sent.client_id.as_str(), (sent.room, ack.seq));
        }
    }
    let is_missing =
        |(id, place): &(&&str, &(i64, i64))| !found.get(**id).is_some_and(|at| at.contains(place));
    let missing = acknowledged.iter().filter(is_missing).count();
    verdict.demand(missing == 0, || {
        format!("{missing} messages are missing in {}", path.display())
    });
    verdict
        .faults
        .extend(Place::File(path.to_owned()).integrity()?);
    Ok(acknowledged.len())
}

/// Starts a server on a copy of a backup.
fn serve(context: &Context, backup: &Path, folder: &Path) -> Result<()> {
    let data = folder.join("restored");
    std::fs::create_dir_all(&data)?;
    for entry in std::fs::read_dir(&data)? {
        std::fs::remove_file(entry?.path())?;
    }
    std::fs::copy(backup, database::file(&data))?;
    let server = context.server().data(&data).start()?;
    let page = Guest::new(&server).get("/readyz")?;
    anyhow::ensure!(
        page.status == 200,
        "a backup can't be served: {}",
        page.status
    );
    Ok(())
}
