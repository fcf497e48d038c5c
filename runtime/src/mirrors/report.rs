//! What mirrors have found, as JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::{
    Count, Figures, Kept, Kind, Mirrors, Side,
    histogram::{Counted, Histogram},
    minute,
    routes::{Example, Field, Found, Route},
    windows::Totals,
};
use crate::time::Moment;

impl Mirrors {
    /// Every mirror with its counts, latencies, and the fields that differ, since it began or was reset.
    pub(crate) fn report(&self) -> Value {
        let now = SystemTime::now();
        self.all().iter().map(|figures| show(figures, &figures.kept(), figures.totals(), now)).collect()
    }

    /// The same, and begins anew. Metrics go on.
    pub(crate) fn reset(&self) -> Value {
        let now = SystemTime::now();
        let reset = |figures: &Figures| {
            let mut kept = figures.kept();
            let totals = figures.totals();
            let shown = show(figures, &kept, totals, now);
            *kept = Kept::begun(now, totals);
            kept.first_byte = figures.first_byte.each_ref().map(counted);
            kept.total = figures.total.each_ref().map(counted);
            shown
        };
        self.all().iter().map(|figures| reset(figures)).collect()
    }
}

fn counted(histogram: &Histogram) -> Counted {
    Histogram::sum_of([histogram])
}

/// `kept` comes before `totals`: then there are examples of whatever is counted.
fn show(figures: &Figures, kept: &Kept, totals: Totals, now: SystemTime) -> Value {
    let since = totals.since(&kept.totals);
    let kinds = Kind::ALL.iter().filter(|(kind, _)| figures.compares[*kind as usize]);
    let kinds: Map<String, Value> = kinds
        .map(|(kind, name)| {
            let [equal, different] = since.matches[*kind as usize];
            ((*name).to_owned(), json!({"match": equal, "mismatch": different}))
        })
        .collect();
    let windows = kept.windows.all(minute(now), totals).map(|(minute, totals)| {
        let mut window = counts(&totals);
        window.insert("start".to_owned(), time(UNIX_EPOCH + Duration::from_secs(minute * 60)).into());
        Value::Object(window)
    });
    let latency = |side: Side| {
        let since = |histograms: &[Histogram; 2], before: &[Counted; 2]| {
            histogram(&counted(&histograms[side as usize]).since(&before[side as usize]))
        };
        json!({
            "time_to_first_byte": since(&figures.first_byte, &kept.first_byte),
            "total_time": since(&figures.total, &kept.total),
        })
    };
    json!({
        "path": figures.path,
        "metrics_name": figures.prefix,
        "since": time(kept.since),
        "seconds": now.duration_since(kept.since).unwrap_or_default().as_secs_f64(),
        "counts": counts(&since),
        "compared": kinds,
        "primary": latency(Side::Primary),
        "shadow": latency(Side::Shadow),
        "windows": windows.collect::<Value>(),
        "noise": kept.routes.noise.iter().map(noise).collect::<Value>(),
        "routes": kept.routes.all.iter().map(route).collect::<Value>(),
    })
}

fn counts(totals: &Totals) -> Map<String, Value> {
    Count::ALL.iter().map(|(count, name)| ((*name).to_owned(), totals.of(*count).into())).collect()
}

fn route((Route { method, path }, found): (&Route, &Found)) -> Value {
    let latency =
        |side: Side| json!({"time_to_first_byte": histogram(&counted(&found.first_byte[side as usize]))});
    json!({
        "method": method,
        "path": path,
        "compared": found.compared,
        "equal": found.equal,
        "primary": latency(Side::Primary),
        "shadow": latency(Side::Shadow),
        "differences": found.fields.iter().map(difference).collect::<Value>(),
    })
}

fn noise(((kind, name), count): (&(Kind, String), &u64)) -> Value {
    json!({"kind": Kind::ALL[*kind as usize].1, "field": name, "count": count})
}

fn difference(((kind, name), field): (&(Kind, String), &Field)) -> Value {
    let Field { count, first, last } = field;
    let kind = Kind::ALL[*kind as usize].1;
    let (first, last) = (example(first), example(last.as_ref().unwrap_or(first)));
    json!({"kind": kind, "field": name, "count": count, "first": first, "last": last})
}

fn example(example: &Example) -> Value {
    let Example { at, method, host, uri, secondary, primary, shadow, offset } = example;
    let mut shown = json!({
        "at": time(*at),
        "method": method,
        "host": host,
        "uri": uri,
        "secondary": secondary,
        "primary": primary,
        "shadow": shadow,
    });
    if let Some((offset, exact)) = offset {
        shown["offset"] = (*offset).into();
        shown["offset_is_exact"] = (*exact).into();
    }
    shown
}

fn histogram(counted: &Counted) -> Value {
    let buckets: Vec<Value> =
        counted.buckets.iter().map(|(bound, count)| json!({"le": bound, "count": count})).collect();
    json!({"count": counted.count, "sum_seconds": counted.seconds, "buckets": buckets})
}

/// As RFC 3339 has it, in UTC.
fn time(time: SystemTime) -> String {
    Moment::new(time).format("2006-01-02T15:04:05Z")
}
