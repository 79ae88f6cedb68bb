//! Asks for pages on a few kept-alive connections, one request at a time on each.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Poll, Token};

use crate::connection::Connection;
use crate::http::{Head, get};
use crate::process::Meter;
use crate::report::Page;
use crate::sessions::join_all;
use crate::target::Target;
use crate::times::{Collected, number};

const SCRATCH: usize = 1_024 * 1_024;
const WARMUP: Duration = Duration::from_secs(1);

/// The pages to request.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// A path. Several are requested in turn.
    #[arg(long, required = true)]
    path: Vec<String>,
    /// How long to measure.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// Asks, and measures.
pub fn run(arguments: &Arguments) -> Result<Page> {
    let target = &arguments.target;
    let cookies = join_all(&Target {
        connections: target.rooms,
        sessions: 1,
        ..target.clone()
    })?;
    let cookie = cookies.first().context("a session")?;
    let address = target.address(0)?;
    let requests = arguments
        .path
        .iter()
        .map(|path| get(address, path, cookie))
        .collect();
    let mut readers = Readers::connect(target, requests)?;
    readers.ask_until(Instant::now() + WARMUP)?;
    (readers.answers, readers.times) = (0, Collected::default());
    let server = Meter::start(&target.processes)?;
    let started = Instant::now();
    readers.ask_until(started + Duration::from_secs(arguments.seconds))?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(Page {
        rate: number(readers.answers) / seconds,
        bytes: readers.bytes,
        cpu_per_answer: server.used_for(readers.answers)?,
        answered: readers.times.times(),
    })
}

struct Reader {
    connection: Connection,
    asked: Instant,
}

/// The connections, and what has come on them.
struct Readers {
    poll: Poll,
    all: Vec<Reader>,
    requests: Vec<String>,
    /// How many requests were made.
    asked: usize,
    answers: usize,
    /// Of the last answer.
    bytes: usize,
    times: Collected,
}

impl Readers {
    fn connect(target: &Target, requests: Vec<String>) -> Result<Self> {
        let poll = Poll::new()?;
        let mut readers = Vec::new();
        for index in 0..target.connections {
            let stream = std::net::TcpStream::connect(target.address(index)?)?;
            stream.set_nonblocking(true)?;
            let connection =
                Connection::new(TcpStream::from_std(stream), poll.registry(), Token(index))?;
            readers.push(Reader {
                connection,
                asked: Instant::now(),
            });
        }
        let times = Collected::default();
        let mut asking = Self {
            poll,
            all: readers,
            requests,
            asked: 0,
            answers: 0,
            bytes: 0,
            times,
        };
        for index in 0..asking.all.len() {
            asking.ask(index)?;
        }
        Ok(asking)
    }

    fn ask_until(&mut self, end: Instant) -> Result<()> {
        let mut events = Events::with_capacity(256);
        let mut scratch = vec![0; SCRATCH];
        while Instant::now() < end {
            self.poll
                .poll(&mut events, Some(Duration::from_millis(100)))?;
            for event in &events {
                if event.is_readable() {
                    self.read(event.token().0, &mut scratch)?;
                }
            }
        }
        Ok(())
    }

    fn ask(&mut self, index: usize) -> Result<()> {
        let request = &self.requests[self.asked % self.requests.len()];
        self.asked += 1;
        let reader = &mut self.all[index];
        reader.asked = Instant::now();
        Ok(reader.connection.write(request.as_bytes())?)
    }

    fn read(&mut self, index: usize, scratch: &mut [u8]) -> Result<()> {
        let reader = &mut self.all[index];
        let mut answer = Ok(None);
        let is_there = reader.connection.read(scratch, |bytes| {
            answer = whole(bytes);
            answer.as_ref().map_or(0, |head| {
                head.as_ref().map_or(0, |head| head.length + head.body)
            })
        })?;
        ensure!(is_there, "the server closed the connection");
        if let Some(head) = answer? {
            self.answers += 1;
            self.bytes = head.body;
            self.times.add(reader.asked.elapsed());
            self.ask(index)?;
        }
        Ok(())
    }
}

/// The head of the answer at the front, once all of the answer is there.
fn whole(bytes: &[u8]) -> Result<Option<Head>> {
    match Head::first(bytes)? {
        Some(head) if head.status != 200 => bail!("answered with {}", head.status),
        Some(head) if bytes.len() >= head.length + head.body => Ok(Some(head)),
        Some(_) | None => Ok(None),
    }
}
