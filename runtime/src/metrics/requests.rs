//! Figures of requests, under Caddy's names. They are counted by each shard on its own and added up when somebody asks.

use std::{
    collections::BTreeMap,
    fmt::Error,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{Method, StatusCode};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::{MetricType, exemplar::Exemplar},
};

use crate::shard;

/// Upper bounds of durations in nanoseconds: Prometheus' defaults.
const DURATIONS: [u64; 11] = [
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];
/// Upper bounds of sizes in bytes.
const SIZES: [u64; 8] = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

const METHODS: [&str; 10] =
    ["GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "OTHER"];

/// Statuses that are counted without a lock.
const CODES: [u16; 62] = [
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 307, 308,
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422,
    423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
];

/// What tells figures apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Labels {
    /// The name of the server in the configuration.
    pub(crate) server: String,
    /// The first handler of the route.
    pub(crate) handler: &'static str,
    /// `None` unless hosts are told apart.
    pub(crate) host: Option<String>,
}

/// All figures that a configuration still counts with.
#[derive(Debug, Default)]
pub(crate) struct Requests(Mutex<BTreeMap<Labels, Weak<Figures>>>);

/// The figures under one set of labels.
#[derive(Debug)]
pub(crate) struct Figures {
    /// By shard.
    totals: Box<[Totals]>,
    /// By method, by status, by shard. Made as they are needed.
    known: [OnceLock<Box<[OnceLock<Samples>]>>; METHODS.len()],
    /// By method and status, those that nobody has heard of.
    unknown: Mutex<BTreeMap<(usize, u16), Samples>>,
}

/// By shard.
type Samples = Box<[Sample]>;

/// Aligned, so that shards do not write into the same cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Totals {
    in_flight: AtomicI64,
    requests: AtomicU64,
    errors: AtomicU64,
}

/// Histograms of answers with one method and one status.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Sample {
    duration: Histogram,
    first_byte: Histogram,
    received: Histogram,
    sent: Histogram,
}

/// Room for the bounds of either kind, and for what is beyond the last.
#[derive(Debug, Default)]
struct Histogram {
    counts: [AtomicU64; DURATIONS.len() + 1],
    sum: AtomicU64,
}

impl Histogram {
    fn add(&self, bounds: &[u64], value: u64) {
        let bucket = bounds.iter().position(|&bound| value <= bound).unwrap_or(bounds.len());
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
    }
}

/// The place of a method among those that are told apart.
pub(super) fn method_index(method: &Method) -> usize {
    METHODS.iter().position(|known| method.as_str().eq_ignore_ascii_case(known)).unwrap_or(METHODS.len() - 1)
}

/// The end of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub(super) method: usize,
    pub(super) status: StatusCode,
    /// Since its route was chosen.
    pub(super) duration: Duration,
    /// Of the request in bytes, head and body.
    pub(super) received: u64,
    /// Of the response's body in bytes.
    pub(super) sent: u64,
}

impl Requests {
    /// The figures under these labels, counted on from where another configuration has them.
    pub(super) fn figures(&self, labels: Labels, shards: usize) -> Arc<Figures> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(figures) = all.get(&labels).and_then(Weak::upgrade) {
            return figures;
        }
        all.retain(|_, figures| figures.strong_count() > 0);
        let figures = Arc::new(Figures {
            totals: by_shard(shards),
            known: Default::default(),
            unknown: Mutex::default(),
        });
        all.insert(labels, Arc::downgrade(&figures));
        figures
    }
}

fn by_shard<T: Default>(shards: usize) -> Box<[T]> {
    (0..shards.max(1)).map(|_| T::default()).collect()
}

fn mine<T>(all: &[T]) -> &T {
    &all[shard::current().unwrap_or(0) % all.len()]
}

impl Figures {
    pub(super) fn began(&self) {
        mine(&self.totals).in_flight.fetch_add(1, Relaxed);
    }

    /// The request is no longer in flight; nothing else is counted.
    pub(super) fn left(&self) {
        mine(&self.totals).in_flight.fetch_sub(1, Relaxed);
    }

    pub(super) fn answered(&self, method: usize, status: StatusCode, first_byte: Duration) {
        self.sample(method, status, |sample| sample.first_byte.add(&DURATIONS, nanos(first_byte)));
    }

    pub(super) fn ended(&self, ended: Ended, failed: bool) {
        let totals = mine(&self.totals);
        totals.requests.fetch_add(1, Relaxed);
        totals.errors.fetch_add(u64::from(failed), Relaxed);
        self.sample(ended.method, ended.status, |sample| {
            sample.duration.add(&DURATIONS, nanos(ended.duration));
            sample.received.add(&SIZES, ended.received);
            sample.sent.add(&SIZES, ended.sent);
        });
    }

    fn sample(&self, method: usize, status: StatusCode, add: impl FnOnce(&Sample)) {
        let shards = self.totals.len();
        if let Ok(code) = CODES.binary_search(&status.as_u16()) {
            let codes = self.known[method].get_or_init(|| CODES.iter().map(|_| OnceLock::new()).collect());
            add(mine(codes[code].get_or_init(|| by_shard(shards))));
        } else {
            let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
            add(mine(unknown.entry((method, status.as_u16())).or_insert_with(|| by_shard(shards))));
        }
    }

    /// Shows every method and status that was answered.
    fn each_sample(
        &self,
        mut show: impl FnMut(&str, u16, &[Sample]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for (method, codes) in METHODS.iter().zip(&self.known) {
            let codes = codes.get().into_iter().flat_map(|codes| CODES.iter().zip(codes));
            for (code, samples) in codes.filter_map(|(code, samples)| Some((code, samples.get()?))) {
                show(method, *code, samples)?;
            }
        }
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        for ((method, code), samples) in unknown.iter() {
            show(METHODS[*method], *code, samples)?;
        }
        Ok(())
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The collector of [`Requests`].
#[derive(Debug)]
pub(super) struct Collected(pub(super) Arc<Requests>);

const NONE: Option<&Exemplar<NoLabelSet, u64>> = None;

type Pairs<'a> = Vec<(&'static str, &'a str)>;

/// Name, help, and where the value is.
type CounterFamily = (&'static str, &'static str, fn(&Totals) -> &AtomicU64);

/// Name, help, where the values are, their bounds, and how many units of ours one of Prometheus' has.
type HistogramFamily = (&'static str, &'static str, fn(&Sample) -> &Histogram, &'static [u64], f64);

impl Labels {
    fn pairs(&self) -> Pairs<'_> {
        let mut pairs = vec![("server", self.server.as_str()), ("handler", self.handler)];
        pairs.extend(self.host.as_deref().map(|host| ("host", host)));
        pairs
    }
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let all: Vec<(Labels, Arc<Figures>)> = {
            let all = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.iter().filter_map(|(labels, figures)| Some((labels.clone(), figures.upgrade()?))).collect()
        };
        if all.is_empty() {
            return Ok(());
        }
        let help = "Number of requests currently handled by this server";
        let mut family =
            encoder.encode_descriptor("http_requests_in_flight", help, None, MetricType::Gauge)?;
        for (labels, figures) in &all {
            let count: i64 = figures.totals.iter().map(|totals| totals.in_flight.load(Relaxed)).sum();
            family.encode_family(&labels.pairs())?.encode_gauge(&count)?;
        }
        let counters: [CounterFamily; 2] = [
            ("http_request_errors", "Number of requests resulting in middleware errors", |totals| {
                &totals.errors
            }),
            ("http_requests", "Counter of HTTP(S) requests made", |totals| &totals.requests),
        ];
        for (name, help, counter) in counters {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (labels, figures) in &all {
                let count: u64 = figures.totals.iter().map(|totals| counter(totals).load(Relaxed)).sum();
                family.encode_family(&labels.pairs())?.encode_counter(&count, NONE)?;
            }
        }
        let histograms: [HistogramFamily; 4] = [
            (
                "http_request_duration_seconds",
                "Histogram of round-trip request durations",
                |sample| &sample.duration,
                &DURATIONS,
                1e9,
            ),
            (
                "http_request_size_bytes",
                "Total size of the request. Includes body",
                |sample| &sample.received,
                &SIZES,
                1.0,
            ),
            ("http_response_size_bytes", "Size of the returned response", |sample| &sample.sent, &SIZES, 1.0),
            (
                "http_response_duration_seconds",
                "Histogram of times to first byte in response bodies",
                |sample| &sample.first_byte,
                &DURATIONS,
                1e9,
            ),
        ];
        for (name, help, histogram, bounds, unit) in histograms {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
            for (labels, figures) in &all {
                figures.each_sample(|method, code, samples| {
                    let code = code.to_string();
                    let mut pairs = labels.pairs();
                    pairs.extend([("code", code.as_str()), ("method", method)]);
                    let (sum, count, buckets) = add_up(samples.iter().map(histogram), bounds, unit);
                    if count == 0 {
                        return Ok(());
                    }
                    family.encode_family(&pairs)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
                })?;
            }
        }
        Ok(())
    }
}

/// Sum, count and counts by bound of the same histogram of every shard.
fn add_up<'a>(
    shards: impl Iterator<Item = &'a Histogram>,
    bounds: &[u64],
    unit: f64,
) -> (f64, u64, Vec<(f64, u64)>) {
    let bounds = bounds.iter().map(|&bound| bound as f64 / unit).chain([f64::MAX]);
    let mut buckets: Vec<(f64, u64)> = bounds.map(|bound| (bound, 0)).collect();
    let mut sum = 0;
    for histogram in shards {
        sum += histogram.sum.load(Relaxed);
        for ((_, total), count) in buckets.iter_mut().zip(&histogram.counts) {
            *total += count.load(Relaxed);
        }
    }
    let count = buckets.iter().map(|(_, count)| count).sum();
    (sum as f64 / unit, count, buckets)
}
