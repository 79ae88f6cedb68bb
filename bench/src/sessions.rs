//! Joins rooms before anything is measured: blocking, on a few threads. A crowd in many rooms joins
//! the first of them so, and the generator writes its other memberships into the server's file.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, params};

use crate::http::{Head, join};
use crate::target::Target;

/// How many join at a time: the server commits those together.
const THREADS: usize = 32;
/// The longest wait for an answer, and for the server's writer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Each person is in one of `?1` rooms. The statement adds their next rooms, so that each has `?2`.
/// Their read positions are at the ends of the logs.
const ADD_MEMBERSHIPS: &str = "WITH RECURSIVE step (number) AS \
    (SELECT 1 UNION ALL SELECT number + 1 FROM step WHERE number + 1 < ?2) \
    INSERT INTO membership \
    (person_id, room_id, username, likeness, joined_at, read_seq, read_version) \
    SELECT person_id, room.id, username, likeness, joined_at, room.last_seq, read_version \
    FROM membership CROSS JOIN step \
    JOIN room ON room.id = 1 + (membership.room_id - 1 + step.number) % ?1 \
    WHERE true ON CONFLICT DO NOTHING";

/// Makes the target's sessions, each joined to the rooms of its connections. Returns their cookies.
pub(crate) fn join_all(target: &Target) -> Result<Vec<String>> {
    let sessions: Vec<usize> = (0..target.sessions).collect();
    let share = sessions.len().div_ceil(THREADS).max(1);
    let cookies: Result<Vec<Vec<String>>> = thread::scope(|scope| {
        let threads: Vec<_> = sessions
            .chunks(share)
            .map(|sessions| scope.spawn(move || join_some(target, sessions)))
            .collect();
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| bail!("joining panicked")));
        ended.collect()
    });
    let cookies = cookies?.concat();
    if let Some(file) = &target.file {
        add_memberships(file, target)?;
    }
    Ok(cookies)
}

/// Writes the memberships that weren't asked for, while the server runs: as a command would.
fn add_memberships(file: &Path, target: &Target) -> Result<()> {
    let db = Connection::open(file).with_context(|| format!("opening {}", file.display()))?;
    db.busy_timeout(PATIENCE)?;
    let (rooms, joined) = (i64::try_from(target.rooms)?, i64::try_from(target.joined)?);
    db.execute(ADD_MEMBERSHIPS, params![rooms, joined])?;
    Ok(())
}

fn join_some(target: &Target, sessions: &[usize]) -> Result<Vec<String>> {
    let first = sessions.first().copied().unwrap_or_default();
    let address = target.address(first)?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    sessions
        .iter()
        .map(|&session| join_rooms(target, address, session, &mut stream))
        .collect()
}

fn join_rooms(
    target: &Target,
    address: SocketAddr,
    session: usize,
    stream: &mut TcpStream,
) -> Result<String> {
    let connections = (session..target.connections.max(session + 1)).step_by(target.sessions);
    let rooms: BTreeSet<usize> = connections
        .flat_map(|connection| target.requested_rooms_of(connection))
        .collect();
    let mut cookie = None;
    for room in rooms {
        let set = join_room(address, room, session, cookie.as_deref(), stream)?;
        cookie = set.or(cookie);
    }
    cookie.context("joining gave no session")
}

fn join_room(
    address: SocketAddr,
    room: usize,
    session: usize,
    cookie: Option<&str>,
    stream: &mut TcpStream,
) -> Result<Option<String>> {
    stream.write_all(join(address, room, &Target::username(session), cookie).as_bytes())?;
    let mut answer = Vec::new();
    let mut scratch = [0; 4_096];
    loop {
        let count = stream.read(&mut scratch)?;
        answer.extend_from_slice(&scratch[..count]);
        match Head::first(&answer)? {
            Some(head) if answer.len() < head.length + head.body && count > 0 => {}
            Some(head) if head.status == 303 => return Ok(head.cookie),
            Some(head) => bail!("joining room {room} was answered with {}", head.status),
            None if count == 0 => bail!("the server closed the connection"),
            None => {}
        }
    }
}
