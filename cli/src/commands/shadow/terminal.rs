//! The report as text.

use std::fmt::Write;

use super::report::{Mirror, moment, share};
use crate::text::{age, columns};

/// Characters that are shown of an example; the other forms show all that there is.
const SHOWN: usize = 40;

pub(super) fn show(mirrors: &[Mirror]) -> String {
    if mirrors.is_empty() {
        return "The configuration that is served has no mirror.\n".to_owned();
    }
    mirrors.iter().map(mirror).collect::<Vec<_>>().join("\n")
}

fn mirror(mirror: &Mirror) -> String {
    let Mirror { path, since, seconds, counts, metrics_name, .. } = mirror;
    let name = if metrics_name.is_empty() { String::new() } else { format!("{metrics_name} ") };
    let head = format!("Mirror {name}{path}, since {} ({})", moment(since), age(*seconds));
    let mut text = columns(&[vec![head]]);
    let mut rows = vec![vec!["copies".to_owned(), copies(mirror)]];
    rows.extend(mirror.compared.all().map(|(name, pairs)| {
        let (different, all) = (pairs.different, pairs.all());
        vec![name.to_owned(), format!("{different} of {all} differ ({})", share(different, all))]
    }));
    let different = counts.different();
    if mirror.compared.all().next().is_some() {
        let all = counts.compared;
        rows.push(vec!["any".to_owned(), format!("{different} of {all} differ ({})", share(different, all))]);
    }
    if !mirror.noise.is_empty() {
        let fields: Vec<&str> = mirror.noise.iter().map(|noise| &*noise.field).collect();
        rows.push(vec!["noise".to_owned(), format!("passed over: {}", fields.join(" "))]);
    }
    text.push_str(&columns(&rows));
    text.push_str(&latencies(mirror));
    text.push_str(&routes(mirror));
    text
}

fn copies(mirror: &Mirror) -> String {
    let counts = &mirror.counts;
    let mut text = format!("{} sent, {} compared", counts.mirrored, counts.compared);
    let learnt = [("learnt from", counts.learnt)];
    for (why, count) in learnt.into_iter().chain(counts.lost()).filter(|(_, count)| *count > 0) {
        write!(text, ", {count} {why}").expect("writing to a string");
    }
    text
}

fn latencies(mirror: &Mirror) -> String {
    let head = ["", "", "COUNT", "MEAN", "P50", "P90", "P99"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (side, latencies) in [("primary", &mirror.primary), ("shadow", &mirror.shadow)] {
        let first = Some(&latencies.time_to_first_byte);
        for (what, histogram) in [("first byte", first), ("whole response", latencies.total_time.as_ref())] {
            let Some(histogram) = histogram.filter(|histogram| histogram.count > 0) else { continue };
            let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| histogram.quantile(share));
            let (count, mean) = (histogram.count.to_string(), histogram.mean());
            rows.push(vec![what.to_owned(), side.to_owned(), count, mean, p50, p90, p99]);
        }
    }
    rows[1..].sort_by(|one, other| one[0].cmp(&other[0]));
    if rows.len() == 1 { String::new() } else { format!("\n{}", columns(&rows)) }
}

fn routes(mirror: &Mirror) -> String {
    let head = ["ROUTE", "DIFFER", "KIND", "FIELD", "COUNT", "PRIMARY", "SHADOW", "LAST"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for route in mirror.routes() {
        for (at, difference) in route.differences.iter().enumerate() {
            let (name, differ) = match at {
                0 => (route.to_string(), format!("{} of {}", route.different(), route.compared)),
                _ => Default::default(),
            };
            let last = &difference.last;
            let [primary, shadow] = [&last.primary, &last.shadow].map(|side| cut(side));
            let (kind, field) = (difference.kind.clone(), difference.field.clone());
            rows.push(vec![
                name,
                differ,
                kind,
                field,
                difference.count.to_string(),
                primary,
                shadow,
                cut(&last.uri),
            ]);
        }
    }
    if rows.len() == 1 { String::new() } else { format!("\n{}", columns(&rows)) }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
