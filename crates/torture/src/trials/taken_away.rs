//! T20: the database's files are taken away or damaged. Papo must notice and say so, and
//! acknowledge nothing after it.
//!
//! The disk fails like an ext4 that has shut itself down; where none can be mounted, the table says
//! so. It is mounted in a namespace of this trial.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use papo_protocol::ServerFrame;
use papo_testing::{Guest, Server, Socket};
use parking_lot::Mutex;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Context, blocking};
use crate::apart;
use crate::process;
use crate::report::Verdict;

const WRITERS: usize = 4;
/// The fewest acknowledgements before the fault.
const BEFORE: usize = 100;
/// How long acknowledgements may still come, and then how long the process may live.
const NOTICED: Duration = Duration::from_secs(1);
const ENDING: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(20);

/// What is done to the database's file, given a backup of it.
type Trick = fn(&Path, &Path) -> Result<()>;

/// What the next start must find.
#[derive(Clone, Copy)]
enum Again {
    /// Nothing, and it makes no new chat there.
    Nothing,
    /// The backup, and nothing else.
    Backup,
    /// A whole database.
    Whole,
}

const TRICKS: [(&str, Again, Trick); 7] = [
    ("removed", Again::Nothing, |file, _| {
        Ok(fs::remove_file(file)?)
    }),
    ("moved away", Again::Nothing, |file, _| {
        Ok(fs::rename(file, beside(file, ".old"))?)
    }),
    ("replaced", Again::Backup, |file, backup| {
        Ok(fs::rename(backup, file)?)
    }),
    ("overwritten", Again::Backup, |file, backup| {
        Ok(fs::copy(backup, file).map(drop)?)
    }),
    ("emptied", Again::Nothing, |file, _| cut(file)),
    ("cut off", Again::Whole, |file, _| {
        cut(&beside(file, "-wal"))
    }),
    ("robbed of its log", Again::Whole, |file, _| {
        Ok(fs::remove_file(beside(file, "-wal"))?)
    }),
];

fn cut(file: &Path) -> Result<()> {
    Ok(File::options().write(true).open(file)?.set_len(0)?)
}

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    if !apart::is_inside() {
        return apart::run(context, "T20", &["--mount"], &[]).await;
    }
    blocking(|| all(context))
}

fn all(context: &Context) -> Result<Verdict> {
    let mut verdict = Verdict::of(format!("{} tricks, five kinds of damage", TRICKS.len()));
    for (name, again, trick) in TRICKS {
        taken(context, name, again, trick, &mut verdict).context(name)?;
    }
    disk_gone(context, &mut verdict).context("the disk goes away")?;
    page_damaged(context, &mut verdict).context("a page is damaged")?;
    message_damaged(context, &mut verdict).context("a message is damaged")?;
    log_damaged(context, &mut verdict).context("the log is damaged")?;
    log_ended_early(context, &mut verdict).context("the log ends early")?;
    Ok(verdict)
}

fn taken(
    context: &Context,
    name: &str,
    again: Again,
    trick: Trick,
    verdict: &mut Verdict,
) -> Result<()> {
    let mut server = context.server().start()?;
    let writers = Writers::start(server.address())?;
    writers.wait(BEFORE)?;
    let backup = server.data().join("backup.sqlite3");
    server.command(&["backup", &backup.to_string_lossy()])?;
    let saved = messages(&backup)?;
    // The command has emptied the log, and nobody misses anything of an empty one.
    let acks = writers.acks.lock().len();
    writers.wait(acks + BEFORE)?;
    trick(&database(&server), &backup)?;
    ends_by_itself(&mut server, writers, name, verdict)?;
    let started = server.restart();
    if let Again::Nothing = again {
        verdict.demand(started.is_err(), || {
            format!("where the database was {name}, a new one is made")
        });
        return Ok(());
    }
    if let Err(error) = started.and_then(|()| server.command(&["doctor"])) {
        let fault = format!("the database was {name}, and can't be used again: {error:#}");
        verdict.faults.push(fault);
        return Ok(());
    }
    if let Again::Backup = again {
        let found = messages(&database(&server))?;
        verdict.demand(found == saved, || {
            format!("the database was {name} with {saved} messages, and has {found} afterwards")
        });
    }
    Ok(())
}

fn messages(database: &Path) -> Result<i64> {
    let db = Connection::open(database)?;
    Ok(db.query_row("SELECT count(*) FROM message", [], |row| row.get(0))?)
}

fn disk_gone(context: &Context, verdict: &mut Verdict) -> Result<()> {
    let folder = TempDir::new()?;
    let (image, disk) = (folder.path().join("image"), folder.path().join("disk"));
    fs::create_dir(&disk)?;
    File::create(&image)?.set_len(64 << 20)?;
    let (image, path) = (image.to_string_lossy(), disk.to_string_lossy());
    let made = process::command(&["mkfs.ext4", "-q", "-F", &image]);
    let mount = || process::command(&["mount", "-t", "ext4", "-o", "loop", &image, &path]);
    if let Err(why) = made.and_then(|()| mount()) {
        verdict.figure(format!("no ext4 could be mounted: {why:#}"));
        return Ok(());
    }
    let mut server = context.server().data(disk.join("data")).start()?;
    let writers = Writers::start(server.address())?;
    writers.wait(BEFORE)?;
    // The kernel reports that this failed, and has done it.
    let _ = process::command(&["mount", "-o", "remount,abort", &path]);
    ends_by_itself(&mut server, writers, "on a disk that is gone", verdict)?;
    process::command(&["umount", "--lazy", &path])
}

/// The writer meets an invalid page that nobody reads.
fn page_damaged(context: &Context, verdict: &mut Verdict) -> Result<()> {
    let mut server = context.server().start()?;
    talk(&server, 20)?;
    let writers = Writers::join(server.address())?;
    server.stop()?;
    let path = database(&server);
    let db = Connection::open(&path)?;
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'message_by_client_id'";
    let root: i64 = db.query_row(sql, [], |row| row.get(0))?;
    let bytes: i64 = db.pragma_query_value(None, "page_size", |row| row.get(0))?;
    drop(db);
    let mut file = File::options().write(true).open(&path)?;
    file.seek(SeekFrom::Start(((root - 1) * bytes).cast_unsigned()))?;
    file.write_all(&vec![0xaa; usize::try_from(bytes)?])?;
    drop(file);
    let report = server.command(&["doctor"]);
    verdict.demand(report.is_err(), || "doctor finds no damaged page".into());
    server.restart()?;
    let writers = writers.talk();
    ends_by_itself(&mut server, writers, "damaged in a page", verdict)
}

fn message_damaged(context: &Context, verdict: &mut Verdict) -> Result<()> {
    let mut server = context.server().start()?;
    talk(&server, 3)?;
    server.stop()?;
    let sql = "UPDATE message SET content = CAST(x'4f6cff21' AS TEXT) WHERE seq = 2";
    Connection::open(database(&server))?.execute(sql, [])?;
    server.restart()?;
    let mut reader = Guest::joined(&server, 1, "Bia")?;
    let page = reader.get("/room/1/messages/?before=9")?;
    let is_shown = page.status == 200 && page.body.contains("\"damaged\":true");
    verdict.demand(is_shown, || {
        format!("a damaged message isn't shown as such: {}", page.status)
    });
    let report = server.command(&["doctor"]);
    let is_named = report.is_err_and(|report| report.to_string().contains("message 2 of room 1"));
    verdict.demand(is_named, || "doctor doesn't name a damaged message".into());
    Ok(())
}

fn log_damaged(context: &Context, verdict: &mut Verdict) -> Result<()> {
    let mut server = context.server().start()?;
    // A command that ends checkpoints the log, so this comes after it.
    let before = server.command(&["epoch"])?;
    talk(&server, 20)?;
    server.kill()?;
    let log = beside(&database(&server), "-wal");
    let mut bytes = fs::read(&log)?;
    let place = bytes.len() * 3 / 4;
    *bytes.get_mut(place).context("the log is empty")? ^= 1;
    fs::write(&log, bytes)?;
    let report = server.command(&["doctor"]);
    let is_named = report.is_err_and(|report| report.to_string().contains("write-ahead log"));
    verdict.demand(is_named, || "doctor doesn't name the damaged log".into());
    server.restart()?;
    let after = server.command(&["epoch"])?;
    verdict.demand(before != after, || {
        "a log that damage has cut goes on as the same history".into()
    });
    Ok(())
}

/// After a kill the log is cut off between two of its pages, or removed, which SQLite can't know.
fn log_ended_early(context: &Context, verdict: &mut Verdict) -> Result<()> {
    for (how, kept) in [("cut off", Some(3_u64)), ("removed", None)] {
        let mut server = context.server().start()?;
        let before = server.command(&["epoch"])?;
        talk(&server, 20)?;
        server.kill()?;
        let log = beside(&database(&server), "-wal");
        match kept {
            // The header, and this many pages of a kibibyte with their headers.
            Some(pages) => File::options()
                .write(true)
                .open(&log)?
                .set_len(32 + pages * 1_048)?,
            None => fs::remove_file(&log)?,
        }
        let report = server.command(&["doctor"]);
        let is_named = report.is_err_and(|report| report.to_string().contains("aren't there"));
        verdict.demand(is_named, || {
            format!("doctor doesn't name what is lost of a log that was {how}")
        });
        server.restart()?;
        let after = server.command(&["epoch"])?;
        verdict.demand(before != after, || {
            format!("a log that was {how} goes on as the same history")
        });
    }
    Ok(())
}

/// Demands that acknowledgements stop soon, and that the process ends with a reason.
fn ends_by_itself(
    server: &mut Server,
    writers: Writers<JoinHandle<()>>,
    how: &str,
    verdict: &mut Verdict,
) -> Result<()> {
    let since = Instant::now();
    while process::is_running(server.pid()) && since.elapsed() < ENDING {
        thread::sleep(LOOK);
    }
    let took = since.elapsed();
    let late = writers.finish(since + NOTICED);
    verdict.demand(late == 0, || {
        format!("{late} acknowledgements later than {NOTICED:?} after the database was {how}")
    });
    if process::is_running(server.pid()) {
        verdict
            .faults
            .push(format!("the database was {how}, and the process goes on"));
        return server.kill();
    }
    let says_why = server.wait_for_line("so nothing more can be promised");
    verdict.demand(says_why.is_ok(), || {
        format!("when the database was {how}, the process doesn't say why it ends")
    });
    verdict.figure(format!("{how}: {:.1} s", took.as_secs_f64()));
    Ok(())
}

/// People who post one message after another, each when the last is acknowledged.
struct Writers<T> {
    address: String,
    people: Vec<T>,
    is_over: Arc<AtomicBool>,
    acks: Arc<Mutex<Vec<Instant>>>,
}

impl Writers<Guest> {
    fn join(address: SocketAddr) -> Result<Self> {
        let address = address.to_string();
        let join = |number| {
            let mut guest = Guest::at(&address);
            guest.join(1, &format!("Ana {number}"))?;
            Ok(guest)
        };
        Ok(Self {
            people: (0..WRITERS).map(join).collect::<Result<_>>()?,
            address,
            is_over: Arc::default(),
            acks: Arc::default(),
        })
    }

    fn talk(self) -> Writers<JoinHandle<()>> {
        let start = |guest: Guest| {
            let (is_over, acks) = (Arc::clone(&self.is_over), Arc::clone(&self.acks));
            thread::spawn(move || {
                let Ok(mut socket) = guest.socket(1) else {
                    return;
                };
                let _ = socket.subscribe(1, None);
                while !is_over.load(Ordering::Relaxed) {
                    match post(&mut socket) {
                        Ok(true) => acks.lock().push(Instant::now()),
                        Ok(false) => thread::sleep(LOOK),
                        Err(_) => return,
                    }
                }
            })
        };
        Writers {
            people: self.people.into_iter().map(start).collect(),
            address: self.address,
            is_over: self.is_over,
            acks: self.acks,
        }
    }
}

impl Writers<JoinHandle<()>> {
    fn start(address: SocketAddr) -> Result<Self> {
        Ok(Writers::join(address)?.talk())
    }

    /// Waits for this many acknowledgements.
    fn wait(&self, count: usize) -> Result<()> {
        let start = Instant::now();
        while self.acks.lock().len() < count {
            let address = &self.address;
            ensure!(start.elapsed() < ENDING, "{address} acknowledges nothing");
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// How many acknowledgements came after this moment.
    fn finish(self, after: Instant) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.people {
            let _ = thread.join();
        }
        let acks = self.acks.lock();
        acks.iter().filter(|at| **at > after).count()
    }
}

/// Posts a message. Returns whether it is acknowledged or refused; fails when the connection has
/// ended.
fn post(socket: &mut Socket) -> Result<bool> {
    let reference = socket.post(1, &"palavras ".repeat(20))?;
    let is_answer = |frame: &ServerFrame| {
        matches!(
            frame,
            ServerFrame::Ack { r#ref, .. } | ServerFrame::Error { r#ref, .. }
                if *r#ref == Some(reference)
        )
    };
    let answer = socket.receive_where(is_answer)?;
    Ok(matches!(answer, ServerFrame::Ack { .. }))
}

/// Posts this many messages.
fn talk(server: &Server, count: usize) -> Result<()> {
    let guest = Guest::joined(server, 1, "Bia")?;
    let mut socket = guest.socket(1)?;
    socket.subscribe(1, None)?;
    for number in 0..count {
        let reference = socket.post(1, &number.to_string())?;
        socket.wait_for_ack(reference)?;
    }
    Ok(())
}

fn database(server: &Server) -> PathBuf {
    server.data().join("papo.sqlite3")
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
