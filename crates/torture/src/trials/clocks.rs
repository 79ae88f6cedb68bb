//! T19: a clock is wrong for a moment, on one node or on all, while they run or across a start.
//! Nobody may be locked out, nothing may be deleted, and times must be right again when the clock
//! is.
//!
//! libfaketime changes the nodes' clocks. Each node reads its difference from a file of its own.
//! Elapsed time stays true, as on a machine whose clock is set.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use papo_domain::Timestamp;
use papo_protocol::ServerFrame;
use papo_testing::{Guest, Server, ServerBuilder, Socket};
use tempfile::TempDir;

use super::{Context, blocking};
use crate::instance::Instance;
use crate::report::Verdict;

const LIBRARY: &str = "libfaketimeMT.so.1";
const RIGHT: &str = "+0";
/// The differences, in libfaketime's form and in seconds.
const WRONG: [(&str, i64); 5] = [
    ("+31d", 31 * DAY),
    ("-400d", -400 * DAY),
    ("+1", 1),
    ("+1d", DAY),
    ("-1d", -DAY),
];
/// No running system has this time.
const BEFORE_1970: &str = "-30000d";
const DAY: i64 = 24 * 60 * 60;
/// A time counts as right within this.
const SLACK: Duration = Duration::from_secs(20);
/// How long a room's time may stand still once the clock is right.
const STILL: Duration = Duration::from_secs(5);
const PASSWORD: &str = "correct horse battery";

/// People who must stay signed in and joined.
struct People {
    ana: Guest,
    administrator: Guest,
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    blocking(|| try_all(context))
}

fn try_all(context: &Context) -> Result<Verdict> {
    let folder = TempDir::new()?;
    let clocks: Vec<_> = (0..context.choose(1, 3))
        .map(|number| folder.path().join(number.to_string()))
        .collect();
    for clock in &clocks {
        fs::write(clock, RIGHT)?;
    }
    let library = library()?;
    let first = faked(context.server(), &library, &clocks[0]);
    let instance = Instance::start_with(context, 1, first)?;
    let others = clocks[1..].iter().map(|clock| {
        let node = instance.another().env("FAKETIME_TIMESTAMP_FILE", clock);
        // Each has a folder of its own, though there is nothing in it.
        node.start()
    });
    let others = others.collect::<Result<Vec<_>>>()?;
    let mut nodes = Nodes { instance, others };
    let people = People::come(&mut nodes)?;
    let mut verdict = Verdict::of(format!(
        "{} wrong clocks, on one of {} nodes and on all, running and across starts",
        WRONG.len(),
        clocks.len()
    ));
    let mut ways = vec![(1, false), (1, true)];
    if clocks.len() > 1 {
        ways.extend([(clocks.len(), false), (clocks.len(), true)]);
    }
    for (difference, seconds) in WRONG {
        for (wrong, restarts) in ways.iter().copied() {
            let way = if restarts { "across starts" } else { "running" };
            let what = format!("{difference} on {wrong} of {} nodes, {way}", clocks.len());
            let tried = try_one(
                &mut nodes,
                &clocks[..wrong],
                (difference, seconds),
                restarts,
                &people,
            );
            for fault in tried.with_context(|| what.clone())? {
                verdict.faults.push(format!("{what}: {fault}"));
            }
        }
    }
    set(&clocks[..1], BEFORE_1970)?;
    let node = &mut nodes.instance.nodes()[0];
    node.stop()?;
    let refused = node.restart().err().map(|error| error.to_string());
    verdict.demand(
        refused
            .as_ref()
            .is_some_and(|why| why.contains("before 1970")),
        || format!("a start before 1970 isn't refused with a reason: {refused:?}"),
    );
    Ok(verdict)
}

/// The nodes, each with a clock of its own.
struct Nodes {
    instance: Instance,
    others: Vec<Server>,
}

impl Nodes {
    fn all(&mut self) -> Vec<&mut Server> {
        let first = self.instance.nodes().iter_mut();
        first.chain(&mut self.others).collect()
    }
}

/// Makes some clocks wrong, then right again. Returns what went wrong.
fn try_one(
    nodes: &mut Nodes,
    clocks: &[PathBuf],
    (difference, seconds): (&str, i64),
    restarts: bool,
    people: &People,
) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    set(clocks, difference)?;
    for node in nodes.all().into_iter().take(clocks.len()) {
        if restarts {
            node.stop()?;
            node.restart()?;
        } else if seconds.abs() > 2 {
            node.wait_for_line("clock jumped")?;
        }
    }
    // A newcomer joins meanwhile, and gets the wrong time.
    let mut newcomer = Guest::joined(nodes.instance.first(), 1, "Bia")?;
    match post(&newcomer) {
        Ok(time) => {
            let off = off(time)?;
            // The first case shows whether libfaketime works.
            ensure!(
                near(off, seconds) || difference != WRONG[0].0,
                "libfaketime doesn't work: the clock is off by {off} s"
            );
            if !near(off, seconds) {
                faults.push(format!("a message meanwhile is off by {off} s"));
            }
        }
        Err(error) => faults.push(format!("whoever came meanwhile can't post: {error:#}")),
    }
    for node in nodes.all() {
        faults.extend(people.are_in(node, "meanwhile")?);
    }
    set(clocks, RIGHT)?;
    for node in nodes.all().into_iter().take(clocks.len()) {
        if restarts {
            node.stop()?;
            node.restart()?;
        }
    }
    for node in nodes.all() {
        faults.extend(people.are_in(node, "afterwards")?);
        newcomer.host = node.address().to_string();
        if newcomer.get("/room/1/")?.status != 200 {
            faults.push("whoever came meanwhile is out".into());
        }
        let mut late = Guest::joined(node, 1, "Caio")?;
        if late.get("/room/1/")?.status != 200 {
            faults.push("whoever comes afterwards is out at once".into());
            continue;
        }
        match goes_on(&late) {
            Ok(fault) => faults.extend(fault),
            Err(error) => faults.push(format!("whoever comes afterwards can't post: {error:#}")),
        }
    }
    Ok(faults)
}

/// Checks that a room's time is right and moves.
fn goes_on(guest: &Guest) -> Result<Option<String>> {
    let first = post(guest)?;
    let off = off(first)?;
    if !near(off, 0) {
        return Ok(Some(format!("a message afterwards is off by {off} s")));
    }
    let start = Instant::now();
    while post(guest)? == first {
        if start.elapsed() > STILL {
            return Ok(Some(format!("the room's time stands still at {first}")));
        }
    }
    Ok(None)
}

/// By how many seconds a time differs from now.
fn off(time: Timestamp) -> Result<i64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "what the node's clock is compared with"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(time.as_millis() / 1_000 - i64::try_from(now.as_secs())?)
}

fn near(off: i64, seconds: i64) -> bool {
    (off - seconds).unsigned_abs() <= SLACK.as_secs()
}

impl People {
    /// They join while all clocks are right.
    fn come(nodes: &mut Nodes) -> Result<Self> {
        let first = nodes.instance.first();
        let ana = Guest::joined(first, 1, "Ana")?;
        let create = ["user", "create", "Chefe", "--admin"];
        first.command_with_input(&create, &format!("{PASSWORD}\n"))?;
        let mut administrator = Guest::new(first);
        let form = [("username", "Chefe"), ("password", PASSWORD)];
        let page = administrator.post("/login/", &form)?;
        ensure!(page.status == 303, "signing in: {}", page.brief());
        Ok(Self { ana, administrator })
    }

    /// The reasons that keep them out of a node.
    fn are_in(&self, node: &Server, when: &str) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        for (who, guest, page) in [
            ("a guest", &self.ana, "/room/1/"),
            ("an administrator", &self.administrator, "/admin/rooms/"),
        ] {
            let mut guest = guest.clone();
            guest.host = node.address().to_string();
            let page = guest.get(page)?;
            if page.status != 200 {
                faults.push(format!("{who} is out {when}: {}", page.brief()));
            }
        }
        let host = node.address().to_string();
        let cookie = self.ana.cookie.as_deref();
        if let Err(error) = Socket::open(&host, "/ws/chat/1/", cookie, true) {
            faults.push(format!("a guest gets no socket {when}: {error:#}"));
        }
        Ok(faults)
    }
}

/// Posts a message. Returns its time.
fn post(guest: &Guest) -> Result<Timestamp> {
    let mut socket = guest.socket(1)?;
    socket.subscribe(1, None)?;
    let reference = socket.post(1, "what time is it?")?;
    let frame = socket.receive_where(
        |frame| matches!(frame, ServerFrame::Ack { r#ref, .. } if *r#ref == Some(reference)),
    )?;
    match frame {
        ServerFrame::Ack {
            timestamp: Some(timestamp),
            ..
        } => Ok(timestamp.parse()?),
        other => anyhow::bail!("an acknowledgement without a time: {other:?}"),
    }
}

fn set(clocks: &[PathBuf], difference: &str) -> Result<()> {
    for clock in clocks {
        // In one step: half a file would be another time.
        let new = clock.with_extension("new");
        fs::write(&new, difference)?;
        fs::rename(&new, clock)?;
    }
    Ok(())
}

/// A node whose clock a file controls. It sees a change of the file at once; elapsed time stays
/// true.
fn faked(server: ServerBuilder, library: &Path, clock: &Path) -> ServerBuilder {
    server
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
}

fn library() -> Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let folders = folders
        .map(|folder| folder.path())
        .chain([PathBuf::from("/usr/lib"), PathBuf::from("/usr/local/lib")]);
    let mut found = folders.map(|folder| folder.join("faketime").join(LIBRARY));
    found
        .find(|library| library.is_file())
        .context("libfaketime is needed (on Debian: apt-get install libfaketime)")
}
