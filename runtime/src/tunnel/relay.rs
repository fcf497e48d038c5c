//! Moves the bytes of one tunnel. While nothing moves it owns no buffer: it borrows the one of its shard to read into,
//! writes at once, and keeps only what the other side did not take.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::io::AsyncWrite;

use super::{
    Ended, Leg, Opened, Reason,
    direction::{Broken, Direction, Side},
    lifetime::Lifetime,
    registry::Registry,
};

use crate::shard;

/// The most that is read at once.
const BUFFER: usize = 64 << 10;

/// Two legs that are to be connected.
pub struct Tunnel {
    /// The client's side and what was read of it already.
    pub client: (Leg, Bytes),
    /// The upstream's side and what was read of it already.
    pub upstream: (Leg, Bytes),
    /// Whether both sides speak WebSocket, so that closing takes a close frame.
    pub websocket: bool,
    /// `stream_timeout`: how long the stream may last.
    pub timeout: Option<Duration>,
    /// `stream_buffer_size`: the most that is read at once and kept for a slow side; at most 64 KiB, which is also what
    /// zero stands for.
    pub buffer_size: usize,
    /// Called at the end. What it owns lives as long as the stream does.
    pub ended: Box<dyn FnOnce(Ended)>,
}

impl Tunnel {
    /// Enters the stream into the registry and relays it on this shard until it ends.
    pub fn spawn(self, registry: &Arc<Registry>, opened: Opened) {
        let open = registry.open(opened);
        let (stream, websocket) = (&open.stream, self.websocket);
        stream.to_upstream.store(self.client.1.len() as u64, Ordering::Relaxed);
        stream.from_upstream.store(self.upstream.1.len() as u64, Ordering::Relaxed);
        tokio::task::spawn_local(Relay {
            up: Direction::new(Side::Upstream, self.client.1, websocket),
            down: Direction::new(Side::Client, self.upstream.1, websocket),
            client: self.client.0,
            upstream: self.upstream.0,
            limit: if self.buffer_size == 0 { BUFFER } else { self.buffer_size.min(BUFFER) },
            websocket,
            first: None,
            lifetime: Lifetime::new(open, self.timeout, self.ended),
        });
    }
}

struct Relay {
    client: Leg,
    upstream: Leg,
    /// From the client to the upstream.
    up: Direction,
    /// From the upstream to the client.
    down: Direction,
    limit: usize,
    websocket: bool,
    /// Which side ended first.
    first: Option<Reason>,
    lifetime: Lifetime,
}

impl Future for Relay {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let relay = self.get_mut();
        let (reason, error) = match relay.poll_close(cx) {
            Poll::Ready(reason) => (reason, None),
            Poll::Pending => ready!(relay.poll_relay(cx)),
        };
        relay.finish(reason, error, cx);
        Poll::Ready(())
    }
}

impl Relay {
    /// Ready when the stream has to end now, whatever its sides are doing.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        if self.lifetime.leaving().is_none() {
            let reason = ready!(self.lifetime.poll_due(cx));
            if !self.websocket {
                return Poll::Ready(reason);
            }
            self.lifetime.leave(reason);
            self.up.leave();
            self.down.leave();
        }
        self.lifetime.poll_left(cx)
    }

    /// Ready when both directions have ended, or one has broken.
    fn poll_relay(&mut self, cx: &mut Context<'_>) -> Poll<(Reason, Option<io::Error>)> {
        let Self { client, upstream, up, down, lifetime, .. } = self;
        let stream = lifetime.stream();
        let (up, down) = shard::with_scratch(|buffer| {
            let buffer = &mut buffer[..self.limit];
            let up = up.poll(client, upstream, &stream.to_upstream, buffer, cx);
            (up, down.poll(upstream, client, &stream.from_upstream, buffer, cx))
        });
        if self.first.is_none() {
            self.first = match (self.up.source_ended(), self.down.source_ended()) {
                (true, _) => Some(Reason::Client),
                (false, true) => Some(Reason::Upstream),
                (false, false) => None,
            };
        }
        let (reason, error) = match (up, down) {
            (Poll::Ready(Err(Broken::Source(error))), _) | (_, Poll::Ready(Err(Broken::Sink(error)))) => {
                (Reason::Client, Some(error))
            }
            (Poll::Ready(Err(Broken::Sink(error))), _) | (_, Poll::Ready(Err(Broken::Source(error)))) => {
                (Reason::Upstream, Some(error))
            }
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => (self.first.unwrap_or(Reason::Client), None),
            (_, _) => return Poll::Pending,
        };
        Poll::Ready(match self.lifetime.leaving() {
            // Whoever leaves while we say goodbye does what we wanted.
            Some(reason) => (reason, None),
            None => (reason, error),
        })
    }

    fn finish(&mut self, reason: Reason, error: Option<io::Error>, cx: &mut Context<'_>) {
        // The sockets are closed next. This makes TLS say so; whether a peer wants to hear it makes no difference.
        for leg in [&mut self.client, &mut self.upstream] {
            drop(Pin::new(leg).poll_shutdown(cx));
        }
        self.lifetime.end(reason, error);
    }
}
