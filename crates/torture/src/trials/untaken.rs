//! T18: thousands of connections request pages and snapshots and read nothing of them. The server
//! stays within its memory, and others don't notice.
//!
//! It runs in a network namespace of its own, with the kernel's default sizes of buffers. The
//! connections that read nothing come from many addresses and sessions, so that all bounds are
//! reached. The others are in a room of their own and come from another address.
//!
//! Each window begins when thousands have connected and sent their requests. In one they request
//! large answers. In the window before it as many request next to nothing, because arriving costs
//! something by itself. The ratio of the others' p99 in both counts.
//!
//! A window has 160 messages, so two that a busy neighbour delays make its p99. Therefore the
//! trial measures several pairs of windows and takes the median of their ratios. When it is beyond
//! the bound the trial measures more pairs, up to three times as many, and takes the median of all.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Error, Result, ensure};
use papo_testing::{Guest, Server, Socket};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};

use super::{Context, blocking};
use crate::apart;
use crate::checker::check;
use crate::confined::Confined;
use crate::crowd::{Crowd, join};
use crate::database::Place;
use crate::measure::{ATTEMPTS, median};
use crate::plan::Plan;
use crate::process;
use crate::report::{Verdict, milliseconds, percentile};
use crate::wire::text_frame;

const SILENT: usize = 2_500;
/// Their addresses, with a session each.
const ADDRESSES: usize = 50;
/// The server's memory in MiB.
const MEMORY: u64 = 256;
/// How much slower the others may be.
const SLOWER: f64 = 2.0;
/// Windows without and with answers that nobody reads.
const PAIRS: usize = 3;
const READERS: usize = 40;
const WRITERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(100);
/// How long latencies are measured.
const WINDOW: Duration = Duration::from_secs(4);
/// Messages that make a page of 800 kB.
const LONG: usize = 50;
const LENGTH: usize = 4_000;
/// Within this time another client gets such a page, even if it is refused at first.
const SERVED: Duration = Duration::from_secs(20);

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    if !apart::is_inside() {
        return apart::run(context, "T18", &["--net"], &[]).await;
    }
    process::command(&["ip", "link", "set", "lo", "up"])?;
    let group = Confined::new(MEMORY);
    let folder = tempfile::TempDir::new()?;
    let builder = context
        .server()
        .data(folder.path())
        .wrapper(group.wrapper());
    let mut server = blocking(|| builder.start())?;
    let address = server.address();
    let silent = blocking(|| join(address, 1, ADDRESSES))?;
    blocking(|| fill(&server))?;
    let cookies = blocking(|| join(address, 2, READERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let mut plan = Plan::reader(format!("robot {number}"), vec![address], cookie);
        plan.room = 2;
        plan.pause = (number < WRITERS).then_some(PAUSE);
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    let mut peak = 0.0_f64;
    let mut page_after = Duration::ZERO;
    let mut pairs = Vec::new();
    let measured = async {
        for _ in 0..ATTEMPTS {
            for _ in 0..PAIRS {
                let idle = ask(address, &silent, Wish::Little).await?;
                let without = window(&crowd, &group, &server, &mut peak).await?;
                drop(idle);
                let held = ask(address, &silent, Wish::Much).await?;
                let with = window(&crowd, &group, &server, &mut peak).await?;
                page_after = page_after.max(is_served(&server, &cookies[0]).await?);
                drop(held);
                pairs.push(Pair { without, with });
            }
            if ratio(&pairs) <= SLOWER {
                break;
            }
        }
        Ok::<_, Error>(())
    };
    let measured = measured.await;
    let mut verdict = Verdict::of(format!("{SILENT} connections that read nothing"));
    verdict.figure(format!("in {}", group.name()));
    let is_alive = process::is_running(server.pid());
    verdict.demand(is_alive, || {
        format!("the server was killed, with {peak:.0} MiB")
    });
    if is_alive {
        measured?;
        compare(&pairs, &mut verdict);
        verdict.figure(format!("a page after {} at most", milliseconds(page_after)));
        let outcome = crowd.finish(&Place::folder(folder.path())).await?;
        verdict.checked(&check(
            &outcome.history,
            &Place::folder(folder.path()).read()?,
        ));
    }
    let most = f64::from(u32::try_from(MEMORY)?);
    verdict.demand(peak <= most, || {
        format!("{peak:.0} MiB with what sockets take")
    });
    verdict.figure(format!("{peak:.0} MiB at most, with what sockets take"));
    let _ = blocking(|| server.kill());
    Ok(verdict)
}

/// What the connections that read nothing request.
#[derive(Clone, Copy)]
enum Wish {
    Little,
    Much,
}

/// The others' p99 in two neighbouring windows.
struct Pair {
    without: Duration,
    with: Duration,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.with.as_secs_f64() / self.without.as_secs_f64()
    }
}

fn ratio(pairs: &[Pair]) -> f64 {
    median(pairs.iter().map(Pair::ratio))
}

/// Holds the others' latencies against the bound.
fn compare(pairs: &[Pair], verdict: &mut Verdict) {
    let ratio = ratio(pairs);
    verdict.demand(ratio <= SLOWER, || {
        format!("the others are {ratio:.2} times slower")
    });
    let p99 = |window: fn(&Pair) -> Duration| {
        let times: Vec<_> = pairs.iter().map(window).collect();
        milliseconds(percentile(&times, 50))
    };
    verdict.figure(format!(
        "others' p99 {} with, {} without, median of {} ratios {ratio:.2} ({:.2} to {:.2})",
        p99(|pair| pair.with),
        p99(|pair| pair.without),
        pairs.len(),
        pairs.iter().map(Pair::ratio).fold(f64::INFINITY, f64::min),
        pairs.iter().map(Pair::ratio).fold(0.0, f64::max),
    ));
}

/// Fills room 1 with long messages.
fn fill(server: &Server) -> Result<()> {
    let guest = Guest::joined(server, 1, "Long")?;
    let mut socket: Socket = guest.socket(1)?;
    socket.subscribe(1, None)?;
    let text = "\u{1F600}".repeat(LENGTH);
    for _ in 0..LONG {
        let reference = socket.post(1, &text)?;
        socket.wait_for_ack(reference)?;
    }
    Ok(())
}

/// The others' p99 during a window, and the most memory in it.
async fn window(
    crowd: &Crowd,
    group: &Confined,
    server: &Server,
    peak: &mut f64,
) -> Result<Duration> {
    crowd.world.measure();
    let start = Instant::now();
    while start.elapsed() < WINDOW {
        ensure!(process::is_running(server.pid()), "the server is gone");
        *peak = peak.max(group.memory(server.pid())?);
        sleep(Duration::from_millis(20)).await;
    }
    Ok(percentile(&crowd.world.measured(), 99))
}

/// Opens the connections that read nothing, and makes each request pages or snapshots, or the
/// server's health and a socket alone.
async fn ask(address: SocketAddr, cookies: &[Arc<str>], wish: Wish) -> Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(SILENT);
    let (page, subscribe) = match wish {
        Wish::Much => (
            "/room/1/messages/?before=999",
            text_frame("{\"type\":\"subscribe\",\"room\":1}")?.repeat(3),
        ),
        Wish::Little => ("/healthz", Vec::new()),
    };
    for number in 0..SILENT {
        let cookie = &cookies[number % cookies.len()];
        let last = u8::try_from(number % cookies.len())?;
        let head =
            format!("HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}");
        let asked = if number % 2 == 0 {
            format!("GET {page} {head}\r\n\r\n").repeat(5).into_bytes()
        } else {
            let handshake = format!(
                "GET /ws/chat/1/ {head}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: papo.v1\r\n\r\n"
            );
            [handshake.as_bytes(), &subscribe].concat()
        };
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::new(127, 0, 1, last + 1), 0).into())?;
        let mut stream = socket.connect(address).await.context("connecting")?;
        stream.write_all(&asked).await.context("asking")?;
        streams.push(stream);
    }
    Ok(streams)
}

/// Measures how long until another client gets a page.
async fn is_served(server: &Server, cookie: &Arc<str>) -> Result<Duration> {
    let start = Instant::now();
    loop {
        let mut guest = Guest::new(server);
        guest.cookie = Some(cookie.to_string());
        let page = blocking(|| guest.get("/room/2/messages/?before=999999"))?;
        if page.status == 200 {
            return Ok(start.elapsed());
        }
        ensure!(page.status == 503, "a page is answered {}", page.status);
        ensure!(start.elapsed() < SERVED, "nobody else gets a page");
        sleep(Duration::from_millis(200)).await;
    }
}
