//! A response that must be over at a certain time.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::http::{body::BodyError, server::ReplyBody};

/// The body of a response, perhaps with a deadline. Only HTTP/2 needs one for each response; elsewhere the deadline of
/// the connection is enough.
pub(super) struct Timed {
    body: ReplyBody,
    deadline: Option<Pin<Box<Sleep>>>,
}

/// The client did not take the response in time.
#[derive(Debug, thiserror::Error)]
#[error("i/o timeout: the client reads too slowly")]
struct TooSlow;

impl Timed {
    pub(super) fn new(body: ReplyBody, deadline: Option<Instant>) -> Self {
        Self { body, deadline: deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline))) }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Some(Err(TooSlow.into())));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
