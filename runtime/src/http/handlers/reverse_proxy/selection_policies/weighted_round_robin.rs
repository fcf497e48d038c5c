//! The policy `weighted_round_robin`: each in turn, as often as its weight says.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use caddis_config::http::reverse_proxy::selection_policies::WeightedRoundRobin as Config;

use super::super::upstreams::Upstream;
use crate::build::{Build, BuildError};

#[derive(Debug)]
pub(in super::super) struct WeightedRoundRobin {
    weights: Vec<u64>,
    total: u64,
    next: AtomicU64,
}

impl WeightedRoundRobin {
    pub(super) fn build(config: &Config, upstreams: usize, cx: &mut Build) -> Result<Self, BuildError> {
        let weights =
            config.weights.iter().map(|weight| u64::try_from(*weight)).collect::<Result<Vec<_>, _>>();
        let weights = weights.map_err(|_| cx.error("weight of an upstream cannot be negative"))?;
        let total = weights.iter().sum();
        if total == 0 {
            return Err(
                cx.error("weighted_round_robin requires at least one upstream with a positive weight")
            );
        }
        if weights.len() < upstreams && weights.len() > 1 {
            let given = weights.len();
            return Err(cx.error(format!("there are {upstreams} upstreams, but only {given} weights")));
        }
        Ok(Self { weights, total, next: AtomicU64::new(0) })
    }

    pub(super) fn select<'a>(&self, pool: &'a [Arc<Upstream>]) -> Option<&'a Arc<Upstream>> {
        if self.weights.len() < 2 {
            return pool.first();
        }
        let turn = (self.next.fetch_add(1, Relaxed) + 1) % self.total;
        let mut sum = 0;
        let positive = self.weights.iter().filter(|weight| **weight > 0);
        let index = positive.take_while(|weight| {
            sum += **weight;
            turn >= sum
        });
        let index = index.count();
        let weighted = || {
            let pairs = pool.iter().zip(&self.weights);
            pairs
                .filter(|(upstream, weight)| **weight > 0 && upstream.is_available())
                .map(|(upstream, _)| upstream)
        };
        let available = weighted().count();
        weighted().nth(index.checked_rem(available)?)
    }
}
