//! Which of the available upstreams a request goes to (`http.reverse_proxy.selection_policies`).

mod cookie;
mod hash;
mod weighted_round_robin;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use caddis_config::http::reverse_proxy::SelectionPolicy as Config;
use http::HeaderValue;

use self::{cookie::Cookie, hash::Hashed, weighted_round_robin::WeightedRoundRobin};
use super::upstreams::Upstream;
use crate::{
    build::{Build, BuildError},
    http::Exchange,
};

/// A policy and what it remembers.
#[derive(Debug)]
pub(super) enum SelectionPolicy {
    Random,
    RandomChoose(usize),
    LeastConn,
    RoundRobin(AtomicU32),
    WeightedRoundRobin(WeightedRoundRobin),
    First,
    /// The policies that send equal requests to one upstream.
    Hashed(Hashed),
    Cookie(Box<Cookie>),
}

/// A choice, and the cookie that the client is to keep it by.
pub(super) struct Selection {
    pub(super) upstream: Arc<Upstream>,
    pub(super) cookie: Option<HeaderValue>,
}

impl From<Arc<Upstream>> for Selection {
    fn from(upstream: Arc<Upstream>) -> Self {
        Self { upstream, cookie: None }
    }
}

impl SelectionPolicy {
    /// # Errors
    /// What Caddy finds invalid, and weights that do not fit the number of static upstreams.
    pub(super) fn build(
        config: Option<&Config>,
        upstreams: &[Arc<Upstream>],
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        Ok(match config {
            None | Some(Config::Random(_)) => Self::Random,
            Some(Config::RandomChoose(policy)) => match policy.choose {
                0 => Self::RandomChoose(2),
                choose => match usize::try_from(choose) {
                    Ok(choose @ 2..) => Self::RandomChoose(choose),
                    _ => return Err(cx.error("choose must be at least 2")),
                },
            },
            Some(Config::LeastConn(_)) => Self::LeastConn,
            Some(Config::RoundRobin(_)) => Self::RoundRobin(AtomicU32::new(0)),
            Some(Config::WeightedRoundRobin(policy)) => {
                Self::WeightedRoundRobin(WeightedRoundRobin::build(policy, upstreams.len(), cx)?)
            }
            Some(Config::First(_)) => Self::First,
            Some(Config::IpHash(_)) => Self::Hashed(Hashed::Ip),
            Some(Config::ClientIpHash(_)) => Self::Hashed(Hashed::ClientIp),
            Some(Config::UriHash(_)) => Self::Hashed(Hashed::Uri),
            Some(Config::Header(policy)) => Self::Hashed(Hashed::header(policy, upstreams, cx)?),
            Some(Config::Query(policy)) => Self::Hashed(Hashed::query(policy, upstreams, cx)?),
            Some(Config::Cookie(policy)) => Self::Cookie(Box::new(Cookie::build(policy, upstreams, cx)?)),
            Some(Config::Foreign(module)) => {
                return Err(cx.unsupported(&format!("selection policy {}", module.name)));
            }
        })
    }

    /// The policy for requests that lack what another one decides by.
    fn fallback(
        config: Option<&Config>,
        upstreams: &[Arc<Upstream>],
        cx: &mut Build,
    ) -> Result<Box<Self>, BuildError> {
        cx.at("fallback", |cx| Self::build(config, upstreams, cx)).map(Box::new)
    }

    /// `None` if no upstream is available.
    pub(super) fn select(&self, pool: &[Arc<Upstream>], exchange: &Exchange) -> Option<Selection> {
        let available = || pool.iter().filter(|upstream| upstream.is_available());
        let upstream = match self {
            Self::Random => random(available()),
            Self::RandomChoose(choose) => least_conn(sample(available(), *choose).into_iter()),
            Self::LeastConn => least_conn(available()),
            Self::RoundRobin(next) => round_robin(pool, next),
            Self::WeightedRoundRobin(policy) => policy.select(pool),
            Self::First => available().next(),
            Self::Hashed(policy) => return policy.select(pool, exchange),
            Self::Cookie(policy) => return policy.select(pool, exchange),
        };
        upstream.map(|upstream| Arc::clone(upstream).into())
    }
}

fn random<'a>(available: impl Iterator<Item = &'a Arc<Upstream>>) -> Option<&'a Arc<Upstream>> {
    let mut choice = None;
    for (index, upstream) in available.enumerate() {
        if index == 0 || fastrand::usize(..=index) == 0 {
            choice = Some(upstream);
        }
    }
    choice
}

/// Up to `size` of them, each with the same probability.
fn sample<'a>(available: impl Iterator<Item = &'a Arc<Upstream>>, size: usize) -> Vec<&'a Arc<Upstream>> {
    let mut sample = Vec::with_capacity(size.min(16));
    for (index, upstream) in available.enumerate() {
        if sample.len() < size {
            sample.push(upstream);
        } else if let Some(slot) = sample.get_mut(fastrand::usize(..=index)) {
            *slot = upstream;
        }
    }
    sample
}

fn least_conn<'a>(available: impl Iterator<Item = &'a Arc<Upstream>>) -> Option<&'a Arc<Upstream>> {
    let (mut best, mut least, mut equals) = (None, usize::MAX, 0);
    for upstream in available {
        let requests = upstream.host.requests();
        if requests < least || best.is_none() {
            (best, least, equals) = (Some(upstream), requests, 1);
        } else if requests == least {
            equals += 1;
            if fastrand::usize(..equals) == 0 {
                best = Some(upstream);
            }
        }
    }
    best
}

fn round_robin<'a>(pool: &'a [Arc<Upstream>], next: &AtomicU32) -> Option<&'a Arc<Upstream>> {
    (0..pool.len()).find_map(|_| {
        let turn = next.fetch_add(1, Relaxed).wrapping_add(1);
        let upstream = &pool[turn as usize % pool.len()];
        upstream.is_available().then_some(upstream)
    })
}

#[cfg(test)]
mod tests;
