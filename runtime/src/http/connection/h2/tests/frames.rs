//! What only shows in the frames themselves.

use std::sync::Arc;

use http::Response;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::oneshot,
};

use super::{
    super::{RESET_EARLY, STREAMS, WINDOW},
    scene::{MAX_HEADERS, serve, serve_on},
};
use crate::{
    http::{Body, connection::Activity},
    testing::run,
};

pub(super) const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

/// A frame (RFC 9113, section 4.1).
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    flags: u8,
    pub(super) stream: u32,
    content: Vec<u8>,
}

impl Frame {
    fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.content[at..at + 4].try_into().unwrap())
    }
}

/// A client that sends and reads frames.
pub(super) struct Raw(UnixStream);

impl Raw {
    /// Says hello.
    pub(super) async fn begin(mut socket: UnixStream) -> Self {
        socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut raw = Self(socket);
        raw.send(SETTINGS, 0, 0, &[]).await;
        raw
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, content: &[u8]) {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.0.write_all(&[&head, content].concat()).await.unwrap();
    }

    /// A GET of `http://a/`, by the static table of RFC 7541, appendix A.
    pub(super) async fn get(&mut self, stream: u32) {
        self.send(HEADERS, 5, stream, &[0x82, 0x86, 0x84, 0x41, 1, b'a']).await;
    }

    pub(super) async fn reset(&mut self, stream: u32) {
        self.send(RESET, 0, stream, &8_u32.to_be_bytes()).await;
    }

    /// What comes before the answer to a ping.
    pub(super) async fn ping(&mut self) -> Vec<Frame> {
        self.send(PING, 0, 0, &[0; 8]).await;
        let mut frames = Vec::new();
        loop {
            match self.read().await.unwrap() {
                Frame { kind: PING, .. } => return frames,
                frame => frames.push(frame),
            }
        }
    }

    /// `None` at the end of the connection.
    async fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut content = vec![0; length as usize];
        self.0.read_exact(&mut content).await.ok()?;
        let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
        Some(Frame { kind: head[3], flags: head[4], stream, content })
    }

    /// The next frame of a kind.
    pub(super) async fn next(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.read().await.unwrap();
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// All frames up to the end of the connection.
    async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.read().await {
            frames.push(frame);
        }
        frames
    }
}

#[test]
fn the_settings_are_those_of_the_server() {
    run(async {
        let mut raw = Raw::begin(serve(|_, _| async { Ok(Response::new(Body::Empty)) })).await;
        let settings = raw.next(SETTINGS).await;
        let settings = settings.content.chunks(6).map(|setting| {
            let value = u32::from_be_bytes(setting[2..].try_into().unwrap());
            (u16::from_be_bytes([setting[0], setting[1]]), value)
        });
        let mut settings: Vec<_> = settings.collect();
        settings.sort_unstable();
        let headers = u32::try_from(MAX_HEADERS).unwrap();
        assert_eq!(settings, [(3, STREAMS), (4, WINDOW), (6, headers), (8, 1)]);
        let update = raw.next(WINDOW_UPDATE).await;
        assert_eq!((update.stream, update.number(0)), (0, WINDOW - 65_535));
    });
}

/// RFC 9113, section 6.8: requests that are on their way are still taken after the first warning.
#[test]
fn finishing_warns_first() {
    run(async {
        let (finish, told) = oneshot::channel();
        let mut raw = Raw::begin(serve_on(
            &Arc::new(Activity::new(true)),
            |_, _| async { Ok(Response::new(Body::Empty)) },
            told,
        ))
        .await;
        raw.get(1).await;
        assert_eq!(raw.next(HEADERS).await.stream, 1);
        finish.send(()).unwrap();
        let warning = raw.next(GO_AWAY).await;
        assert_eq!((warning.number(0), warning.number(4)), (u32::MAX >> 1, 0));
        let ping = raw.next(PING).await;
        raw.get(3).await;
        raw.send(PING, 1, 0, &ping.content).await;
        let rest = raw.rest().await;
        assert!(rest.iter().any(|frame| (frame.kind, frame.stream) == (HEADERS, 3)), "{rest:?}");
        let last = rest.iter().rfind(|frame| frame.kind == GO_AWAY).unwrap();
        assert_eq!((last.number(0), last.number(4)), (3, 0));
    });
}

/// A connection that is told to finish before it has begun.
#[test]
fn finishing_waits_for_the_greeting() {
    run(async {
        let (finish, told) = oneshot::channel();
        let far =
            serve_on(&Arc::new(Activity::new(true)), |_, _| async { Ok(Response::new(Body::Empty)) }, told);
        finish.send(()).unwrap();
        tokio::task::yield_now().await;
        let mut raw = Raw::begin(far).await;
        assert_eq!(raw.next(GO_AWAY).await.number(4), 0);
    });
}

/// CVE-2023-44487: streams that are reset before anybody has looked at them.
#[test]
fn a_flood_of_resets_ends_the_connection() {
    run(async {
        let mut raw = Raw::begin(serve(|_, _| async { Ok(Response::new(Body::Empty)) })).await;
        for number in 0..=u32::try_from(RESET_EARLY).unwrap() {
            raw.get(2 * number + 1).await;
            raw.reset(2 * number + 1).await;
        }
        let end = raw.next(GO_AWAY).await;
        assert_eq!((end.number(4), end.flags), (11, 0), "ENHANCE_YOUR_CALM");
    });
}
