//! T16: the file system is full, and then it isn't.
//!
//! The file system is an ext4 in a file where that can be mounted (root, a loop device and
//! mkfs.ext4), otherwise a tmpfs; the table says which. A tmpfs has no journal, and no blocks that
//! are allocated only when data is written out. It is mounted in a namespace of this trial, so it
//! is gone with the process.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use papo_testing::Guest;
use tempfile::TempDir;
use tokio::time::sleep;

use super::{Context, blocking};
use crate::apart;
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::database::Place;
use crate::plan::Plan;
use crate::process;
use crate::report::Verdict;
use crate::world::World;

const WRITERS: usize = 20;
const READERS: usize = 10;
const PAUSE: Duration = Duration::from_millis(50);
/// Long messages fill the remaining space soon.
const LENGTH: usize = 3_000;
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the disk stays full.
const FULL: Duration = Duration::from_secs(2);

/// Mounts a small file system on a new folder. Returns its kind, and why it isn't the better one.
fn mount(folder: &Path) -> Result<(&'static str, Option<anyhow::Error>)> {
    fs::create_dir(folder)?;
    let path = folder.to_string_lossy().into_owned();
    let Err(error) = mount_ext4(&path) else {
        return Ok(("ext4", None));
    };
    process::command(&["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", &path])?;
    Ok(("tmpfs", Some(error)))
}

fn mount_ext4(path: &str) -> Result<()> {
    let image = format!("{path}.image");
    File::create(&image)?.set_len(64 << 20)?;
    // It reserves no blocks for root, who fills it.
    process::command(&["mkfs.ext4", "-q", "-F", "-m", "0", &image])?;
    process::command(&["mount", "-t", "ext4", "-o", "loop", &image, path])
}

/// Unmounts it before the folder is removed.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let path = self.0.to_string_lossy().into_owned();
        let _ = process::command(&["umount", "--lazy", &path]);
    }
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    if !apart::is_inside() {
        return apart::run(context, "T16", &["--mount"], &[]).await;
    }
    let rounds = context.size(3, 30);
    let folder = TempDir::new()?;
    let small = folder.path().join("small");
    let (kind, why) = mount(&small)?;
    let mount = Mounted(small);
    let data = mount.0.join("data");
    let mut server = blocking(|| context.server().data(&data).start())?;
    let cookies = blocking(|| join(server.address(), 1, WRITERS + READERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let mut plan = Plan::reader(format!("robot {number}"), vec![server.address()], cookie);
        plan.pause = (number < WRITERS).then_some(PAUSE);
        plan.length = LENGTH;
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    let mut verdict = Verdict::of(format!("{rounds} × 64 MiB of {kind} filled and freed"));
    for _ in 0..rounds {
        let filler = mount.0.join("filler");
        fill(&filler)?;
        let refused = crowd.world.refusals();
        let is_seen =
            |world: &World| world.refusals() > refused || !process::is_running(server.pid());
        crowd
            .wait_until("sends are refused", PATIENCE, is_seen)
            .await?;
        if !process::is_running(server.pid()) {
            fs::remove_file(&filler)?;
            break;
        }
        sleep(FULL).await;
        let host = server.address().to_string();
        let read = blocking(|| read_on(&host, &cookies[0], &mut verdict));
        if let Err(error) = read {
            verdict
                .faults
                .push(format!("nothing can be read on a full disk: {error:#}"));
        }
        let acks = crowd.world.acks();
        fs::remove_file(&filler)?;
        let goes_on = |world: &World| world.acks() > acks + 10;
        let gone_on = crowd
            .wait_until("sends are taken again", PATIENCE, goes_on)
            .await;
        if let Err(error) = gone_on {
            verdict.faults.push(format!("{error:#}"));
            break;
        }
    }
    if !process::is_running(server.pid()) {
        verdict.faults.push("the process has ended".into());
        // So that the robots can end as well.
        blocking(|| server.restart())?;
    }
    if let Some(why) = why {
        verdict.figure(format!("no ext4 could be mounted: {why:#}"));
    }
    let refusals = crowd.world.refusals();
    let outcome = crowd.finish(&Place::folder(&data)).await?;
    blocking(|| server.kill())?;
    verdict.checked(&check(&outcome.history, &Place::folder(&data).read()?));
    verdict.faults.extend(Place::folder(&data).integrity()?);
    verdict.figure(format!(
        "{refusals} refusals, {} messages, {} connections of {} robots",
        outcome.history.sent.len(),
        outcome.connections,
        outcome.interruptions.len()
    ));
    Ok(verdict)
}

/// Uses all remaining space.
fn fill(path: &Path) -> Result<()> {
    let mut file = File::create(path)?;
    let block = vec![0; 64 << 10];
    while file.write_all(&block).is_ok() {}
    // The rest, which is less than a block.
    while file.write_all(&block[..1_024]).is_ok() {}
    Ok(())
}

/// Reads a page and a snapshot.
fn read_on(address: &str, cookie: &str, verdict: &mut Verdict) -> Result<()> {
    let mut guest = Guest::at(address);
    guest.cookie = Some(cookie.to_owned());
    let page = guest.get("/room/1/")?;
    verdict.demand(page.status == 200, || {
        format!("the room's page answers {} on a full disk", page.status)
    });
    let mut socket = guest.socket(1)?;
    socket.subscribe(1, None)?;
    let is_snapshot = |frame: &papo_protocol::ServerFrame| {
        matches!(frame, papo_protocol::ServerFrame::Snapshot { .. })
    };
    let snapshot = socket.receive_where(is_snapshot);
    verdict.demand(snapshot.is_ok(), || "no snapshot on a full disk".into());
    Ok(())
}
