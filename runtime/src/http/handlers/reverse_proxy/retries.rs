//! Whether a failed attempt is followed by another.

mod budget;

use std::time::{Duration, Instant};

use caddis_config::{
    Duration as Span,
    http::{Matcher, MatcherSet as ConfigSet, reverse_proxy::LoadBalancing as Config},
};
use http::Method;

use self::budget::Budget;
use super::Failed;
use crate::{
    build::{Build, BuildError},
    error::{Fault, Outcome},
    http::{
        Exchange, matchers,
        route::{MatcherSet, any_set_matches},
    },
};

/// Keeps a short `try_duration` from becoming a busy loop.
const TRY_INTERVAL: Span = Span::from_millis(250);

/// Set while `retry_match` looks at a request whose response never came.
const TRANSPORT_ERROR: &str = "http.reverse_proxy.is_transport_error";

/// Limits of trying.
pub(super) struct Retries {
    /// `None` without a limit of its own.
    most: Option<u32>,
    /// How long to go on.
    duration: Option<Duration>,
    /// Time between attempts.
    interval: Duration,
    /// Where the time ends that doubles with each attempt; `None` if it stays the same.
    max_interval: Option<Duration>,
    budget: Option<Budget>,
    /// Which requests may be sent again although they may have arrived; none means GET.
    matchers: Vec<MatcherSet>,
    /// Those of them that can tell by the response, because they hold an expression.
    on_response: Vec<MatcherSet>,
}

impl Retries {
    /// # Errors
    /// When a limit is negative or a matcher cannot be run.
    pub(super) fn build(config: Option<&Config>, cx: &mut Build) -> Result<Self, BuildError> {
        let none = Config::default();
        let config = config.unwrap_or(&none);
        let most = u32::try_from(config.retries).map_err(|_| cx.error("retries cannot be negative"))?;
        let duration = config.try_duration.to_std().filter(|duration| !duration.is_zero());
        let max_interval = config.try_max_interval.to_std().filter(|interval| !interval.is_zero());
        let default =
            if duration.is_some() || max_interval.is_some() { TRY_INTERVAL } else { Span::default() };
        let has_expression =
            |set: &&ConfigSet| set.iter().any(|matcher| matches!(matcher, Matcher::Expression(_)));
        let expressions: Vec<_> = config.retry_match.iter().filter(has_expression).cloned().collect();
        Ok(Self {
            most: (most > 0).then_some(most),
            duration,
            interval: config.try_interval.or(default).unwrap_or_default(),
            max_interval,
            budget: match &config.retry_budget {
                Some(budget) => Some(cx.at("retry_budget", |cx| Budget::build(budget, cx))?),
                None => None,
            },
            matchers: cx.at("retry_match", |cx| matchers::build_sets(&config.retry_match, cx))?,
            on_response: cx.at("retry_match", |cx| matchers::build_sets(&expressions, cx))?,
        })
    }

    /// Counts a request, for the share of retries that it pays for.
    pub(super) fn request(&self) {
        if let Some(budget) = &self.budget {
            budget.request();
        }
    }

    /// How long to wait after `done` retries. `chance` is between 0 and 1.
    pub(super) fn wait(&self, done: u32, chance: f64) -> Duration {
        let Some(most) = self.max_interval else { return self.interval };
        let full = self.interval.saturating_mul(2_u32.saturating_pow(done)).min(most.max(self.interval));
        full / 2 + (full / 2).mul_f64(chance)
    }

    /// Whether responses have to be shown to [`Retries::rejects`].
    pub(super) fn looks_at_responses(&self) -> bool {
        !self.on_response.is_empty()
    }

    /// Whether the response that the exchange knows of is one to try again for.
    ///
    /// # Errors
    /// What a matcher raises.
    pub(super) fn rejects(&self, exchange: &mut Exchange) -> Outcome<bool> {
        Ok(self.looks_at_responses() && any_set_matches(&self.on_response, exchange)?)
    }

    /// Whether to try again after `done` retries. What never reached an upstream may be tried again, whatever it is;
    /// what may have reached one, if `retry_match` says so or it is a GET.
    ///
    /// # Errors
    /// What a matcher raises.
    pub(super) fn again(
        &self,
        started: Instant,
        done: u32,
        failed: &Failed,
        exchange: &mut Exchange,
    ) -> Outcome<bool> {
        let limited = self.most.is_some() || self.duration.is_some();
        let late = self.duration.is_some_and(|duration| started.elapsed() >= duration);
        let enough = self.most.is_some_and(|most| done >= most);
        if !limited || late || enough {
            return Ok(false);
        }
        let allowed = self.allowed(failed, exchange)?;
        Ok(allowed && self.budget.as_ref().is_none_or(|budget| budget.take(Instant::now())))
    }

    /// Whether a failure of this kind may be followed by another attempt.
    fn allowed(&self, failed: &Failed, exchange: &mut Exchange) -> Outcome<bool> {
        match failed {
            Failed::Rejected(_) => Ok(true),
            Failed::Final(_) => Ok(false),
            Failed::Attempt(error) if error.fault() == Fault::Client || error.answered() => Ok(false),
            Failed::Attempt(error) if error.nothing_sent() => Ok(true),
            Failed::Attempt(_) if self.matchers.is_empty() => Ok(exchange.request.method == Method::GET),
            Failed::Attempt(_) => {
                exchange.set_placeholder(TRANSPORT_ERROR, true);
                let matches = any_set_matches(&self.matchers, exchange);
                exchange.placeholders.retain(|(name, _)| **name != *TRANSPORT_ERROR);
                matches
            }
        }
    }
}

impl std::fmt::Debug for Retries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { most, duration, interval, .. } = self;
        f.debug_tuple("Retries").field(most).field(duration).field(interval).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use caddis_config::from_value;
    use serde_json::json;

    use super::{Duration, Retries};

    fn wait(config: serde_json::Value, done: u32, chance: f64) -> u128 {
        let config = from_value(config).unwrap();
        Retries::build(Some(&config), &mut crate::testing::build()).unwrap().wait(done, chance).as_millis()
    }

    #[test]
    fn waits_are_equal_unless_told_to_grow() {
        let equal = json!({"retries": 9, "try_interval": "40ms"});
        assert_eq!([0, 1, 8].map(|done| wait(equal.clone(), done, 0.3)), [40; 3]);
        assert_eq!(wait(json!({"try_duration": "1s"}), 3, 0.0), 250);
        assert_eq!(wait(json!({"retries": 1}), 0, 0.0), 0);
    }

    #[test]
    fn waits_double_up_to_a_limit_and_half_is_chance() {
        let growing = json!({"retries": 9, "try_interval": "40ms", "try_max_interval": "100ms"});
        assert_eq!([0, 1, 2, 40].map(|done| wait(growing.clone(), done, 1.0)), [40, 80, 100, 100]);
        assert_eq!([0, 1, 2, 40].map(|done| wait(growing.clone(), done, 0.0)), [20, 40, 50, 50]);
        assert_eq!(wait(json!({"retries": 1, "try_max_interval": "1m"}), 1, 1.0), 500);
        let short = json!({"retries": 1, "try_interval": "2s", "try_max_interval": "1s"});
        assert_eq!(wait(short, 5, 1.0), Duration::from_secs(2).as_millis());
    }
}
