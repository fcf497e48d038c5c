//! How many retries a handler may make altogether, so that retries do not bring down what is already failing.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use caddis_config::http::reverse_proxy::RetryBudget as Config;

use crate::build::{Build, BuildError};

/// A retry, in the unit of the bucket.
const RETRY: i64 = 1000;
/// How much can be saved up: the minimum of so many seconds, or the share of so many requests.
const SECONDS: i64 = 10;
const REQUESTS: i64 = 100;

/// A bucket that requests and time fill, and retries empty. It is full at first.
#[derive(Debug)]
pub(super) struct Budget {
    tokens: AtomicI64,
    most: i64,
    /// What a request adds.
    share: i64,
    per_second: i64,
    since: Instant,
    /// Milliseconds after `since` at which time last filled it.
    filled: AtomicU64,
}

impl Budget {
    /// # Errors
    /// When a figure is negative.
    pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        for (field, value) in [("percent", config.percent), ("min_per_second", config.min_per_second)] {
            if value < 0 {
                return Err(cx.at(field, |cx| cx.error(format!("{field} cannot be negative"))));
            }
        }
        let (share, per_second) =
            (config.percent.min(1000) * RETRY / 100, config.min_per_second.min(1_000_000));
        let most = (per_second * SECONDS * RETRY).max(share * REQUESTS);
        let (tokens, filled) = (AtomicI64::new(most), AtomicU64::new(0));
        Ok(Self { tokens, most, share, per_second, since: Instant::now(), filled })
    }

    /// Counts a request.
    pub(super) fn request(&self) {
        self.add(self.share);
    }

    /// Takes a retry out; false if there is none.
    pub(super) fn take(&self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since);
        let passed = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let before = self.filled.fetch_max(passed, Relaxed);
        let passed = i64::try_from(passed.saturating_sub(before)).unwrap_or(i64::MAX);
        self.add(passed.saturating_mul(self.per_second));
        let take = |tokens: i64| (tokens >= RETRY).then(|| tokens - RETRY);
        self.tokens.fetch_update(Relaxed, Relaxed, take).is_ok()
    }

    fn add(&self, tokens: i64) {
        let add = |before: i64| Some(before.saturating_add(tokens).min(self.most));
        // It never refuses.
        let _ = self.tokens.fetch_update(Relaxed, Relaxed, add);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Budget, Config};

    fn budget(percent: i64, min_per_second: i64) -> Budget {
        Budget::build(&Config { percent, min_per_second }, &mut crate::testing::build()).unwrap()
    }

    fn drain(budget: &Budget, now: Instant) -> usize {
        std::iter::repeat_with(|| budget.take(now)).take_while(|taken| *taken).count()
    }

    #[test]
    fn requests_pay_for_a_share_of_retries() {
        let budget = budget(20, 0);
        let now = budget.since;
        assert_eq!(drain(&budget, now), 20);
        (0..10).for_each(|_| budget.request());
        assert_eq!(drain(&budget, now + Duration::from_secs(3600)), 2);
        (0..100_000).for_each(|_| budget.request());
        assert_eq!(drain(&budget, now), 20, "no more than that is saved up");
    }

    #[test]
    fn a_few_retries_are_always_allowed() {
        let budget = budget(0, 3);
        let now = budget.since;
        assert_eq!(drain(&budget, now), 30);
        assert_eq!(drain(&budget, now + Duration::from_millis(1500)), 4);
        assert_eq!(drain(&budget, now + Duration::from_millis(1500)), 0);
        assert_eq!(drain(&budget, now + Duration::from_secs(86400)), 30);
    }

    #[test]
    fn nothing_at_all_is_a_budget_too() {
        let budget = budget(0, 0);
        budget.request();
        assert!(!budget.take(budget.since + Duration::from_secs(1)));
    }
}
