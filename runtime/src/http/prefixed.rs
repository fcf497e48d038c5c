//! Bodies of which the beginning was read to find something out.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{Body, body::BodyError, passing::Polled};

struct Prefixed {
    read: [Option<Frame<Bytes>>; 2],
    rest: Body,
}

/// What was read of a body, and then the rest of it.
pub(crate) fn prefixed(read: [Option<Frame<Bytes>>; 2], rest: Body) -> Body {
    Body::Boxed(Box::pin(Prefixed { read, rest }))
}

impl http_body::Body for Prefixed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let this = self.get_mut();
        match this.read.iter_mut().find_map(Option::take) {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut this.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.iter().all(Option::is_none) && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let data = self.read.iter().flatten().filter_map(Frame::data_ref);
        let read: u64 = data.map(|data| data.len() as u64).sum();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + read);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + read);
        }
        hint
    }
}
