//! What requests may look like.

use std::{cell::RefCell, rc::Rc};

use http::{Request, Response};

use super::scene::{Client, MOST_HEAD, answered, ok};
use crate::{http::Body, testing::run};

/// The status of what comes, and whether the connection ends with it.
async fn outcome(request: &str) -> (String, bool) {
    let answer = answered(request, || Response::new(Body::from("ok"))).await;
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    (status, answer.contains("\r\nConnection: close\r\n"))
}

async fn assert_refused(requests: &[&str], status: &str) {
    for request in requests {
        assert_eq!(outcome(request).await, (status.to_owned(), true), "{request:?}");
    }
}

fn assert_all_refused(requests: &[&str], status: &str) {
    run(assert_refused(requests, status));
}

#[test]
fn a_head_comes_in_any_pieces() {
    run(async {
        let mut client = Client::of(|request: Request<Body>, _| async move {
            assert_eq!(request.headers()["x-field"], "value");
            ok("answer")
        });
        for byte in b"\r\nPUT /a?b HTTP/1.1\r\nHost: a\r\nX-Field:  value \r\n\r\n" {
            client.send([*byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(client.response().await.1, "answer");
    });
}

#[test]
fn many_fields_have_room() {
    run(async {
        let fields: String = (0..500).map(|number| format!("n{number}: v\r\n")).collect();
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        assert_eq!(outcome(&request).await.0, "200");
    });
}

#[test]
fn lines_may_end_with_a_line_feed_alone() {
    run(async {
        assert_eq!(outcome("GET / HTTP/1.1\nHost: a\n\n").await, ("200".into(), false));
    });
}

#[test]
fn what_is_no_request_is_malformed() {
    assert_all_refused(
        &[
            "garbage\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / 1.1\r\nHost: a\r\n\r\n",
            "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        ],
        "400",
    );
}

/// RFC 9112, section 5.1.
#[test]
fn a_space_before_a_colon_is_refused() {
    assert_all_refused(
        &["GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n"],
        "400",
    );
}

/// RFC 9112, section 5.2.
#[test]
fn a_folded_field_is_refused() {
    assert_all_refused(&["GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"], "400");
}

/// RFC 9110, section 5.5.
#[test]
fn control_characters_in_fields_are_refused() {
    assert_all_refused(
        &[
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\x07b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
            "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        ],
        "400",
    );
}

/// RFC 9112, section 3.2.
#[test]
fn there_is_one_host_and_it_looks_like_one() {
    assert_all_refused(
        &[
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        ],
        "400",
    );
    run(async {
        for host in ["a:80", "[::1]:80", "a_b.c", "%61", ""] {
            assert_eq!(outcome(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).await.0, "200", "{host}");
        }
    });
}

/// RFC 9112, section 3.2.
#[test]
fn targets_have_four_forms() {
    let got = Rc::new(RefCell::new(Vec::new()));
    let gets = Rc::clone(&got);
    run(async move {
        let mut client = Client::of(move |request: Request<Body>, _| {
            gets.borrow_mut().push(request.uri().to_string());
            async { ok("") }
        });
        for line in ["GET /p?q", "GET http://b:1/p?q", "OPTIONS *", "CONNECT b:443"] {
            client.send(format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
            client.head().await;
        }
    });
    assert_eq!(*got.borrow(), ["/p?q", "http://b:1/p?q", "*", "b:443"]);
    assert_all_refused(
        &[
            "GET b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET b:443 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET ?q HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://b/#c HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n",
        ],
        "400",
    );
}

/// RFC 9112, section 6.3.
#[test]
fn the_length_is_one_number() {
    assert_all_refused(
        &[
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3 3\r\n\r\nabc",
        ],
        "400",
    );
    run(async {
        let same = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(outcome(same).await, ("200".into(), false));
    });
}

/// RFC 9112, section 6.3: what follows may be meant to be taken for another request.
#[test]
fn chunks_win_over_a_length_and_end_the_connection() {
    run(async {
        let mut client = Client::of(|request: Request<Body>, _| async move {
            assert!(!request.headers().contains_key("content-length"));
            let body = http_body_util::BodyExt::collect(request.into_body()).await.unwrap().to_bytes();
            Ok(Response::new(Body::from(body)))
        });
        client
            .send(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
                 1\r\na\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
            )
            .await;
        let (head, body) = client.response().await;
        assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
        assert_eq!(body, "a");
        client.end().await;
        assert_eq!(client.rest().await, "");
    });
}

/// RFC 9112, section 6.1.
#[test]
fn other_transfer_codings_are_not_implemented() {
    assert_all_refused(
        &[
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        ],
        "501",
    );
}

/// RFC 9112, section 6.1: no such client can mean it.
#[test]
fn http_1_0_has_no_transfer_coding() {
    assert_all_refused(&["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"], "400");
}

#[test]
fn unknown_expectations_fail() {
    assert_all_refused(&["POST / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 1\r\n\r\nx"], "417");
}

#[test]
fn other_versions_are_not_supported() {
    assert_all_refused(
        &["GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / HTTP/0.9\r\n\r\n"],
        "505",
    );
}

#[test]
fn a_head_has_a_limit() {
    run(async {
        let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(MOST_HEAD));
        assert_refused(&[&large], "431").await;
        let endless = "x".repeat(10 * MOST_HEAD);
        assert_refused(&[&endless], "431").await;
        let fitting = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(MOST_HEAD - 40));
        assert_eq!(outcome(&fitting).await.0, "200");
    });
}

#[test]
fn the_client_decides_whether_the_connection_stays() {
    run(async {
        for (request, closes) in [
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\n\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", true),
            ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false),
        ] {
            assert_eq!(outcome(request).await.1, closes, "{request:?}");
        }
        let old =
            answered("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", || Response::new(Body::from("ok")));
        assert!(old.await.contains("\r\nConnection: keep-alive\r\n"));
    });
}

/// Who reads the refusal only after it has sent everything still gets it.
#[test]
fn a_refusal_waits_for_a_client_that_still_sends() {
    run(async {
        let mut client = Client::of(|_, _| async { ok("") });
        assert!(client.flood(&vec![b'x'; 1 << 20]).await);
        client.end().await;
        assert!(client.rest().await.starts_with("HTTP/1.1 431 "));
    });
}

/// Requests that somebody has spoilt here and there.
fn spoilt(random: &mut fastrand::Rng) -> Vec<u8> {
    const PARTS: [&str; 12] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;x\r\nbody\r\n0\r\nX-T: 1\r\n\r\n",
        "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "\r\n",
        "\n",
        " ",
        ":",
        "\0",
        "Content-Length: 7\r\n",
        "Transfer-Encoding: chunked\r\n",
        "0\r\n\r\n",
    ];
    let mut bytes = Vec::new();
    for _ in 0..random.usize(1..4) {
        bytes.extend_from_slice(PARTS[random.usize(..4)].as_bytes());
    }
    for _ in 0..random.usize(..3) {
        let (at, part) = (random.usize(..=bytes.len()), random.usize(4..PARTS.len()));
        let end = (at + random.usize(..3)).min(bytes.len());
        bytes.splice(at..end, PARTS[part].bytes());
    }
    bytes
}

#[test]
fn however_bytes_come_they_are_taken_for_the_same() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..500 {
        let bytes = spoilt(&mut random);
        let step = random.usize(1..9);
        let taken = [bytes.len(), step].map(|step| {
            run(async {
                let got = Rc::new(RefCell::new(Vec::new()));
                let gets = Rc::clone(&got);
                let mut client = Client::of(move |request: Request<Body>, _| {
                    let gets = Rc::clone(&gets);
                    async move {
                        let (head, body) = request.into_parts();
                        let body = http_body_util::BodyExt::collect(body)
                            .await
                            .map(http_body_util::Collected::to_bytes);
                        gets.borrow_mut().push(format!("{head:?} {:?}", body.ok()));
                        ok("answer")
                    }
                });
                for piece in bytes.chunks(step) {
                    if !client.flood(piece).await {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                client.end().await;
                client.wait().await;
                got.take()
            })
        });
        assert_eq!(taken[0], taken[1], "{:?} in pieces of {step}", String::from_utf8_lossy(&bytes));
    }
}
