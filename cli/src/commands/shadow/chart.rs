//! Pictures of the report, as SVG within a page.

use std::fmt::Write;

use super::{
    page::escape,
    report::{Histogram, Window, moment, share, time},
};

/// Size of a picture, in its own units; a page shows it as wide as there is room.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 120.0;
/// What is left for words below.
const BASE: f64 = 100.0;
/// Minutes that are shown.
const MINUTES: i64 = 60;

/// Two histograms in one picture: bars by bucket, as high as the bucket's share of its side.
pub(super) fn histograms(title: &str, primary: &Histogram, shadow: &Histogram) -> String {
    let sides = [("primary", primary), ("shadow", shadow)];
    let part = |histogram: &Histogram, count: u64| count as f64 / histogram.count.max(1) as f64;
    let highest = sides.iter().flat_map(|(_, side)| side.buckets().map(|(_, count)| part(side, count)));
    let highest = highest.fold(f64::MIN_POSITIVE, f64::max);
    let buckets = sides.iter().map(|(_, side)| side.buckets().count()).max().unwrap_or(1).max(1);
    let slot = WIDTH / buckets as f64;
    let mut svg = begin(&format!(
        "{title}: half of primary {}, of shadow {}",
        primary.quantile(0.5),
        shadow.quantile(0.5)
    ));
    for (number, (name, side)) in sides.into_iter().enumerate() {
        let mut lower = 0.0;
        for (at, (bound, count)) in side.buckets().enumerate() {
            let upto =
                bound.map_or_else(|| format!("> {}", time(lower)), |bound| format!("≤ {}", time(bound)));
            lower = bound.unwrap_or(lower);
            if count == 0 {
                continue;
            }
            let height = (part(side, count) / highest * (BASE - 4.0)).max(1.0);
            let x = at as f64 * slot + slot * (0.1 + 0.4 * number as f64);
            let words = format!("{upto}: {count} of {name} ({})", share(count, side.count));
            bar(&mut svg, name, [x, BASE - height, slot * 0.38, height], &words);
        }
    }
    for (at, (bound, _)) in primary.buckets().enumerate().step_by(4) {
        if let Some(bound) = bound {
            // The first would not fit on its left.
            let (x, anchor) = if at == 0 { (0.0, "start") } else { ((at as f64 + 0.5) * slot, "middle") };
            label(&mut svg, x, anchor, &time(bound));
        }
    }
    svg + "</svg>\n"
}

/// Minutes as bars: pairs that are equal, that differ, and copies that were lost.
pub(super) fn minutes(windows: &[Window]) -> Option<String> {
    let last = windows.last()?;
    // Seconds of the day are enough to tell the minutes of an hour apart.
    let slot_of = |window: &Window| {
        let back = (minute(&last.start)? - minute(&window.start)?).rem_euclid(24 * 60);
        (back < MINUTES).then_some(MINUTES - 1 - back)
    };
    let parts = |window: &Window| {
        let lost = window.counts.lost().iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
        [("equal", window.counts.equal), ("differ", window.counts.different()), ("lost", lost)]
    };
    let sum = |window: &Window| parts(window).iter().map(|(_, count)| *count as f64).sum::<f64>();
    let highest = windows.iter().map(sum).fold(1.0, f64::max);
    let slot = WIDTH / MINUTES as f64;
    let mut svg = begin("Comparisons of each minute: equal, different, lost");
    for window in windows {
        let Some(at) = slot_of(window) else { continue };
        let mut top = BASE;
        for (name, count) in parts(window).into_iter().filter(|(_, count)| *count > 0) {
            let height = (count as f64 / highest * (BASE - 4.0)).max(1.0);
            top -= height;
            let words = format!("{}: {count} {name}", moment(&window.start));
            bar(&mut svg, name, [at as f64 * slot + 0.4, top, slot - 0.8, height], &words);
        }
    }
    label(&mut svg, 0.0, "start", "an hour before");
    label(&mut svg, WIDTH, "end", &moment(&last.start));
    Some(svg + "</svg>\n")
}

/// The minute of the day of a moment in RFC 3339.
fn minute(text: &str) -> Option<i64> {
    let (hour, minute) = (text.get(11..13)?.parse::<i64>().ok()?, text.get(14..16)?.parse::<i64>().ok()?);
    Some(hour * 60 + minute)
}

fn begin(description: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n\
         <line class=\"axis\" x1=\"0\" y1=\"{BASE}\" x2=\"{WIDTH}\" y2=\"{BASE}\"/>\n",
        escape(description)
    )
}

fn bar(svg: &mut String, class: &str, [x, y, width, height]: [f64; 4], words: &str) {
    writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{}</title></rect>",
        escape(words)
    )
    .expect("writing to a string");
}

fn label(svg: &mut String, x: f64, anchor: &str, words: &str) {
    writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
        BASE + 14.0,
        escape(words)
    )
    .expect("writing to a string");
}
