//! Figures of mirrors for Prometheus, under the names of caddy-mirror where it has them.

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use super::{
    Count, Figures, Kind, Mirrors, Side,
    histogram::{FINER, Histogram},
};
use crate::metrics::Form;

impl Mirrors {
    /// Adds the figures of all mirrors with a prefix. Mirrors with the same prefix are added up.
    pub(crate) fn write(&self, text: &mut String, form: Form) {
        let mut by_prefix: BTreeMap<String, Vec<Arc<Figures>>> = BTreeMap::new();
        for figures in self.all().into_iter().filter(|figures| !figures.prefix.is_empty()) {
            by_prefix.entry(figures.prefix.clone()).or_default().push(figures);
        }
        for (prefix, all) in by_prefix {
            histograms(text, &prefix, &all).expect("writing to a string");
            counters(text, &prefix, &all, form).expect("writing to a string");
        }
    }
}

fn histograms(text: &mut String, prefix: &str, all: &[Arc<Figures>]) -> std::fmt::Result {
    for (side, name, long) in [(Side::Primary, "primary", "primary"), (Side::Shadow, "shadow", "secondary")] {
        let of = |pick: fn(&Figures) -> &[Histogram; 2]| {
            Histogram::sum_of(all.iter().map(|figures| &pick(figures)[side as usize]))
        };
        let help = format!("Number of seconds before first byte of response from {long}");
        histogram(
            text,
            &format!("{prefix}_{name}_time_to_first_byte_seconds"),
            &help,
            &of(|all| &all.first_byte),
        )?;
        let help = format!("Number of seconds for full response from {long}");
        histogram(text, &format!("{prefix}_{name}_total_time_seconds"), &help, &of(|all| &all.total))?;
    }
    Ok(())
}

fn histogram(
    text: &mut String,
    name: &str,
    help: &str,
    counted: &super::histogram::Counted,
) -> std::fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram")?;
    for (bound, count) in counted.buckets.iter().skip(FINER) {
        writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}")?;
    }
    let (count, seconds) = (counted.count, counted.seconds);
    writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {seconds}\n{name}_count {count}")
}

fn counters(text: &mut String, prefix: &str, all: &[Arc<Figures>], form: Form) -> std::fmt::Result {
    // In the older format the names are the original's, which lack the ending that the newer one demands.
    let ending = if form == Form::OpenMetrics { "_total" } else { "" };
    let mut counter = |name: &str, help: &str, count: u64| {
        let name = format!("{prefix}_{name}");
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name}{ending} {count}")
    };
    for (kind, name) in Kind::ALL {
        let comparing = || all.iter().filter(|figures| figures.compares[kind as usize]);
        if comparing().next().is_none() {
            continue;
        }
        for (at, (ending, what)) in
            [("match", "matched"), ("mismatch", "did not match")].into_iter().enumerate()
        {
            let count =
                comparing().map(|figures| figures.matches[kind as usize][at].load(super::Relaxed)).sum();
            let of = if kind == Kind::Body { String::new() } else { format!(" by {name}") };
            counter(
                &format!("shadow_{name}_{ending}"),
                &format!("Number of responses that {what}{of}"),
                count,
            )?;
        }
    }
    for (count, name) in Count::ALL {
        let total = all.iter().map(|figures| figures.totals().of(count)).sum();
        let help = match count {
            Count::Mirrored => "Number of copies of requests that were sent",
            Count::Compared => "Number of pairs of responses that were compared",
            Count::Equal => "Number of pairs of responses without difference",
            Count::Learnt => "Number of pairs of responses that only taught what differs",
            Count::Dropped => {
                "Number of copies that were not sent because too many requests had some under way"
            }
            Count::Abandoned => "Number of copies or comparisons that were given up",
            Count::TimedOut => "Number of copies that took too long",
            Count::Failed => "Number of copies that nobody answered",
        };
        counter(&format!("shadow_{name}"), help, total)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::mirrors::{About, Compared, Finding};

    #[test]
    fn mirrors_with_the_same_prefix_are_added_up() {
        let mirrors = Mirrors::default();
        let one = mirrors.figures("/a".into(), "p".into(), [false, false, true]);
        let other = mirrors.figures("/b".into(), "p".into(), [false, false, false]);
        let silent = mirrors.figures("/c".into(), String::new(), [true; 3]);
        one.first_byte(Side::Shadow, Duration::from_millis(3));
        other.first_byte(Side::Shadow, Duration::from_millis(5));
        let about = About {
            method: <_>::default(),
            host: String::new(),
            uri: <_>::default(),
            at: SystemTime::UNIX_EPOCH,
        };
        let (kind, field) = (Kind::Body, "body".to_owned());
        let finding = Finding { kind, field, primary: "1".to_owned(), shadow: "2".to_owned(), offset: None };
        let (secondary, first_byte, noise) = <_>::default();
        let compared = Compared { secondary, first_byte, findings: vec![finding], noise };
        one.compared(&about, compared);
        other.count(Count::Mirrored);
        silent.count(Count::Mirrored);
        let mut text = String::new();
        mirrors.write(&mut text, Form::Prometheus);
        for line in [
            "# TYPE p_shadow_time_to_first_byte_seconds histogram",
            "p_shadow_time_to_first_byte_seconds_bucket{le=\"0.004\"} 1",
            "p_shadow_time_to_first_byte_seconds_bucket{le=\"0.008\"} 2",
            "p_shadow_time_to_first_byte_seconds_bucket{le=\"0.001\"} 0",
            "p_shadow_time_to_first_byte_seconds_sum 0.008",
            "p_primary_total_time_seconds_bucket{le=\"65.536\"} 0",
            "# HELP p_shadow_body_mismatch Number of responses that did not match",
            "p_shadow_body_mismatch 1",
            "p_shadow_body_match 0",
            "p_shadow_mirrored 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("status_match") && !text.contains("le=\"0.0005\""), "{text}");
        assert!(Arc::ptr_eq(&one, &mirrors.figures("/a".into(), "p".into(), [false, false, true])));
        text.clear();
        mirrors.write(&mut text, Form::OpenMetrics);
        assert!(text.contains("\np_shadow_body_mismatch_total 1\n"), "{text}");
    }
}
