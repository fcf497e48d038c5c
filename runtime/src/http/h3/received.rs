//! The body of a message.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use caddis_h3::stream::Event;
use http_body::{Frame, SizeHint};

use super::reading::Reading;
use crate::http::{body::BodyError, passing::Polled};

/// What a peer sends on its stream. It is given room for more as it is read.
pub(crate) struct Received {
    reading: Reading,
    /// Bytes that are to come, if the message says that. The protocol sees to it that no others do.
    left: Option<u64>,
}

impl Received {
    pub(crate) fn new(reading: Reading) -> Self {
        let left = reading.content_length();
        Self { reading, left }
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        Poll::Ready(match ready!(self.reading.poll_next(cx))? {
            Some(Event::Data(data)) => {
                self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                Some(Ok(Frame::data(data)))
            }
            Some(Event::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Some(Event::TooLarge) => Some(Err(TrailersTooLarge.into())),
            // A request has one head, and only a server that offers WebTransport is sent such streams.
            Some(Event::Request(_) | Event::Interim(_) | Event::Response(_) | Event::WebTransport(_))
            | None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.reading.has_ended()
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The trailers take more room than the fields of a request may.
#[derive(Debug, thiserror::Error)]
#[error("the trailers are too large")]
struct TrailersTooLarge;
