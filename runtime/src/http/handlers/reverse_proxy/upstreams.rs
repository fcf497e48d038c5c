//! Upstreams: what the configuration says of one, and what the process knows of the host behind it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed},
    },
};

use caddis_config::http::reverse_proxy as config;

use super::{
    dial::Dial,
    transport::{ConnectionPlace, Connections},
};
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, chain},
    http::Exchange,
    logging::Logger,
    placeholder::Template,
};

/// A host that requests go to. There is one for each dial address in the process, so that its counts are those of all
/// handlers, shards and streams together, and survive reloads.
#[derive(Debug)]
pub struct Host {
    /// The dial address as configured.
    pub address: Arc<str>,
    requests: AtomicUsize,
    fails: AtomicUsize,
    logger: Option<Logger>,
}

impl Host {
    /// Requests in flight and open streams.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Relaxed)
    }

    /// Failures that are remembered.
    #[must_use]
    pub fn fails(&self) -> usize {
        self.fails.load(Relaxed)
    }

    /// Counts a request until the result is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> InFlight {
        self.requests.fetch_add(1, Relaxed);
        InFlight { host: Arc::clone(self), _place: None }
    }

    pub(crate) fn remember_failure(&self) {
        self.fails.fetch_add(1, Relaxed);
    }

    pub(crate) fn forget_failure(&self) {
        self.fails.fetch_sub(1, Relaxed);
    }
}

impl InFlight {
    /// Keeps the place of the connection for as long as this counts.
    pub(super) fn hold(&mut self, place: Option<Box<ConnectionPlace>>) {
        self._place = place;
    }

    /// Notes that a response broke off after its head had gone to the client, who is cut off too.
    pub(crate) fn broke_off(&self, error: &(dyn std::error::Error + 'static)) {
        let Some(logger) = &self.host.logger else { return };
        logger.warn("aborting with incomplete response", |fields| {
            fields.add("upstream", &*self.host.address).add("error", format!("reading: {}", chain(error)));
        });
    }
}

/// A request or a stream that counts.
#[derive(Debug)]
pub(crate) struct InFlight {
    host: Arc<Host>,
    _place: Option<Box<ConnectionPlace>>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.host.requests.fetch_sub(1, Relaxed);
    }
}

/// What active health checks have found out about one upstream.
#[derive(Debug)]
pub struct Health {
    healthy: AtomicBool,
    /// Consecutive results that say otherwise: passes of an unhealthy upstream, fails of a healthy one.
    streak: AtomicI64,
}

impl Default for Health {
    fn default() -> Self {
        Self { healthy: AtomicBool::new(true), streak: AtomicI64::new(0) }
    }
}

impl Health {
    /// Whether requests may go there.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Relaxed)
    }

    /// Takes in a result; whether it changed the verdict. `needed` results in a row are needed for that.
    pub(crate) fn record(&self, passed: bool, needed: i64) -> bool {
        if passed == self.is_healthy() {
            self.streak.store(0, Relaxed);
            return false;
        }
        if self.streak.fetch_add(1, Relaxed) + 1 < needed {
            return false;
        }
        self.streak.store(0, Relaxed);
        self.healthy.store(passed, Relaxed);
        true
    }
}

/// The hosts and health of all upstreams that something still uses.
#[derive(Debug, Default)]
pub struct Hosts {
    logger: Option<Logger>,
    hosts: Mutex<BTreeMap<Arc<str>, Weak<Host>>>,
    health: Mutex<BTreeMap<HealthKey, Weak<Health>>>,
    connections: Mutex<BTreeMap<u64, Weak<Connections>>>,
}

/// An address, and the fingerprint of the checks.
type HealthKey = (Arc<str>, u64);

impl Hosts {
    /// No hosts yet. What befalls a host outside of any handler is written to a logger made from this one.
    #[must_use]
    pub fn new(root: &Logger) -> Self {
        Self { logger: Some(root.named("http.handlers.reverse_proxy")), ..Self::default() }
    }

    /// The host at a dial address.
    pub(crate) fn get(&self, address: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(address).and_then(Weak::upgrade) {
            return host;
        }
        hosts.retain(|_, host| host.strong_count() > 0);
        let address: Arc<str> = address.into();
        let host = Arc::new(Host {
            address: Arc::clone(&address),
            requests: AtomicUsize::new(0),
            fails: AtomicUsize::new(0),
            logger: self.logger.clone(),
        });
        hosts.insert(address, Arc::downgrade(&host));
        host
    }

    /// The health of an upstream under checks with this fingerprint: a reload that changes neither keeps the verdict.
    pub(crate) fn health(&self, address: &Arc<str>, checks: u64) -> Arc<Health> {
        let mut all = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (Arc::clone(address), checks);
        if let Some(health) = all.get(&key).and_then(Weak::upgrade) {
            return health;
        }
        all.retain(|_, health| health.strong_count() > 0);
        let health = Arc::new(Health::default());
        all.insert(key, Arc::downgrade(&health));
        health
    }

    /// What is known of the connections of a transport with this fingerprint: a reload that does not change it keeps them.
    pub(super) fn connections(&self, transport: u64, make: impl FnOnce() -> Connections) -> Arc<Connections> {
        let mut all = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connections) = all.get(&transport).and_then(Weak::upgrade) {
            return connections;
        }
        all.retain(|_, connections| connections.strong_count() > 0);
        let connections = Arc::new(make());
        all.insert(transport, Arc::downgrade(&connections));
        connections
    }

    /// Every host in use, by address: for the admin API.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Host>> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.values().filter_map(Weak::upgrade).collect()
    }

    /// Whether each upstream is healthy in the eyes of every handler that checks it: for metrics.
    #[must_use]
    pub fn healthy(&self) -> BTreeMap<Arc<str>, bool> {
        let mut verdicts: BTreeMap<Arc<str>, bool> =
            self.all().iter().map(|host| (Arc::clone(&host.address), true)).collect();
        let all = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        for ((address, _), health) in all.iter() {
            if let Some(health) = health.upgrade() {
                *verdicts.entry(Arc::clone(address)).or_insert(true) &= health.is_healthy();
            }
        }
        verdicts
    }
}

/// One upstream of a handler.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) host: Arc<Host>,
    pub(crate) target: Target,
    /// `None` without a limit.
    pub(crate) max_requests: Option<usize>,
    /// `None` without passive health checks.
    pub(crate) max_fails: Option<usize>,
    /// `None` without active health checks.
    pub(crate) health: Option<Arc<Health>>,
    /// What a detached stream to it lives by: its address, or the source it came from.
    pub(crate) source: Arc<str>,
}

/// When upstreams that say nothing else are not available.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    max_requests: Option<usize>,
    max_fails: Option<usize>,
}

impl Limits {
    pub(crate) fn new(passive: Option<&config::PassiveHealthChecks>) -> Self {
        Self {
            max_requests: passive.and_then(|passive| positive(passive.unhealthy_request_count)),
            max_fails: passive.map(|passive| positive(passive.max_fails).unwrap_or(1)),
        }
    }
}

fn positive(limit: i64) -> Option<usize> {
    usize::try_from(limit).ok().filter(|limit| *limit > 0)
}

/// Where an upstream is.
#[derive(Debug)]
pub(crate) enum Target {
    /// The same place for every request.
    Fixed(Arc<Dial>),
    /// A place that depends on the request.
    Varying(Template),
}

impl Upstream {
    /// # Errors
    /// When the address is none.
    pub(crate) fn build(
        upstream: &config::Upstream,
        passive: Option<&config::PassiveHealthChecks>,
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        let template = cx.at("dial", |cx| Template::all(&upstream.dial, cx))?;
        let target = match template.constant() {
            Some(address) => {
                let dial = Dial::parse(address).map_err(|reason| {
                    cx.at("dial", |cx| cx.error(format!("upstream {}: {reason}", upstream.dial)))
                })?;
                Target::Fixed(Arc::new(dial))
            }
            None => Target::Varying(template),
        };
        let host = cx.process.hosts.get(&upstream.dial);
        let source = Arc::clone(&host.address);
        cx.streams.sources.insert(Arc::clone(&source));
        let limits = Limits::new(passive);
        let max_requests = positive(upstream.max_requests).or(limits.max_requests);
        Ok(Self { host, target, max_requests, max_fails: limits.max_fails, health: None, source })
    }

    /// An upstream that a source has found; `None` if its address is none.
    pub(crate) fn found(host: Arc<Host>, limits: Limits, source: Arc<str>) -> Option<Self> {
        let target = Target::Fixed(Arc::new(Dial::parse(&host.address).ok()?));
        let Limits { max_requests, max_fails } = limits;
        Some(Self { host, target, max_requests, max_fails, health: None, source })
    }

    /// Where the request goes.
    ///
    /// # Errors
    /// When the request makes no address of the placeholders.
    pub(crate) fn dial(&self, exchange: &Exchange) -> Result<Arc<Dial>, Error> {
        match &self.target {
            Target::Fixed(dial) => Ok(Arc::clone(dial)),
            Target::Varying(address) => {
                let dial = Dial::parse(&address.render(exchange)).map_err(|reason| {
                    let message = format!("making dial info: upstream {}: {reason}", self.host.address);
                    Error::new(Kind::UpstreamBroken, message)
                })?;
                Ok(Arc::new(dial))
            }
        }
    }

    /// Whether a request may go there now.
    pub(crate) fn is_available(&self) -> bool {
        self.max_requests.is_none_or(|most| self.host.requests() < most)
            && self.max_fails.is_none_or(|most| self.host.fails() < most)
            && self.health.as_ref().is_none_or(|health| health.is_healthy())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Health, Hosts};

    #[test]
    fn counts_are_shared_and_forgotten_with_the_last_user() {
        let hosts = Hosts::default();
        let (first, second) = (hosts.get("a:1"), hosts.get("a:1"));
        let request = first.request();
        first.remember_failure();
        assert_eq!((second.requests(), second.fails()), (1, 1));
        drop(request);
        assert_eq!(second.requests(), 0);
        drop((first, second));
        assert!(hosts.all().is_empty());
        assert_eq!(hosts.get("a:1").fails(), 0);
    }

    #[test]
    fn a_verdict_takes_results_in_a_row() {
        let health = Health::default();
        assert!(!health.record(false, 2));
        assert!(!health.record(true, 1));
        assert!(!health.record(false, 2));
        assert!(health.is_healthy());
        assert!(health.record(false, 2));
        assert!(!health.is_healthy());
        assert!(health.record(true, 1));
    }

    #[test]
    fn health_is_kept_while_the_checks_are_the_same() {
        let hosts = Hosts::default();
        let address: Arc<str> = "a:1".into();
        let before = hosts.health(&address, 1);
        before.record(false, 1);
        assert!(!hosts.health(&address, 1).is_healthy());
        assert!(hosts.health(&address, 2).is_healthy());
        assert!(!hosts.healthy()[&address]);
    }
}
