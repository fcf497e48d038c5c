//! A connection on a pair of sockets.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::oneshot,
};

use super::super::{Engine, Http1};
use crate::{
    http::{
        Body,
        connection::{Activity, InterimSender, InterimTarget, Socket, Stream as Bytestream, Watched},
        server::{Aborted, Stream},
    },
    tunnel::Leg,
};

/// What a head may have in bytes.
pub(super) const MOST_HEAD: usize = 16 << 10;

pub(super) const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A client, in bytes.
pub(super) struct Client {
    socket: UnixStream,
    finish: Option<oneshot::Sender<()>>,
    engine: tokio::task::JoinHandle<()>,
    /// Capacity of the buffers for reading and writing when the engine ran last.
    buffered: Rc<RefCell<(usize, usize)>>,
}

impl Client {
    /// Of a service.
    pub(super) fn of<F>(service: impl Fn(Request<Body>, Option<Stream>) -> F + Unpin + 'static) -> Self
    where
        F: Future<Output = Result<Response<Body>, Aborted>> + 'static,
    {
        let (near, socket) = UnixStream::pair().unwrap();
        let activity = Arc::new(Activity::new(false));
        let near = Watched::new(Bytestream::Plain(Socket::Unix(near).into()), Arc::clone(&activity));
        let mut engine = Http1::new(near, &activity, MOST_HEAD, service);
        let (finish, told) = oneshot::channel();
        let buffered = Rc::new(RefCell::new((0, 0)));
        let (seen, mut told) = (Rc::clone(&buffered), Some(told));
        // Clients leave as they please.
        let engine = tokio::task::spawn_local(async move {
            drop(
                poll_fn(|cx| {
                    if let Some(waiting) = &mut told
                        && let Poll::Ready(finish) = Pin::new(waiting).poll(cx)
                    {
                        told = None;
                        if finish.is_ok() {
                            Pin::new(&mut engine).finish();
                        }
                    }
                    let polled = Pin::new(&mut engine).poll(cx);
                    *seen.borrow_mut() =
                        (engine.wire.0.state().input.bytes.capacity(), engine.output.capacity());
                    polled
                })
                .await,
            );
        });
        Self { socket, finish: Some(finish), engine, buffered }
    }

    pub(super) async fn send(&mut self, data: impl AsRef<[u8]>) {
        self.socket.write_all(data.as_ref()).await.unwrap();
    }

    /// Sends as much as is taken.
    pub(super) async fn flood(&mut self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            match self.socket.write(data).await {
                Ok(count) => data = &data[count..],
                Err(_) => return false,
            }
        }
        true
    }

    /// Sends until nobody takes more, that much at most. How much that was.
    pub(super) async fn send_until_full(&mut self, most: usize) -> usize {
        let mut sent = 0;
        let mut patience = 0;
        while sent < most && patience < 1000 {
            match self.socket.try_write(&vec![0; (most - sent).min(1 << 16)]) {
                Ok(count) => sent += count,
                Err(_) => patience += 1,
            }
            tokio::task::yield_now().await;
        }
        sent
    }

    /// Sends nothing more.
    pub(super) async fn end(&mut self) {
        // One that is closed needs no end.
        drop(self.socket.shutdown().await);
    }

    /// Tells the engine to finish.
    pub(super) fn finish(&mut self) {
        self.finish.take().unwrap().send(()).unwrap();
    }

    pub(super) fn buffered(&self) -> (usize, usize) {
        *self.buffered.borrow()
    }

    /// The next head.
    pub(super) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.socket.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    pub(super) async fn read(&mut self, count: usize) -> String {
        let mut data = vec![0; count];
        self.socket.read_exact(&mut data).await.unwrap();
        String::from_utf8(data).unwrap()
    }

    /// The next response whose length is announced: its head and its body.
    pub(super) async fn response(&mut self) -> (String, String) {
        let head = self.head().await;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        (head, self.read(length).await)
    }

    /// Waits until the engine is done.
    pub(super) async fn wait(&mut self) {
        (&mut self.engine).await.expect("it never panics");
    }

    /// What comes until the connection is closed.
    pub(super) async fn rest(&mut self) -> String {
        let mut data = Vec::new();
        self.socket.read_to_end(&mut data).await.unwrap();
        String::from_utf8(data).unwrap()
    }
}

/// What a service that says only this sends on a request.
pub(super) async fn answered(
    request: &str,
    response: impl Fn() -> Response<Body> + Unpin + 'static,
) -> String {
    let mut client = Client::of(move |request: Request<Body>, _| {
        let response = response();
        async move {
            http_body_util::BodyExt::collect(request.into_body()).await.map_err(|_| Aborted)?;
            Ok(response)
        }
    });
    client.send(request).await;
    client.end().await;
    client.rest().await
}

pub(super) fn ok(body: &'static str) -> Result<Response<Body>, Aborted> {
    Ok(Response::new(Body::from(body)))
}

pub(super) fn hint(target: &InterimTarget) {
    let headers = HeaderMap::from_iter([(http::header::LINK, HeaderValue::from_static("</a>"))]);
    InterimSender::new(target, Waker::noop()).send(StatusCode::EARLY_HINTS, &headers);
}

/// The connection of a request that is about to be answered with 101.
pub(super) fn take_over(stream: &Stream) -> Option<oneshot::Receiver<(Leg, Bytes)>> {
    match &stream.interim {
        InterimTarget::Connection(wire, request) => wire.take_over(*request),
        InterimTarget::Stream(_) => panic!("it is no stream"),
    }
}

/// What the first of the causes says.
pub(super) fn last_line(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().unwrap().to_string()
}
