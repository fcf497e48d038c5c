//! When a response must be over.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::{Instant, Sleep};

/// The end of the time for a response. Costs nothing where there is none.
#[derive(Debug)]
pub(super) struct Deadline(Option<Pin<Box<Sleep>>>);

/// The client did not take the response in time.
#[derive(Debug, thiserror::Error)]
#[error("i/o timeout: the client reads too slowly")]
pub(super) struct TooSlow;

impl Deadline {
    pub(super) fn new(at: Option<Instant>) -> Self {
        Self(at.map(|at| Box::pin(tokio::time::sleep_until(at))))
    }

    /// # Errors
    /// When the time is over.
    pub(super) fn check(&mut self, cx: &mut Context<'_>) -> Result<(), TooSlow> {
        match self.0.as_mut().map(|end| end.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Err(TooSlow),
            Some(Poll::Pending) | None => Ok(()),
        }
    }
}
