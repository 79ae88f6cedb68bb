//! `/metrics`, `/healthz`, `/readyz`.

use std::time::Instant;

use papo_protocol::ServerFrame;
use papo_testing::{Guest, PATIENCE, Page, Server};

use super::papo;

/// Welcome, snapshot, ten acknowledgements, ten messages, five errors.
const DELIVERIES: f64 = 27.0;

fn figure(page: &Page, name: &str) -> f64 {
    let line = page
        .body
        .lines()
        .find(|line| line.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("no {name} in {}", page.body))
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

/// The page, once a figure is at least this high: the server counts a write after it.
fn page_with(server: &Server, name: &str, least: f64) -> Page {
    let start = Instant::now();
    loop {
        let page = Guest::new(server).get("/metrics").unwrap();
        if figure(&page, name) >= least {
            return page;
        }
        assert!(start.elapsed() < PATIENCE, "{name}: {}", page.body);
    }
}

#[test]
fn figures_are_counted_for_those_who_may_read_them() {
    let server = papo()
        .env("PAPO_METRICS_READERS", "127.0.0.1")
        .start()
        .unwrap();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut socket = guest.socket(1).unwrap();
    socket.subscribe(1, None).unwrap();
    for number in 0..10 {
        let reference = socket.post(1, &number.to_string()).unwrap();
        socket.wait_for_ack(reference).unwrap();
    }
    socket.send_text("nonsense").unwrap();
    let is_error = |frame: &ServerFrame| matches!(frame, ServerFrame::Error { .. });
    socket.receive_where(is_error).unwrap();
    for refused in [
        // Refused by `web`, by the application, by the writer.
        r#"{"type":"unsubscribe","ref":90,"room":2}"#,
        r#"{"type":"subscribe","ref":91,"room":2}"#,
        r#"{"type":"edit","ref":92,"seq":1,"message":""}"#,
        r#"{"type":"edit","ref":93,"seq":99,"message":"x"}"#,
    ] {
        socket.send_text(refused).unwrap();
        socket.receive_where(is_error).unwrap();
    }
    let page = page_with(&server, "papo_deliveries_total", DELIVERIES);
    assert!(page.header("content-type").starts_with("text/plain"));
    let exact = [
        ("papo_connections", 1.0),
        ("papo_live_rooms", 1.0),
        ("papo_events_total", 10.0),
        ("papo_refusals_total", 5.0),
        // And what the writer refused.
        ("papo_commit_seconds_count", 11.0),
        ("papo_commit_batch_events_sum", 11.0),
        ("papo_slow_readers_total", 0.0),
        ("papo_dead_jobs", 0.0),
    ];
    for (name, value) in exact {
        assert!(
            (figure(&page, name) - value).abs() < 0.5,
            "{name}: {}",
            page.body
        );
    }
}

#[test]
fn nobody_else_sees_the_page() {
    let server = papo().start().unwrap();
    assert_eq!(Guest::new(&server).get("/metrics").unwrap().status, 404);
    let server = papo()
        .env("PAPO_METRICS_READERS", "192.0.2.0/24")
        .start()
        .unwrap();
    assert_eq!(Guest::new(&server).get("/metrics").unwrap().status, 404);
}

#[test]
fn a_balancer_can_ask_how_the_server_is() {
    let server = papo().start().unwrap();
    let mut guest = Guest::new(&server);
    assert_eq!(guest.get("/healthz").unwrap().status, 200);
    assert_eq!(guest.get("/readyz").unwrap().status, 200);
}
