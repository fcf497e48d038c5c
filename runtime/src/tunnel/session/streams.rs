//! What goes from one session to the other: datagrams, and streams with their ends.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use caddis_h3::{Code, Direction, webtransport::codes};
use quinn::{ReadError, StoppedError, VarInt, WriteError};

use super::Side;
use crate::{
    http::h3::{Arrived, Inbound, Outbound, Session},
    tunnel::Stream,
};

/// From the session that something has come in to the other one.
pub(super) struct Way {
    pub(super) to: Side,
    pub(super) source: Rc<Session>,
    pub(super) sink: Rc<Session>,
    /// Counts what has passed.
    pub(super) stream: Arc<Stream>,
}

impl Way {
    /// Passes a datagram on, or drops it.
    pub(super) fn datagram(&self, payload: &[u8]) {
        if self.sink.send_datagram(payload) {
            self.counts().0.fetch_add(payload.len() as u64, Relaxed);
        } else {
            let dropped = match self.to {
                Side::Upstream => &self.stream.dropped_to_upstream,
                Side::Client => &self.stream.dropped_from_upstream,
            };
            dropped.fetch_add(1, Relaxed);
        }
    }

    /// Passes a stream on until it has ended both ways. Dropped before, it is reset on both sides.
    pub(super) async fn pass(self: Rc<Self>, arrived: Arrived) {
        let Arrived { inbound, ahead, outbound, opened } = arrived;
        let direction = match outbound {
            Some(_) => Direction::Bidirectional,
            None => Direction::Unidirectional,
        };
        if !self.source.peer_opened(direction) || !self.source.received(ahead.len()) {
            return;
        }
        let Ok((send, receive, taken)) = self.sink.open(direction).await else { return };
        let (to, from) = self.counts();
        let there = pass_on((inbound, ahead), send, (&self.source, &self.sink), to);
        match outbound.zip(receive) {
            Some((outbound, receive)) => {
                let back = pass_on((receive, Bytes::new()), outbound, (&self.sink, &self.source), from);
                futures_util::future::join(there, back).await;
            }
            None => there.await,
        }
        drop((opened, taken));
        self.source.peer_closed(direction);
    }

    /// Bytes that were passed on this way, and the other way.
    fn counts(&self) -> (&AtomicU64, &AtomicU64) {
        let Stream { to_upstream, from_upstream, .. } = &*self.stream;
        match self.to {
            Side::Upstream => (to_upstream, from_upstream),
            Side::Client => (from_upstream, to_upstream),
        }
    }
}

/// Passes one direction of a stream on: its content, and how it ends. `ahead` was read of it already.
async fn pass_on(
    (mut from, mut ahead): (Inbound, Bytes),
    mut to: Outbound,
    (source, sink): (&Session, &Session),
    count: &AtomicU64,
) {
    let mut stopped = pin!(to.done());
    loop {
        let moved = match ahead.is_empty() {
            true => poll_fn(|cx| poll_read(&mut from, stopped.as_mut(), cx)).await,
            false => poll_fn(|cx| poll_write(&mut from, &mut to, &mut ahead, sink, cx)).await,
        };
        let moved = match moved {
            Moved::Limited => {
                let mut raised = pin!(sink.raised());
                poll_fn(|cx| match raised.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Moved::Limited),
                    Poll::Pending => poll_given_up(&mut from, stopped.as_mut(), cx),
                })
                .await
            }
            moved => moved,
        };
        match moved {
            Moved::Came(content) if source.received(content.len()) => ahead = content,
            Moved::Went(bytes) => {
                sink.sent(bytes);
                source.consumed(bytes);
                count.fetch_add(bytes as u64, Relaxed);
            }
            Moved::Limited => {}
            Moved::End => return to.finish(),
            Moved::Reset(code) => return to.reset(passed_on(code)),
            Moved::Stopped(code) => {
                from.stop(passed_on(code));
                return to.reset(code);
            }
            // Both halves are reset when they are dropped.
            Moved::Came(_) | Moved::Lost => return,
        }
    }
}

/// Waits for content, or for that nobody wants any.
fn poll_read(from: &mut Inbound, stopped: Pin<&mut impl Stopped>, cx: &mut Context<'_>) -> Poll<Moved> {
    if let Poll::Ready(stopped) = stopped.poll(cx) {
        return Poll::Ready(stopped.into());
    }
    from.poll_chunk(cx).map(|read| match read {
        Ok(Some(content)) => Moved::Came(content),
        Ok(None) => Moved::End,
        Err(ReadError::Reset(code)) => Moved::Reset(Code::new(code.into_inner())),
        Err(_) => Moved::Lost,
    })
}

/// Sends what there is. What the source has given up meanwhile is not waited for.
fn poll_write(
    from: &mut Inbound,
    to: &mut Outbound,
    ahead: &mut Bytes,
    sink: &Session,
    cx: &mut Context<'_>,
) -> Poll<Moved> {
    let most = sink.sendable();
    if most == 0 {
        return Poll::Ready(Moved::Limited);
    }
    match to.poll_write_some(cx, ahead, most) {
        Poll::Ready(Ok(bytes)) => Poll::Ready(Moved::Went(bytes)),
        Poll::Ready(Err(WriteError::Stopped(code))) => {
            Poll::Ready(Moved::Stopped(Code::new(code.into_inner())))
        }
        Poll::Ready(Err(_)) => Poll::Ready(Moved::Lost),
        Poll::Pending => from.poll_reset(cx).map(Moved::Reset),
    }
}

/// Ready when one of both ends has given the stream up.
fn poll_given_up(from: &mut Inbound, stopped: Pin<&mut impl Stopped>, cx: &mut Context<'_>) -> Poll<Moved> {
    match stopped.poll(cx) {
        Poll::Ready(stopped) => Poll::Ready(stopped.into()),
        Poll::Pending => from.poll_reset(cx).map(Moved::Reset),
    }
}

/// Done when the peer reads no further.
trait Stopped: Future<Output = Result<Option<VarInt>, StoppedError>> {}

impl<T: Future<Output = Result<Option<VarInt>, StoppedError>>> Stopped for T {}

impl From<Result<Option<VarInt>, StoppedError>> for Moved {
    fn from(stopped: Result<Option<VarInt>, StoppedError>) -> Self {
        match stopped {
            Ok(Some(code)) => Self::Stopped(Code::new(code.into_inner())),
            Ok(None) | Err(_) => Self::Lost,
        }
    }
}

/// The code that says the same on the other connection. Codes of applications, which both have in common, and that the session
/// is gone stay as they are. All others are about one connection; the peers of applications see nothing of them but that the
/// stream was given up.
fn passed_on(code: Code) -> Code {
    match codes::from_http(code) {
        None if code != Code::WT_SESSION_GONE => Code::H3_REQUEST_CANCELLED,
        _ => code,
    }
}

/// What has happened on a stream.
enum Moved {
    Came(Bytes),
    /// So many bytes are on their way.
    Went(usize),
    /// The session may send nothing at present.
    Limited,
    /// The source has said all.
    End,
    /// The source has given the stream up.
    Reset(Code),
    /// The sink reads no further.
    Stopped(Code),
    /// A connection is gone.
    Lost,
}

#[cfg(test)]
mod tests {
    use super::{Code, codes, passed_on};

    #[test]
    fn codes_of_applications_are_passed_on_and_no_others() {
        for code in [0, 29, 30, 0xffff, u32::MAX] {
            assert_eq!(codes::from_http(passed_on(codes::to_http(code))), Some(code));
        }
        for code in [Code::new(0), Code::H3_INTERNAL_ERROR, Code::WT_BUFFERED_STREAM_REJECTED] {
            assert_eq!(passed_on(code), Code::H3_REQUEST_CANCELLED);
        }
        assert_eq!(passed_on(Code::WT_SESSION_GONE), Code::WT_SESSION_GONE);
    }
}
