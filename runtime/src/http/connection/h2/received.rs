//! The body of a message.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use crate::http::{
    body::{BodyError, announced_length},
    passing::Polled,
};

/// What a peer sends on a stream. It is given room for more as it is read.
#[derive(Debug)]
pub struct Received {
    stream: RecvStream,
    /// Bytes that are to come, or [`UNKNOWN`]. The library sees to it that no others do.
    left: u64,
    trailers: bool,
    /// Whether it belongs to a response.
    response: bool,
}

/// The head does not say how much comes. No option, for the sake of the size of every [`Body`](crate::http::Body).
const UNKNOWN: u64 = u64::MAX;

impl Received {
    pub(super) fn of_request(stream: RecvStream, headers: &HeaderMap) -> Self {
        Self::new(stream, headers, false)
    }

    pub(crate) fn of_response(stream: RecvStream, headers: &HeaderMap) -> Self {
        Self::new(stream, headers, true)
    }

    fn new(stream: RecvStream, headers: &HeaderMap, response: bool) -> Self {
        let left = announced_length(headers).unwrap_or(UNKNOWN);
        Self { stream, left, trailers: false, response }
    }

    /// What is made of an error. An upstream says with NO_ERROR that it has answered and wants nothing more of the request;
    /// a client that resets its stream has not sent a whole request, whatever the reason.
    fn broken<T>(&self, error: h2::Error) -> Option<Result<T, BodyError>> {
        let answered = self.response && error.reason() == Some(Reason::NO_ERROR);
        (!answered || !matches!(self.left, 0 | UNKNOWN)).then(|| Err(error.into()))
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        while !self.trailers {
            match ready!(self.stream.poll_data(cx)) {
                Some(Err(error)) => return Poll::Ready(self.broken(error)),
                Some(Ok(data)) if data.is_empty() => {}
                Some(Ok(data)) => {
                    self.stream.flow_control().release_capacity(data.len())?;
                    if self.left != UNKNOWN {
                        self.left = self.left.saturating_sub(data.len() as u64);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                None => self.trailers = true,
            }
        }
        Poll::Ready(match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
            Err(error) => self.broken(error),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() {
            SizeHint::with_exact(0)
        } else if self.left == UNKNOWN {
            SizeHint::default()
        } else {
            SizeHint::with_exact(self.left)
        }
    }
}
