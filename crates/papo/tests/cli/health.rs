//! `papo health`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::Place;

#[test]
fn a_running_server_is_ready_and_a_stopped_one_is_not() {
    let place = Place::new();
    let mut server = place.serve();
    let url = format!("http://{}", server.address());
    let said = place.papo(&["health", &url]).ok();
    assert_eq!(said, format!("{url} is ready\n"));
    server.stop();
    let error = place.papo(&["health", &url]).error();
    assert!(
        error.starts_with(&format!("papo: {url} doesn't answer: ")),
        "{error}"
    );
}

#[test]
fn it_asks_where_the_server_is_configured_to_listen() {
    let place = Place::new();
    let mut server = place.serve();
    let address = server.address();
    let port = address.strip_prefix("127.0.0.1:").unwrap();
    let listen = format!("0.0.0.0:{port}");
    let variables = [("PAPO_LISTEN", listen.as_str())];
    let said = place.papo_with(&["health"], &variables).ok();
    assert_eq!(said, format!("http://127.0.0.1:{port} is ready\n"));
    place.papo(&["--listen", &listen, "health"]).ok();
}

#[test]
fn it_makes_nothing() {
    let place = Place::new();
    place.papo(&["health", "http://127.0.0.1:1"]).error();
    assert!(!place.data().exists());
}

#[test]
fn other_answers_are_told() {
    for (answer, expected) in [
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "isn't ready"),
        ("HTTP/1.1 404 Not Found\r\n\r\n", "404 Not Found"),
        ("220 mail.example.org ESMTP\r\n", "isn't papo"),
        ("", "isn't papo"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let other = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 200];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let error = Place::new().papo(&["health", &url]).error();
        assert!(error.contains(expected), "{error}");
        let request = other.join().unwrap();
        assert!(request.starts_with("GET /readyz HTTP/1.1\r\n"), "{request}");
    }
}

#[test]
fn an_answer_is_not_waited_for_without_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let error = Place::new().papo(&["health", &url]).error();
    assert!(error.contains("doesn't answer within 4 seconds"), "{error}");
}

#[test]
fn only_plain_addresses_can_be_asked() {
    let place = Place::new();
    for url in ["https://papo.example.org", "127.0.0.1:8000"] {
        let error = place.papo(&["health", url]).error();
        assert!(error.contains("is not an address such as"), "{error}");
    }
}
