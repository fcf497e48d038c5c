//! The report of mirrors as the admin API gives it.

use std::fmt;

use serde::Deserialize;

/// What one mirror has found.
#[derive(Debug, Deserialize)]
pub(super) struct Mirror {
    /// Where it stands in the configuration.
    pub(super) path: String,
    pub(super) metrics_name: String,
    pub(super) since: String,
    pub(super) seconds: f64,
    pub(super) counts: Counts,
    pub(super) compared: Kinds,
    pub(super) primary: Latencies,
    pub(super) shadow: Latencies,
    pub(super) windows: Vec<Window>,
    /// What is known to differ between equal systems, and passed over.
    pub(super) noise: Vec<Noise>,
    pub(super) routes: Vec<Route>,
}

/// A field that is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Noise {
    pub(super) kind: String,
    pub(super) field: String,
    pub(super) count: u64,
}

/// What became of copies.
#[derive(Debug, Deserialize)]
pub(super) struct Counts {
    pub(super) mirrored: u64,
    pub(super) compared: u64,
    pub(super) equal: u64,
    pub(super) learnt: u64,
    pub(super) dropped: u64,
    pub(super) abandoned: u64,
    pub(super) timed_out: u64,
    pub(super) failed: u64,
}

impl Counts {
    pub(super) fn different(&self) -> u64 {
        self.compared.saturating_sub(self.equal)
    }

    /// Copies of which nothing can be said, with why.
    pub(super) fn lost(&self) -> [(&'static str, u64); 4] {
        [
            ("dropped", self.dropped),
            ("abandoned", self.abandoned),
            ("timed out", self.timed_out),
            ("failed", self.failed),
        ]
    }
}

/// Comparisons by what was compared; `None` for what is not.
#[derive(Debug, Deserialize)]
pub(super) struct Kinds {
    pub(super) status: Option<Pairs>,
    pub(super) header: Option<Pairs>,
    pub(super) body: Option<Pairs>,
}

impl Kinds {
    /// Those that are compared, by their names.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &Pairs)> {
        let all = [("status", &self.status), ("headers", &self.header), ("body", &self.body)];
        all.into_iter().filter_map(|(name, pairs)| Some((name, pairs.as_ref()?)))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Pairs {
    #[serde(rename = "match")]
    pub(super) equal: u64,
    #[serde(rename = "mismatch")]
    pub(super) different: u64,
}

impl Pairs {
    pub(super) fn all(&self) -> u64 {
        self.equal.saturating_add(self.different)
    }
}

/// What was counted in a minute.
#[derive(Debug, Deserialize)]
pub(super) struct Window {
    pub(super) start: String,
    #[serde(flatten)]
    pub(super) counts: Counts,
}

/// Latencies of one side.
#[derive(Debug, Deserialize)]
pub(super) struct Latencies {
    pub(super) time_to_first_byte: Histogram,
    /// Of a mirror, not of a route.
    pub(super) total_time: Option<Histogram>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Histogram {
    pub(super) count: u64,
    pub(super) sum_seconds: f64,
    buckets: Vec<Bucket>,
}

/// How many values are not above a bound in seconds.
#[derive(Debug, Deserialize)]
struct Bucket {
    le: f64,
    count: u64,
}

impl Histogram {
    /// Each bucket's upper bound, `None` for the last, with how many values are in it.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (Option<f64>, u64)> {
        let upto = self.buckets.iter().map(|bucket| (Some(bucket.le), bucket.count));
        let mut before = 0;
        upto.chain([(None, self.count)]).map(move |(bound, upto)| {
            let within = upto.saturating_sub(before);
            before = upto;
            (bound, within)
        })
    }

    /// What at most a share of the values is above, as well as the buckets tell it.
    pub(super) fn quantile(&self, share: f64) -> String {
        if self.count == 0 {
            return "-".to_owned();
        }
        let wanted = (self.count as f64 * share).ceil() as u64;
        match self.buckets.iter().find(|bucket| bucket.count >= wanted) {
            Some(bucket) => format!("≤ {}", time(bucket.le)),
            None => {
                format!("> {}", self.buckets.last().map_or_else(|| "0 s".to_owned(), |last| time(last.le)))
            }
        }
    }

    pub(super) fn mean(&self) -> String {
        if self.count == 0 { "-".to_owned() } else { time(self.sum_seconds / self.count as f64) }
    }
}

/// Seconds in a unit that fits.
pub(super) fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        ..0.001 => (seconds * 1e6, "µs"),
        ..1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    let rounded = if value < 10.0 { (value * 10.0).round() / 10.0 } else { value.round() };
    format!("{rounded} {unit}")
}

/// A share in per cent: never 0 % of something, nor 100 % of less than all.
pub(super) fn share(part: u64, all: u64) -> String {
    let percent = part as f64 * 100.0 / all.max(1) as f64;
    match percent {
        _ if part > 0 && percent < 0.1 => "< 0.1 %".to_owned(),
        _ if part < all && percent > 99.9 => "> 99.9 %".to_owned(),
        _ => format!("{percent:.1} %"),
    }
}

/// Requests whose paths differ in nothing but ids.
#[derive(Debug, Deserialize)]
pub(super) struct Route {
    method: String,
    path: String,
    pub(super) compared: u64,
    pub(super) equal: u64,
    pub(super) primary: Latencies,
    pub(super) shadow: Latencies,
    pub(super) differences: Vec<Difference>,
}

impl Route {
    pub(super) fn different(&self) -> u64 {
        self.compared.saturating_sub(self.equal)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, .. } = self;
        write!(f, "{method}{}{path}", if method.is_empty() { "" } else { " " })
    }
}

impl Mirror {
    /// The routes, those with most differences first.
    pub(super) fn routes(&self) -> Vec<&Route> {
        let mut routes: Vec<&Route> = self.routes.iter().collect();
        routes.sort_by_key(|route| std::cmp::Reverse((route.different(), route.compared)));
        routes
    }
}

/// A field that differs.
#[derive(Debug, Deserialize)]
pub(super) struct Difference {
    pub(super) kind: String,
    pub(super) field: String,
    pub(super) count: u64,
    pub(super) first: Example,
    pub(super) last: Example,
}

/// One request whose answers differ.
#[derive(Debug, Deserialize)]
pub(super) struct Example {
    pub(super) at: String,
    pub(super) method: String,
    pub(super) host: String,
    pub(super) uri: String,
    pub(super) secondary: u64,
    pub(super) primary: String,
    pub(super) shadow: String,
    pub(super) offset: Option<u64>,
    pub(super) offset_is_exact: Option<bool>,
}

/// A moment in RFC 3339 for people.
pub(super) fn moment(text: &str) -> String {
    text.replacen('T', " ", 1).replace('Z', " UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_never_too_good() {
        assert_eq!(
            [0.000_05, 0.001, 0.0123, 1.0, 32.768].map(time),
            ["50 µs", "1 ms", "12 ms", "1 s", "33 s"]
        );
        let shares = [(0, 0), (0, 9), (1, 3), (1, 100_000), (99_999, 100_000), (5, 5)];
        let expected = ["0.0 %", "0.0 %", "33.3 %", "< 0.1 %", "> 99.9 %", "100.0 %"];
        assert_eq!(shares.map(|(part, all)| share(part, all)), expected);
    }

    #[test]
    fn quantiles_come_from_buckets() {
        let bucket = |le, count| Bucket { le, count };
        let buckets = vec![bucket(0.001, 50), bucket(0.002, 98), bucket(0.004, 99)];
        let histogram = Histogram { count: 100, sum_seconds: 0.2, buckets };
        assert_eq!(
            [0.5, 0.51, 0.99, 1.0].map(|share| histogram.quantile(share)),
            ["≤ 1 ms", "≤ 2 ms", "≤ 4 ms", "> 4 ms"]
        );
        assert_eq!(histogram.mean(), "2 ms");
        assert_eq!(histogram.buckets().map(|(_, count)| count).collect::<Vec<_>>(), [50, 48, 1, 1]);
    }
}
