//! Which figures a request counts towards, decided as far as possible when a configuration is built.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Instant,
};

use arc_swap::ArcSwap;
use caddis_config::http::{App, Matcher};
use http::{StatusCode, request::Parts};

use super::requests::{Ended, Figures, Labels, Requests, method_index};
use crate::{
    build::{Build, BuildError},
    http::Exchange,
};

/// Hosts that no route names and that are told apart all the same, for each route; further ones are counted together.
const MET: usize = 1000;
/// The host of requests to hosts that are not told apart.
const OTHER: &str = "_other";

/// Which metrics a configuration wants.
#[derive(Debug)]
pub(crate) struct Plan {
    requests: Arc<Requests>,
    shards: usize,
    /// Hosts that routes name; `None` when hosts are not told apart.
    hosts: Option<BTreeSet<String>>,
    others: Others,
}

/// Of which requests hosts that no route names are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    None,
    /// Whoever asks over TLS has a certificate for the name.
    Tls,
    All,
}

impl Plan {
    /// `None` when no metrics are wanted.
    ///
    /// # Errors
    /// For what is not supported.
    pub(crate) fn build(app: &App, cx: &mut Build) -> Result<Option<Self>, BuildError> {
        let of_servers = app.servers.values().filter_map(|server| server.metrics.as_ref());
        let wanted: Vec<_> = app.metrics.iter().chain(of_servers).collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let otlp = wanted.iter().any(|metrics| metrics.otlp);
        cx.refuse_fields(&[("metrics/otlp", otlp, "pushing metrics by OTLP")])?;
        let has_tls = app.servers.values().any(|server| !server.tls_connection_policies.is_empty());
        Ok(Some(Self {
            requests: Arc::clone(&cx.process.metrics.requests),
            shards: cx.process.shards.count(),
            hosts: wanted.iter().any(|metrics| metrics.per_host).then(|| named_hosts(app)),
            others: match wanted.iter().any(|metrics| metrics.observe_catchall_hosts) {
                true => Others::All,
                false if has_tls => Others::Tls,
                false => Others::None,
            },
        }))
    }

    /// What observes the requests of one route.
    pub(crate) fn observer(&self, server: &str, handler: &'static str) -> Observer {
        let source = Source {
            requests: Arc::clone(&self.requests),
            shards: self.shards,
            server: server.to_owned(),
            handler,
        };
        let Some(hosts) = &self.hosts else { return Observer::One(source.figures(None)) };
        Observer::ByHost(Box::new(ByHost {
            named: hosts.iter().map(|host| (host.clone(), source.figures(Some(host)))).collect(),
            met: ArcSwap::default(),
            other: source.figures(Some(OTHER)),
            others: self.others,
            source,
        }))
    }
}

/// The hosts that routes of the first level name without a pattern.
fn named_hosts(app: &App) -> BTreeSet<String> {
    let routes = app.servers.values().flat_map(|server| &server.routes);
    let matchers = routes.flat_map(|route| &route.matchers).flat_map(caddis_config::ModuleMap::iter);
    let hosts = matchers.filter_map(|matcher| match matcher {
        Matcher::Host(hosts) => Some(&hosts.0),
        _ => None,
    });
    hosts.flatten().filter(|host| !host.contains(['*', '{'])).map(|host| host.to_ascii_lowercase()).collect()
}

/// Observes the requests that a route has been chosen for.
#[derive(Debug)]
pub(crate) enum Observer {
    One(Arc<Figures>),
    ByHost(Box<ByHost>),
}

#[derive(Debug)]
pub(crate) struct ByHost {
    named: HashMap<String, Arc<Figures>>,
    met: ArcSwap<HashMap<String, Arc<Figures>>>,
    other: Arc<Figures>,
    others: Others,
    source: Source,
}

/// Where figures of a route come from.
#[derive(Debug)]
struct Source {
    requests: Arc<Requests>,
    shards: usize,
    server: String,
    handler: &'static str,
}

impl Source {
    fn figures(&self, host: Option<&str>) -> Arc<Figures> {
        let labels =
            Labels { server: self.server.clone(), handler: self.handler, host: host.map(str::to_owned) };
        self.requests.figures(labels, self.shards)
    }
}

impl Observer {
    /// A route has been chosen for this request.
    pub(crate) fn begin(&self, exchange: &mut Exchange) {
        let figures = match self {
            Observer::One(figures) => Arc::clone(figures),
            Observer::ByHost(hosts) => hosts.of(exchange),
        };
        figures.began();
        let (method, received) = match exchange.observed.0.first() {
            Some(first) => (first.method, first.received),
            None => (method_index(&exchange.request.method), size(&exchange.request)),
        };
        exchange.observed.0.push(Observation {
            figures,
            started: Instant::now(),
            method,
            received,
            sent: 0,
            // What stays when the client leaves before there is an answer.
            outcome: Outcome::Answered(StatusCode::from_u16(499).expect("499 is three digits")),
        });
    }
}

impl ByHost {
    fn of(&self, exchange: &Exchange) -> Arc<Figures> {
        let host = exchange.host().to_ascii_lowercase();
        if let Some(figures) = self.named.get(&host) {
            return Arc::clone(figures);
        }
        let told_apart = match self.others {
            Others::None => false,
            Others::Tls => exchange.is_tls(),
            Others::All => true,
        };
        if !told_apart {
            return Arc::clone(&self.other);
        }
        let met = self.met.load();
        if let Some(figures) = met.get(&host) {
            return Arc::clone(figures);
        }
        if met.len() >= MET {
            return Arc::clone(&self.other);
        }
        let figures = self.source.figures(Some(&host));
        self.met.rcu(|met| {
            let mut met = HashMap::clone(met);
            met.insert(host.clone(), Arc::clone(&figures));
            met
        });
        figures
    }
}

/// About how large a request is in bytes, head and announced body, as Prometheus' libraries count.
fn size(request: &Parts) -> u64 {
    let headers = &request.headers;
    let fields: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let target = request.uri.path().len() + request.uri.query().map_or(0, |query| query.len() + 1);
    let head = target + request.method.as_str().len() + "HTTP/1.1".len() + fields;
    let body = headers.get(http::header::CONTENT_LENGTH);
    let body = body.and_then(|length| length.to_str().ok()?.parse::<u64>().ok()).unwrap_or(0);
    head as u64 + body
}

/// One request under observation, once for each route that was chosen for it. Counted when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Observed(Vec<Observation>);

#[derive(Debug)]
struct Observation {
    figures: Arc<Figures>,
    started: Instant,
    method: usize,
    received: u64,
    sent: u64,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Answered(StatusCode),
    Failed(StatusCode),
    /// The client got nothing.
    Cut,
}

impl Observed {
    /// The handlers have answered; the body is still to come.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        for observation in &mut self.0 {
            observation.outcome = Outcome::Answered(status);
            observation.figures.answered(observation.method, status, observation.started.elapsed());
        }
    }

    /// The handlers have failed; what error routes do is not counted.
    pub(crate) fn failed(&mut self, status: StatusCode) {
        self.end(Outcome::Failed(status));
    }

    /// The connection is cut without an answer.
    pub(crate) fn cut(&mut self) {
        self.end(Outcome::Cut);
    }

    fn end(&mut self, outcome: Outcome) {
        self.0.iter_mut().for_each(|observation| observation.outcome = outcome);
        self.0.clear();
    }

    /// Counts bytes of the response's body.
    pub(crate) fn sent(&mut self, bytes: usize) {
        for observation in &mut self.0 {
            observation.sent += bytes as u64;
        }
    }

    /// Whether nobody observes the request.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.figures.left();
        let (status, failed) = match self.outcome {
            Outcome::Answered(status) => (status, false),
            Outcome::Failed(status) => (status, true),
            Outcome::Cut => return,
        };
        let ended = Ended {
            method: self.method,
            status,
            duration: self.started.elapsed(),
            received: self.received,
            sent: self.sent,
        };
        self.figures.ended(ended, failed);
    }
}

#[cfg(test)]
mod tests;
