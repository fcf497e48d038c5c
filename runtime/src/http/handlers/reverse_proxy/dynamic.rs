//! Upstreams that are looked up while requests come (`http.reverse_proxy.upstreams`).

mod lookup;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use caddis_config::{
    http::reverse_proxy::{PassiveHealthChecks, UpstreamSource as Config},
    to_json,
};
use xxhash_rust::xxh64::xxh64;

use self::lookup::Lookup;
pub(super) use self::lookup::resolver;
use super::upstreams::{Hosts, Limits, Upstream};
use crate::{
    build::{Build, BuildError},
    error::Error,
    http::Exchange,
    process::Process,
};

/// Most results that are remembered; names made of placeholders could be any number.
const CACHED: usize = 100;

/// A list of upstreams.
pub(super) type Pool = Arc<Vec<Arc<Upstream>>>;

/// Where upstreams are looked up.
#[derive(Debug)]
pub(super) struct Source {
    lookups: Vec<Lookup>,
    limits: Limits,
    /// What detached streams to these upstreams live by.
    name: Arc<str>,
    process: Arc<Process>,
    cache: Mutex<BTreeMap<(usize, String), Cached>>,
}

#[derive(Debug)]
struct Cached {
    pool: Pool,
    until: Instant,
    /// Somebody is looking; everybody else goes on with what is known.
    looking: bool,
}

impl Source {
    /// # Errors
    /// When something is invalid or not supported.
    pub(super) fn build(
        config: &Config,
        passive: Option<&PassiveHealthChecks>,
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        let mut lookups = Vec::new();
        collect(config, &mut lookups, cx)?;
        let name: Arc<str> = format!("dynamic {:016x}", xxh64(to_json(config).as_bytes(), 0)).into();
        cx.streams.sources.insert(Arc::clone(&name));
        let process = Arc::clone(&cx.process);
        Ok(Self { lookups, limits: Limits::new(passive), name, process, cache: Mutex::default() })
    }

    /// The upstreams for a request, those of all sources one after the other.
    ///
    /// # Errors
    /// When no source knows any.
    pub(super) async fn upstreams(&self, exchange: &Exchange) -> Result<Pool, Error> {
        if let [_] = self.lookups.as_slice() {
            return self.of_one(0, exchange).await;
        }
        let (mut all, mut failure) = (Vec::new(), None);
        for index in 0..self.lookups.len() {
            match self.of_one(index, exchange).await {
                Ok(pool) => all.extend(pool.iter().cloned()),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(Arc::new(all)),
        }
    }

    /// Forgets what is known for this request: an upstream has failed, perhaps because it is gone.
    pub(super) fn forget(&self, exchange: &Exchange) {
        for (index, lookup) in self.lookups.iter().enumerate() {
            self.cache().remove(&(index, lookup.name(exchange)));
        }
    }

    async fn of_one(&self, index: usize, exchange: &Exchange) -> Result<Pool, Error> {
        let lookup = &self.lookups[index];
        let key = (index, lookup.name(exchange));
        if let Some(cached) = self.cache().get_mut(&key) {
            if cached.looking || cached.until > Instant::now() {
                return Ok(Arc::clone(&cached.pool));
            }
            cached.looking = true;
        }
        let looking = Looking { source: self, key: &key };
        let found = lookup.find(exchange).await;
        drop(looking);
        let mut cache = self.cache();
        match found {
            Ok(addresses) => {
                let pool = Arc::new(self.upstreams_at(&addresses, &self.process.hosts));
                if cache.len() >= CACHED && !cache.contains_key(&key) {
                    let victim = cache.keys().nth(fastrand::usize(..cache.len())).cloned();
                    victim.and_then(|victim| cache.remove(&victim));
                }
                let cached = Cached {
                    pool: Arc::clone(&pool),
                    until: Instant::now() + lookup.refresh(),
                    looking: false,
                };
                cache.insert(key, cached);
                Ok(pool)
            }
            Err(error) => match (cache.get_mut(&key), lookup.grace()) {
                (Some(cached), Some(grace)) => {
                    cached.until = Instant::now() + grace;
                    Ok(Arc::clone(&cached.pool))
                }
                (_, _) => Err(error),
            },
        }
    }

    fn upstreams_at(&self, addresses: &[String], hosts: &Hosts) -> Vec<Arc<Upstream>> {
        let upstreams = addresses.iter().filter_map(|address| {
            let source = Arc::clone(&self.name);
            Upstream::found(hosts.get(address), self.limits, source).map(Arc::new)
        });
        upstreams.collect()
    }

    fn cache(&self) -> MutexGuard<'_, BTreeMap<(usize, String), Cached>> {
        // Nothing panics while it is locked.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets others look when a lookup ends, also one whose client has left.
struct Looking<'a> {
    source: &'a Source,
    key: &'a (usize, String),
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        if let Some(cached) = self.source.cache().get_mut(self.key) {
            cached.looking = false;
        }
    }
}

fn collect(config: &Config, lookups: &mut Vec<Lookup>, cx: &mut Build) -> Result<(), BuildError> {
    match config {
        Config::A(a) => lookups.push(Lookup::a(a, cx)?),
        Config::Srv(srv) => lookups.push(Lookup::srv(srv, cx)?),
        Config::Multi(multi) => {
            for (index, source) in multi.sources.iter().enumerate() {
                cx.at("sources", |cx| cx.at(index, |cx| collect(source, lookups, cx)))?;
            }
        }
        Config::Foreign(module) => {
            return Err(cx.unsupported(&format!("source {} of upstreams", module.name)));
        }
    }
    Ok(())
}

/// How long a result is used unless the configuration says otherwise.
const REFRESH: Duration = Duration::from_secs(60);
