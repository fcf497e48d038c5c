//! A response that must be over at a certain time.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http_body::Body as _;
use tokio::time::{Instant, Sleep};

use crate::http::{
    passing::{Pass, Passing, Polled},
    server::ReplyBody,
};

/// The body of a response, perhaps with a deadline. Only HTTP/2 needs one for each response; elsewhere the deadline of
/// the connection is enough.
pub(super) type Timed = Passing<Deadline, ReplyBody>;

/// When a response must be over.
pub(super) struct Deadline(Option<Pin<Box<Sleep>>>);

/// The client did not take the response in time.
#[derive(Debug, thiserror::Error)]
#[error("i/o timeout: the client reads too slowly")]
struct TooSlow;

impl Deadline {
    pub(super) fn new(at: Option<Instant>) -> Self {
        Self(at.map(|at| Box::pin(tokio::time::sleep_until(at))))
    }
}

impl Pass<ReplyBody> for Deadline {
    fn poll(&mut self, body: Pin<&mut ReplyBody>, cx: &mut Context<'_>) -> Polled {
        if let Some(deadline) = &mut self.0
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Some(Err(TooSlow.into())));
        }
        body.poll_frame(cx)
    }
}
