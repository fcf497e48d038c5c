//! Copies of requests on their way through the secondaries, and what becomes of their answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use caddis_config::{
    http::handlers::{Mirror as Config, Subroute},
    value::Duration as ConfigDuration,
};
use http::{HeaderMap, StatusCode, header};
use tokio::sync::oneshot;

use super::{
    super::subroute,
    branch,
    compare::{Comparison, Skipped},
    noise::Noise,
    tee::{Bounds, Copy, Cut, Watch},
};
use crate::{
    build::{Build, BuildError},
    error::Error,
    http::{Body, Exchange, Handler, Next},
    logging::{Level, Logger},
    mirrors::{About, Capacity, Compared, Count, Figures, Finding, Kind, Side},
};

/// Copies under way at once, unless configured.
const IN_FLIGHT: usize = 1024;
/// Bytes that a copy of a body may lag behind, unless configured.
const LAG: usize = 4 << 20;

/// Everything that gets copies, and what is known of their answers.
pub(super) struct Shadows {
    /// The secondaries, and last the baseline if there is one.
    targets: Vec<Box<dyn Handler>>,
    has_baseline: bool,
    timeout: Duration,
    in_flight: AtomicUsize,
    max_in_flight: usize,
    noise: Noise,
    log_level: Option<Level>,
    pub(super) times_bodies: bool,
    pub(super) comparison: Comparison,
    lag: usize,
    capacity: Arc<Capacity>,
    pub(super) logger: Logger,
    pub(super) figures: Arc<Figures>,
}

/// The primary's answer.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) status: StatusCode,
    /// Those of interest.
    pub(super) headers: HeaderMap,
    /// `None` where bodies are not compared.
    pub(super) body: Option<Body>,
    /// How long its head took.
    pub(super) first_byte: Duration,
}

/// One copy of a request.
pub(super) struct Job {
    exchange: Exchange,
    /// Tells when the body that the copy gets is cut.
    body: Option<Watch>,
    /// `None` where nothing is compared; nothing comes where the primary has failed or the client has left.
    primary: Option<oneshot::Receiver<Seen>>,
}

/// How a copy ended.
enum Ended {
    /// Both sides have answered.
    Compared(Compared),
    /// There is nothing to compare with.
    Alone,
    Failed(Error),
    /// Its body is not whole.
    Cut(Cut),
    Skipped(Skipped),
    TimedOut,
}

/// The right to send copies of one request.
pub(super) struct Permit(Arc<Shadows>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

impl Permit {
    /// Sends the copies and tells what differs.
    pub(super) async fn send(self, mut jobs: Vec<Job>, about: Option<About>) {
        let Self(shadows) = &self;
        let mut results = Vec::with_capacity(jobs.len());
        if jobs.len() == 1 {
            results.push(shadows.send(0, jobs.remove(0)).await);
        } else {
            // In tasks of their own, so that a panic of one does not take the others along.
            let send = |(at, job)| {
                let shadows = Arc::clone(shadows);
                tokio::task::spawn_local(async move { shadows.send(at, job).await })
            };
            let tasks: Vec<_> = jobs.into_iter().enumerate().map(send).collect();
            for task in tasks {
                // The message of a panic is on standard error.
                results.push(task.await.ok().flatten());
            }
        }
        if let Some(about) = about {
            shadows.judge(&about, results);
        }
    }
}

impl Job {
    /// A copy of the request with such a body, if it has one. What the primary answers is to be told where that is compared.
    pub(super) fn new(
        exchange: &Exchange,
        body: Option<Copy>,
        primary: Option<oneshot::Receiver<Seen>>,
    ) -> Self {
        let (body, watch) = body.map_or((None, None), |Copy { body, watch }| (Some(body), watch));
        Self { exchange: copy(exchange, body), body: watch, primary }
    }
}

/// A request of its own: what its handlers do to it shows nowhere else, and it is counted and logged by nobody.
fn copy(exchange: &Exchange, body: Option<Body>) -> Exchange {
    let request = &exchange.request;
    let mut parts = http::Request::new(()).into_parts().0;
    parts.method = request.method.clone();
    parts.uri = request.uri.clone();
    parts.version = request.version;
    parts.headers = request.headers.clone();
    if body.is_none() {
        for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::TRAILER, header::EXPECT] {
            parts.headers.remove(name);
        }
    }
    let body = body.unwrap_or_default();
    let mut copy = Exchange::new(parts, body, Arc::clone(&exchange.connection));
    copy.original.clone_from(&exchange.original);
    copy.client_ip = exchange.client_ip;
    copy.trusted_proxy = exchange.trusted_proxy;
    copy.vars.clone_from(&exchange.vars);
    copy.placeholders.clone_from(&exchange.placeholders);
    copy.providers.clone_from(&exchange.providers);
    copy.uuid.clone_from(&exchange.uuid);
    copy.groups.clone_from(&exchange.groups);
    copy
}

/// A number that was configured.
pub(super) fn positive<N: TryFrom<i64>>(number: i64) -> Option<N> {
    if number > 0 { number.try_into().ok() } else { None }
}

impl Shadows {
    /// # Errors
    /// Names what cannot be run.
    pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let mut targets = vec![branch("secondary", config.secondary.as_ref(), cx)?];
        let more =
            |(at, config): (usize, &Subroute), cx: &mut Build| cx.at(at, |cx| subroute::build(config, cx));
        targets.extend(cx.at("more_secondaries", |cx| {
            let secondaries = config.more_secondaries.iter().enumerate();
            secondaries.map(|secondary| more(secondary, cx)).collect::<Result<Vec<_>, _>>()
        })?);
        if config.baseline.is_some() {
            targets.push(branch("baseline", config.baseline.as_ref(), cx)?);
        }
        let timeout = cx.at("secondary_timeout", |cx| {
            let text = &*config.secondary_timeout;
            let timeout = if text.is_empty() { Ok(Config::TIMEOUT) } else { ConfigDuration::parse(text) };
            let timeout = timeout.map_err(|error| cx.error(format!("error parsing timeout: {error}")))?;
            timeout.to_std().ok_or_else(|| cx.error("a timeout cannot be below zero"))
        })?;
        let comparison = Comparison::build(config, cx)?;
        let (path, prefix) = (cx.path(), config.metrics_name.clone());
        let figures = cx.process.mirrors.figures(path, prefix, comparison.kinds());
        let level = match &*config.log_level {
            "debug" => Level::Debug,
            "warn" => Level::Warn,
            "error" => Level::Error,
            _ => Level::Info,
        };
        Ok(Self {
            has_baseline: config.baseline.is_some(),
            targets,
            timeout,
            in_flight: AtomicUsize::new(0),
            max_in_flight: positive(config.max_in_flight).unwrap_or(IN_FLIGHT),
            lag: positive(config.max_lag).unwrap_or(LAG),
            noise: Noise::new(u64::try_from(config.learn).unwrap_or(0)),
            log_level: (!config.no_log).then_some(level),
            times_bodies: !config.metrics_name.is_empty(),
            comparison,
            capacity: Arc::clone(&cx.process.mirrors.capacity),
            logger: cx.process.logger.named("http.handlers.mirror"),
            figures,
        })
    }

    /// How many copies there are of each request.
    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    /// What copies of bodies of so many bytes may take.
    pub(super) fn bounds(&self, limit: u64) -> Bounds<'_> {
        Bounds { limit, lag: self.lag, capacity: &self.capacity }
    }

    /// Takes a place among those under way; `None` where there are too many.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Permit> {
        let before = self.in_flight.fetch_add(1, Relaxed);
        let permit = Permit(Arc::clone(self));
        (before < self.max_in_flight).then_some(permit)
    }

    /// What is told of a request later; `None` where nothing is compared.
    pub(super) fn describe(&self, exchange: &Exchange) -> Option<About> {
        self.comparison.is_active().then(|| {
            let (method, uri) = exchange.original();
            let (host, at) = (exchange.host().to_owned(), SystemTime::now());
            About { method: method.clone(), host, uri: uri.clone(), at }
        })
    }

    /// Sends one copy; what came of the comparison, if there was something to compare.
    async fn send(&self, target: usize, mut job: Job) -> Option<Compared> {
        let body = job.body.take();
        let answered = tokio::time::timeout(self.timeout, self.answered(target, job));
        let ended = match body {
            None => answered.await,
            Some(body) => tokio::select! {
                biased;
                cut = body.cut() => Ok(Ended::Cut(cut)),
                ended = answered => ended,
            },
        };
        self.figures.tick(SystemTime::now());
        // Counted last, so that whoever sees the count finds the line.
        match ended.unwrap_or(Ended::TimedOut) {
            Ended::Compared(compared) => return Some(compared),
            Ended::Alone => {}
            Ended::Failed(error) => self.lost(&error, Count::Failed),
            Ended::Cut(cut) => self.lost(&cut, Count::Abandoned),
            Ended::Skipped(why) => {
                let level = if matches!(why, Skipped::Endless(_) | Skipped::Failed) {
                    Level::Error
                } else {
                    Level::Debug
                };
                self.logger.log(level, "shadow_not_compared", |fields| {
                    fields.error(&why);
                });
                self.figures.count(Count::Abandoned);
            }
            Ended::TimedOut => {
                let error = format!("no whole answer within {} s", self.timeout.as_secs_f64());
                self.lost(&error, Count::TimedOut);
            }
        }
        None
    }

    /// Tells that a copy has no answer.
    fn lost(&self, why: &dyn std::fmt::Display, what: Count) {
        self.logger.error("secondary_handler_error", |fields| {
            fields.add("error", why.to_string());
        });
        self.figures.count(what);
    }

    async fn answered(&self, target: usize, job: Job) -> Ended {
        let Job { mut exchange, primary, .. } = job;
        let pair = self.comparison.pair();
        let started = Instant::now();
        let ours = async {
            let Some(primary) = primary else { return Ok(None) };
            let Ok(Seen { status, headers, body, first_byte }) = primary.await else { return Ok(None) };
            let head = (status, headers);
            match body {
                Some(body) => self.comparison.read(&pair, Side::Primary, head, body).await?,
                None => Comparison::read_head(&pair, Side::Primary, head),
            }
            Ok(Some(first_byte))
        };
        let theirs = async {
            let handled = self.targets[target].handle(&mut exchange, Next::routes(&[], None)).await;
            let (parts, body) = handled.map_err(Ended::Failed)?.into_parts();
            let first_byte = started.elapsed();
            let head = (parts.status, parts.headers);
            let read = self.comparison.read(&pair, Side::Shadow, head, body).await;
            // The baseline is a primary, which must not count as what it is compared with.
            if !self.is_baseline(target) {
                self.figures.first_byte(Side::Shadow, first_byte);
                self.figures.total(Side::Shadow, started.elapsed());
            }
            read.map_err(Ended::Skipped)?;
            Ok(first_byte)
        };
        let both = tokio::try_join!(async { ours.await.map_err(Ended::Skipped) }, theirs);
        match both {
            Err(ended) => ended,
            Ok((None, _)) => Ended::Alone,
            Ok((Some(primary), shadow)) => match self.comparison.findings(pair.into_inner()).await {
                Ok(findings) => {
                    let first_byte = [primary, shadow];
                    Ended::Compared(Compared { secondary: target, first_byte, findings, noise: Vec::new() })
                }
                Err(why) => Ended::Skipped(why),
            },
        }
    }

    fn is_baseline(&self, target: usize) -> bool {
        self.has_baseline && target + 1 == self.targets.len()
    }

    /// Takes noise out of the differences, and counts and tells the rest.
    fn judge(&self, about: &About, mut results: Vec<Option<Compared>>) {
        if self.has_baseline {
            match results.pop().flatten() {
                Some(baseline) => self.noise.learn(&baseline.findings),
                // Without its like nobody knows what is noise.
                None => return,
            }
        }
        let lesson = results.iter().any(Option::is_some) && self.noise.is_lesson();
        for mut compared in results.into_iter().flatten() {
            if lesson {
                if !self.has_baseline {
                    self.noise.learn(&compared.findings);
                }
                self.figures.count(Count::Learnt);
                continue;
            }
            compared.noise = self.noise.remove_from(&mut compared.findings);
            if let Some(level) = self.log_level {
                for finding in &compared.findings {
                    self.tell(level, about, compared.secondary, finding);
                }
            }
            self.figures.compared(about, compared);
        }
    }

    fn tell(&self, level: Level, about: &About, secondary: usize, finding: &Finding) {
        let Finding { kind, field, primary, shadow, offset } = finding;
        let message = match kind {
            Kind::Status => "shadow_status_mismatch",
            Kind::Header => "shadow_header_mismatch",
            Kind::Body => "shadow_mismatch",
        };
        self.logger.log(level, message, |fields| {
            match kind {
                Kind::Status => {
                    let number = |status: &str| status.parse::<i64>().unwrap_or_default();
                    fields.add("primary_status", number(primary)).add("shadow_status", number(shadow));
                }
                Kind::Header => {
                    fields
                        .add("key", &**field)
                        .add("primary_values", &**primary)
                        .add("shadow_values", &**shadow);
                }
                Kind::Body => {
                    fields
                        .add("primary_body", &**primary)
                        .add("shadow_body", &**shadow)
                        .add("field", &**field);
                }
            }
            if let Some((offset, exact)) = *offset {
                fields.add("offset", offset).add("offset_is_exact", exact);
            }
            fields.add("secondary", secondary as u64);
            fields.object("request", |request| {
                request.add("method", about.method.as_str()).add("host", &*about.host);
                request.add("uri", about.target());
            });
        });
    }
}
