//! The body of a request.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, header};
use http_body::{Frame, SizeHint};

use crate::http::passing::Polled;

/// What a client sends on its stream. It is given room for more as it is read.
#[derive(Debug)]
pub struct Received {
    stream: RecvStream,
    /// Bytes that are to come, or [`UNKNOWN`]. The library sees to it that no others do.
    left: u64,
    trailers: bool,
}

/// The request does not say how much it sends. No option, for the sake of the size of every [`Body`](crate::http::Body).
const UNKNOWN: u64 = u64::MAX;

impl Received {
    pub(super) fn new(stream: RecvStream, headers: &HeaderMap) -> Self {
        let length = headers.get(header::CONTENT_LENGTH);
        let left = length.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(UNKNOWN);
        Self { stream, left, trailers: false }
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = crate::http::body::BodyError;

    /// A stream that its client resets has no end, whatever the reason: what came of it is no whole request.
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        while !self.trailers {
            match ready!(self.stream.poll_data(cx)).transpose()? {
                Some(data) if data.is_empty() => {}
                Some(data) => {
                    self.stream.flow_control().release_capacity(data.len())?;
                    if self.left != UNKNOWN {
                        self.left = self.left.saturating_sub(data.len() as u64);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                None => self.trailers = true,
            }
        }
        let trailers = ready!(self.stream.poll_trailers(cx))?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.left == UNKNOWN { SizeHint::default() } else { SizeHint::with_exact(self.left) }
    }
}
