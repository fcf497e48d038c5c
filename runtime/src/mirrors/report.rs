//! What mirrors have found, as JSON.

use std::{
    sync::{PoisonError, atomic::Ordering::Relaxed},
    time::UNIX_EPOCH,
};

use serde_json::{Map, Value, json};

use super::{Count, Example, Figures, Kind, Mirrors, Side, histogram::Histogram};

impl Mirrors {
    /// Every mirror with its counts, latencies, and the fields that differ.
    pub(crate) fn report(&self) -> Value {
        self.all().iter().map(|figures| show(figures)).collect()
    }
}

fn show(figures: &Figures) -> Value {
    let counts: Map<String, Value> =
        Count::ALL.iter().map(|(count, name)| ((*name).to_owned(), figures.counted(*count).into())).collect();
    let kinds: Map<String, Value> = Kind::ALL
        .iter()
        .filter(|(kind, _)| figures.compares[*kind as usize])
        .map(|(kind, name)| {
            let [equal, different] = &figures.matches[*kind as usize];
            ((*name).to_owned(), json!({"match": equal.load(Relaxed), "mismatch": different.load(Relaxed)}))
        })
        .collect();
    let fields = figures.fields.lock().unwrap_or_else(PoisonError::into_inner);
    let fields: Vec<Value> = fields
        .iter()
        .map(|((kind, name), field)| {
            let kind = Kind::ALL.iter().find(|(known, _)| known == kind).map_or("", |(_, name)| name);
            let (first, last) = (example(&field.first), example(&field.last));
            json!({"kind": kind, "field": name, "count": field.count, "first": first, "last": last})
        })
        .collect();
    json!({
        "path": figures.path,
        "metrics_name": figures.prefix,
        "counts": counts,
        "compared": kinds,
        "differences": fields,
        "primary": latency(figures, Side::Primary),
        "shadow": latency(figures, Side::Shadow),
    })
}

fn example(example: &Example) -> Value {
    let Example { at, method, uri, primary, shadow } = example;
    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    json!({"ts": at, "method": method, "uri": uri, "primary": primary, "shadow": shadow})
}

fn latency(figures: &Figures, side: Side) -> Value {
    let show = |histogram: &Histogram| {
        let counted = Histogram::sum_of([histogram]);
        let buckets: Vec<Value> =
            counted.buckets.iter().map(|(bound, count)| json!({"le": bound, "count": count})).collect();
        json!({"count": counted.count, "sum_seconds": counted.seconds, "buckets": buckets})
    };
    json!({
        "time_to_first_byte": show(&figures.first_byte[side as usize]),
        "total_time": show(&figures.total[side as usize]),
    })
}
