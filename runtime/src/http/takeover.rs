//! Taking over what a message came on, when both ends agree to speak something else there.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Exchange, connection::InterimTarget, h3::SessionLeg};
use crate::tunnel::Leg;

/// What came with an extended CONNECT (RFC 8441, section 4; RFC 9220, section 3), on any version that has streams.
#[derive(Debug)]
pub(crate) struct Connect {
    /// What the client wants to speak on its stream.
    pub(crate) protocol: Box<str>,
    /// The stream, once a response of class 2xx is sent. Such a response is one like others if this was dropped before.
    pub(crate) stream: Wanted,
}

/// What becomes of the stream of an extended CONNECT.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// Bytes in both directions.
    Bytes(oneshot::Receiver<Leg>),
    /// A WebTransport session, which is more than the stream.
    Session(oneshot::Receiver<SessionLeg>),
}

/// One side of a tunnel, and what was read of it already: there once the response that agrees has passed.
pub(crate) enum Takeover {
    /// The whole connection, after an upgrade of HTTP/1.1.
    Connection(oneshot::Receiver<(Leg, Bytes)>),
    /// A stream of a connection that goes on.
    Stream(oneshot::Receiver<Leg>),
    /// The side of an upstream, which has agreed. `None` once it was taken.
    Agreed(Option<(Leg, Bytes)>),
}

/// Nothing can be taken over any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("the connection ended before it was taken over")]
    Connection,
    #[error("the stream ended before it was taken over")]
    Stream,
}

impl Takeover {
    /// The client's side; `None` if the client has not asked for that.
    pub(crate) fn of_client(exchange: &mut Exchange) -> Option<Self> {
        if let Some(connect) = exchange.connect.take() {
            return match connect.stream {
                Wanted::Bytes(stream) => Some(Self::Stream(stream)),
                Wanted::Session(_) => None,
            };
        }
        match &exchange.interim {
            Some(InterimTarget::Connection(wire, request)) => wire.take_over(*request).map(Self::Connection),
            Some(InterimTarget::Stream(_)) | None => None,
        }
    }
}

impl Future for Takeover {
    type Output = Result<(Leg, Bytes), Lost>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Connection(connection) => Pin::new(connection).poll(cx).map_err(|_| Lost::Connection),
            Self::Stream(stream) => {
                Pin::new(stream).poll(cx).map(|leg| Ok((leg.map_err(|_| Lost::Stream)?, Bytes::new())))
            }
            Self::Agreed(leg) => Poll::Ready(leg.take().ok_or(Lost::Stream)),
        }
    }
}
