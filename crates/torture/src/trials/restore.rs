//! T5: an older backup is restored while clients are connected. Each must start over, and keep
//! nothing.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use papo_testing::{Server, Socket};
use tempfile::TempDir;

use super::{Context, blocking, restore_server};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database::{self, Place};
use crate::history::{Seen, View};
use crate::instance::Ground;
use crate::plan::Plan;
use crate::report::Verdict;
use crate::world::World;

pub(super) const WRITERS: usize = 10;
pub(super) const READERS: usize = 40;
const PAUSE: Duration = Duration::from_millis(50);
/// The robots reconnect sooner than browsers do, since restoring takes a while.
const BACKOFF: Duration = Duration::from_millis(100);
/// Acknowledgements before the backup, between it and the restoring, and after.
const ACKS: usize = 300;

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let rounds = context.size(context.choose(3, 2), 30);
    let robots = WRITERS + READERS;
    let mut verdict = Verdict::of(format!("{rounds} restored backups, {robots} robots"));
    let mut resets = 0;
    for round in 0..rounds {
        resets += match context.ground {
            Ground::Sqlite => restore_once(context, round as u64, &mut verdict).await?,
            Ground::Postgres => {
                restore_server::restore_once(context, round as u64, &mut verdict).await?
            }
        };
    }
    verdict.figure(format!("{resets} robots started over"));
    Ok(verdict)
}

async fn restore_once(context: &Context, round: u64, verdict: &mut Verdict) -> Result<usize> {
    let folder = TempDir::new()?;
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    let mut server = blocking(|| context.server().data(&data).start())?;
    let address = server.address();
    let cookies = blocking(|| join(address, 1, WRITERS + READERS))?;
    let crowd = talk(context.seed ^ round, &cookies, |_| vec![address]).await?;
    some_more(&crowd).await?;
    let to = backup.to_string_lossy().into_owned();
    blocking(|| server.command(&["backup", &to]))?;
    some_more(&crowd).await?;
    blocking(|| server.kill())?;
    let lost = Place::folder(&data).end(1)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut file = database::file(&data).into_os_string();
        file.push(suffix);
        if fs::exists(&file)? {
            fs::remove_file(&file)?;
        }
    }
    fs::rename(&backup, database::file(&data))?;
    blocking(|| {
        let server = context.server().data(&data).start()?;
        outgrow(&server, &Place::folder(&data), &cookies[0], lost)
    })?;
    blocking(|| server.restart())?;
    some_more(&crowd).await?;
    let place = Place::folder(&data);
    let resets = all_start_over(crowd, &place, verdict).await?;
    blocking(|| server.kill())?;
    Ok(resets)
}

/// Starts robots that talk and go on doing so.
pub(super) async fn talk(
    seed: u64,
    cookies: &[Arc<str>],
    addresses: impl Fn(usize) -> Vec<SocketAddr>,
) -> Result<Crowd> {
    let mut crowd = Crowd::new(seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let mut plan = Plan::reader(format!("robot {number}"), addresses(number), cookie);
        plan.pause = (number < WRITERS).then_some(PAUSE);
        plan.changes = true;
        plan.backoff = BACKOFF;
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    some_more(&crowd).await?;
    Ok(crowd)
}

/// Ends the trial, and checks that all robots had to start over, and did. Returns how many.
pub(super) async fn all_start_over(
    crowd: Crowd,
    place: &Place,
    verdict: &mut Verdict,
) -> Result<usize> {
    let all = crowd.len();
    let outcome = crowd.finish(place).await?;
    verdict.demand(outcome.robots_reset == all, || {
        format!(
            "only {} of {all} robots were told to start over",
            outcome.robots_reset
        )
    });
    let has_reset = |view: &&View| view.seen.iter().any(|seen| matches!(seen, Seen::Reset));
    let followed = outcome.history.views.iter().filter(|view| view.is_complete);
    let without = followed.filter(|view| !has_reset(view)).count();
    verdict.demand(without == 0, || {
        format!("{without} rooms were gone on with that should have been begun anew")
    });
    // The views before the reset belong to another history, and aren't compared with this log.
    let mut history = outcome.history;
    for view in &mut history.views {
        view.forget_before_reset();
    }
    verdict.checked(&check(&history, &place.read()?));
    Ok(outcome.robots_reset)
}

/// Writes into the restored history until it is longer than the lost one. Then only the epoch shows
/// that a client's number is of the lost one.
pub(super) fn outgrow(server: &Server, place: &Place, cookie: &str, lost: i64) -> Result<()> {
    let mut socket = Socket::open(
        &server.address().to_string(),
        "/ws/chat/1/",
        Some(cookie),
        true,
    )?;
    socket.subscribe(1, None)?;
    while place.end(1)? < lost + 50 {
        let references = (0..50).map(|_| socket.post(1, "of another history"));
        let references = references.collect::<Result<Vec<_>>>()?;
        for reference in references {
            socket.wait_for_ack(reference)?;
        }
    }
    Ok(())
}

pub(super) async fn some_more(crowd: &Crowd) -> Result<()> {
    let before = crowd.world.acks();
    let enough = |world: &World| world.acks() >= before + ACKS;
    crowd
        .wait_until("enough is acknowledged", Duration::from_secs(30), enough)
        .await
}
