//! Limits on clients that send a request's body slowly.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use caddis_config as config;
use http::Version;
use http_body::Body as _;
use tokio::time::{Instant, Sleep};

use crate::http::{
    Body, Exchange,
    passing::{Pass, Passing, Polled, bytes},
};

const IDLE: config::Duration = config::Duration::from_secs(60);

/// How long the body of a request may take; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyLimits {
    /// A read that brings nothing.
    idle: Option<Duration>,
    /// Whether the former was asked for. By default streams of HTTP/2 may stay silent, because calls in both directions
    /// do, and because a silent stream costs next to nothing.
    idle_is_set: bool,
    /// Bytes a second from the start of the request; replaces the limit on single reads by one on the average.
    min_rate: u64,
    /// The whole body.
    total: Option<Duration>,
}

impl BodyLimits {
    pub(crate) fn new(config: &config::http::Server) -> Self {
        Self {
            idle: config.read_idle_timeout.or(IDLE),
            idle_is_set: !config.read_idle_timeout.is_zero(),
            min_rate: u64::try_from(config.read_min_rate).unwrap_or(0),
            total: config.read_timeout.to_std().filter(|total| !total.is_zero()),
        }
    }

    /// Puts the limits around the body of a request that begins now.
    pub(crate) fn guard(&self, exchange: &mut Exchange) {
        if exchange.body.is_empty() {
            exchange.body = Body::Empty;
            return;
        }
        let overlaps = exchange.request.version >= Version::HTTP_2;
        let idle = self.idle.filter(|_| !overlaps || self.idle_is_set || self.min_rate > 0);
        if idle.is_none() && self.total.is_none() {
            return;
        }
        let limits = Self { idle, ..*self };
        let guard = Guarded { limits, started: Instant::now(), received: 0, waiting: None };
        let body = std::mem::replace(&mut exchange.body, Body::Empty);
        exchange.body = Passing::boxed(body, guard);
    }
}

/// The client did not send in time.
#[derive(Debug, thiserror::Error)]
#[error("i/o timeout: the client sends too slowly")]
struct TooSlow;

struct Guarded {
    limits: BodyLimits,
    started: Instant,
    received: u64,
    /// Runs while a read waits for the client.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    /// When a read that begins now must be done.
    fn deadline(&self) -> Option<Instant> {
        let BodyLimits { idle, min_rate, total, .. } = self.limits;
        let read = idle.map(|idle| match min_rate {
            0 => Instant::now() + idle,
            rate => self.started + idle + Duration::from_secs(self.received / rate),
        });
        let whole = total.map(|total| self.started + total);
        read.into_iter().chain(whole).min()
    }
}

impl Pass for Guarded {
    fn poll(&mut self, body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let polled = body.poll_frame(cx);
        if polled.is_ready() {
            self.waiting = None;
            self.received += bytes(&polled) as u64;
            return polled;
        }
        if self.waiting.is_none() {
            let deadline = self.deadline();
            self.waiting = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        }
        match &mut self.waiting {
            Some(waiting) => waiting.as_mut().poll(cx).map(|()| Some(Err(TooSlow.into()))),
            None => Poll::Pending,
        }
    }
}
