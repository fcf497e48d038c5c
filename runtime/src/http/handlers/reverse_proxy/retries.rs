//! Whether a failed attempt is followed by another.

use std::time::{Duration, Instant};

use caddis_config::{Duration as Span, http::reverse_proxy::LoadBalancing as Config};
use http::Method;

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::Exchange,
};

/// Keeps a short `try_duration` from becoming a busy loop.
const TRY_INTERVAL: Span = Span::from_millis(250);

/// Limits of trying.
#[derive(Debug)]
pub(super) struct Retries {
    /// `None` without a limit of its own.
    most: Option<u32>,
    /// How long to go on.
    duration: Option<Duration>,
    /// Time between attempts.
    pub(super) interval: Duration,
}

impl Retries {
    /// # Errors
    /// When a limit is negative, or `retry_match` is given.
    pub(super) fn build(config: Option<&Config>, cx: &mut Build) -> Result<Self, BuildError> {
        let none = Config::default();
        let config = config.unwrap_or(&none);
        let most = u32::try_from(config.retries).map_err(|_| cx.error("retries cannot be negative"))?;
        if !config.retry_match.is_empty() {
            return Err(cx.at("retry_match", |cx| cx.unsupported("matching what may be retried")));
        }
        let duration = config.try_duration.to_std().filter(|duration| !duration.is_zero());
        let default = if duration.is_some() { TRY_INTERVAL } else { Span::default() };
        Ok(Self {
            most: (most > 0).then_some(most),
            duration,
            interval: config.try_interval.or(default).unwrap_or_default(),
        })
    }

    /// Whether to try again after `done` retries. What never reached an upstream may be tried again, whatever it is;
    /// what may have reached one, if it is a GET.
    ///
    /// # Errors
    /// What the matchers of `retry_match` raise.
    pub(super) fn again(
        &self,
        started: Instant,
        done: u32,
        error: &Error,
        exchange: &Exchange,
    ) -> Outcome<bool> {
        if self.most.is_none() && self.duration.is_none() {
            return Ok(false);
        }
        if self.duration.is_some_and(|duration| started.elapsed() >= duration) {
            return Ok(false);
        }
        if self.most.is_some_and(|most| done >= most) || error.answered() || error.kind() == Kind::ClientGone
        {
            return Ok(false);
        }
        Ok(error.nothing_sent() || exchange.request.method == Method::GET)
    }
}
