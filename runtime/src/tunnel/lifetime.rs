//! How long a stream lives: until it is asked to close, its time is up, or its sides have ended. And its last words.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use tokio::time::Sleep;

use super::{
    Outcome, Reason,
    registry::{Open, Stream},
};

/// How long peers get to answer when they are told that the stream is to end.
const GOODBYE: Duration = Duration::from_secs(1);

/// How a stream ended, for its log line.
#[derive(Debug)]
pub struct Ended {
    /// Why.
    pub reason: Reason,
    /// The result in metrics.
    pub outcome: Outcome,
    /// How long it was open.
    pub duration: Duration,
    /// Bytes from the client to the upstream.
    pub to_upstream: u64,
    /// Bytes from the upstream to the client.
    pub from_upstream: u64,
    /// Datagrams that could not be passed on, in both directions.
    pub dropped_datagrams: u64,
    /// What broke, when something did.
    pub error: Option<io::Error>,
}

/// The entry of an open stream and when it has to end. Dropped without [`Lifetime::end`], the process stops.
pub(super) struct Lifetime {
    open: Open,
    /// When its time is up.
    expires: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Set once the peers were told that the stream ends; the timer then bounds the wait for them.
    leaving: Option<Reason>,
    /// Called at the end. What it owns lives as long as the stream does.
    ended: Option<Box<dyn FnOnce(Ended)>>,
}

impl Lifetime {
    /// `timeout` is how long the stream may last.
    pub(super) fn new(open: Open, timeout: Option<Duration>, ended: Box<dyn FnOnce(Ended)>) -> Self {
        let expires = timeout.and_then(|timeout| open.stream.since().checked_add(timeout));
        Self { open, expires, timer: None, leaving: None, ended: Some(ended) }
    }

    pub(super) fn stream(&self) -> &Arc<Stream> {
        &self.open.stream
    }

    /// Ready when the stream has to end, whatever its sides are doing. Not to be asked after [`Lifetime::leave`].
    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        let (at, reason) = match (self.open.stream.closes_at(cx.waker()), self.expires) {
            (None, None) => {
                self.timer = None;
                return Poll::Pending;
            }
            (Some((at, reason)), None) => (at, reason),
            (Some((at, reason)), Some(expires)) if at <= expires => (at, reason),
            (_, Some(expires)) => (expires, Reason::Timeout),
        };
        ready!(self.poll_until(at, cx));
        Poll::Ready(reason)
    }

    fn poll_until(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if at <= Instant::now() {
            return Poll::Ready(());
        }
        let at = at.into();
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx)
    }

    /// Notes that the peers were told that the stream ends. They get a second from now on.
    pub(super) fn leave(&mut self, reason: Reason) {
        self.leaving = Some(reason);
        self.timer = Some(Box::pin(tokio::time::sleep(GOODBYE)));
    }

    /// Why the peers were told to end, if they were.
    pub(super) fn leaving(&self) -> Option<Reason> {
        self.leaving
    }

    /// Ready when the peers have had their time after [`Lifetime::leave`].
    pub(super) fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        match (self.leaving, &mut self.timer) {
            (Some(reason), Some(timer)) => timer.as_mut().poll(cx).map(|()| reason),
            (_, _) => Poll::Pending,
        }
    }

    /// Leaves the registry, and tells whoever wants to know.
    pub(super) fn end(&mut self, reason: Reason, error: Option<io::Error>) {
        self.open.reason = reason;
        self.open.outcome = match (&error, reason) {
            (Some(_), _) => Outcome::Error,
            (None, Reason::Timeout) => Outcome::Timeout,
            (None, _) => Outcome::Closed,
        };
        let (to_upstream, from_upstream) = self.open.stream.bytes();
        let (dropped_to, dropped_from) = self.open.stream.dropped_datagrams();
        let dropped_datagrams = dropped_to + dropped_from;
        let (outcome, duration) = (self.open.outcome, self.open.stream.age());
        if let Some(ended) = self.ended.take() {
            ended(Ended { reason, outcome, duration, to_upstream, from_upstream, dropped_datagrams, error });
        }
    }
}
