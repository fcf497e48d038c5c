//! Message bodies without a box where none is needed.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::{Frame, SizeHint};

use super::{
    connection::{Incoming, Received},
    h1,
};

/// Why a body ended early.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The length of the body that fields announce, if it is a number.
pub(crate) fn announced_length(headers: &HeaderMap) -> Option<u64> {
    h1::number(headers.get(header::CONTENT_LENGTH)?.as_bytes())
}

/// The body of a request or a response. It stays on the shard of the request.
#[derive(Default)]
pub enum Body {
    /// No content.
    #[default]
    Empty,
    /// Content that is in memory.
    Full(Bytes),
    /// What a client is sending on a connection of HTTP/1.1.
    Incoming(Incoming),
    /// What a peer is sending on a stream of HTTP/2.
    Received(Received),
    /// Anything else.
    Boxed(Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError>>>),
}

impl Body {
    /// Wraps any body.
    pub fn boxed<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + 'static,
        B::Error: Into<BodyError>,
    {
        use http_body_util::BodyExt;
        Body::Boxed(Box::pin(body.map_err(Into::into)))
    }

    /// Whether it is known that nothing is to come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        http_body::Body::is_end_stream(self)
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Body::Empty => "Empty",
            Body::Full(_) => "Full",
            Body::Incoming(_) => "Incoming",
            Body::Received(_) => "Received",
            Body::Boxed(_) => "Boxed",
        })
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(content: T) -> Self {
        let content = content.into();
        if content.is_empty() { Body::Empty } else { Body::Full(content) }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Body::Empty => Poll::Ready(None),
            Body::Full(content) => {
                let content = std::mem::take(content);
                *self = Body::Empty;
                Poll::Ready(Some(Ok(Frame::data(content))))
            }
            Body::Incoming(incoming) => Pin::new(incoming).poll_frame(cx),
            Body::Received(received) => Pin::new(received).poll_frame(cx),
            Body::Boxed(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Empty => true,
            Body::Full(content) => content.is_empty(),
            Body::Incoming(incoming) => incoming.is_end_stream(),
            Body::Received(received) => received.is_end_stream(),
            Body::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Empty => SizeHint::with_exact(0),
            Body::Full(content) => SizeHint::with_exact(content.len() as u64),
            Body::Incoming(incoming) => incoming.size_hint(),
            Body::Received(received) => received.size_hint(),
            Body::Boxed(body) => body.size_hint(),
        }
    }
}
