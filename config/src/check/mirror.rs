//! The handler `mirror`.

use super::routes::Context;
use super::{Report, handlers, has_placeholder};
use crate::http::handlers::Mirror;
use crate::value::{Duration, JsonPath};

pub(super) fn check(report: &mut Report, mirror: &Mirror, routes: &Context<'_>) {
    for (name, branch) in [("primary", &mirror.primary), ("secondary", &mirror.secondary)] {
        if branch.is_none() {
            report.error(format!("{name} handler is required"));
        }
    }
    report.field("primary", &mirror.primary, |report, branch| handlers::subroute(report, branch, routes));
    report.field("secondary", &mirror.secondary, |report, branch| {
        handlers::subroute(report, branch, routes);
    });
    report.each("more_secondaries", &mirror.more_secondaries, |report, branch| {
        handlers::subroute(report, branch, routes);
    });
    report.field("baseline", &mirror.baseline, |report, branch| handlers::subroute(report, branch, routes));
    report.within("metrics_name", |report| report.result(metrics_name(&mirror.metrics_name)));
    report.within("secondary_timeout", |report| report.result(timeout(&mirror.secondary_timeout)));
    report.within("log_level", |report| {
        let level = &*mirror.log_level;
        if !level.is_empty() && !Mirror::LOG_LEVELS.contains(&level) {
            report.error(format!("bad log_level '{level}': it is one of {}", Mirror::LOG_LEVELS.join(", ")));
        }
    });
    report.within("mirror_by", |report| {
        if !mirror.mirror_by.is_empty() && !has_placeholder(&mirror.mirror_by) {
            report.error("mirror_by without a placeholder is the same for all requests");
        }
    });
    for (name, number) in [
        ("max_in_flight", mirror.max_in_flight),
        ("max_body", mirror.max_body),
        ("max_lag", mirror.max_lag),
        ("compare_max_size", mirror.compare_max_size),
        ("learn", mirror.learn),
    ] {
        if number < 0 {
            report.within(name, |report| report.error(format!("{name} cannot be below zero")));
        }
    }
    comparison(report, mirror);
}

fn comparison(report: &mut Report, mirror: &Mirror) {
    let Mirror { compare_status, compare_body, compare_headers, compare_jq, compare_json, .. } = mirror;
    report.field("compare_json", compare_json, |report, json| {
        for (name, paths) in [("ignore", &json.ignore), ("unordered", &json.unordered)] {
            report.each(name, paths, |report, path| report.result(JsonPath::parse(path).map(drop)));
        }
        if !compare_jq.is_empty() {
            report.error("compare_json and compare_jq both say how bodies are compared; choose one");
        }
    });
    let compares = *compare_status
        || *compare_body
        || !compare_headers.is_empty()
        || !compare_jq.is_empty()
        || compare_json.is_some();
    for (name, set) in [("baseline", mirror.baseline.is_some()), ("learn", mirror.learn > 0)] {
        if set && !compares {
            report.within(name, |report| {
                report.error(format!("{name} without a compare_… option does nothing"));
            });
        }
    }
}

fn timeout(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    match Duration::parse(text) {
        Ok(timeout) if timeout.0 <= 0 => Err(format!("error parsing timeout: '{text}' is not above zero")),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("error parsing timeout: {error}")),
    }
}

/// A name in Prometheus' data model.
fn metrics_name(name: &str) -> Result<(), String> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    if name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_legal) {
        return Err(format!("bad metrics prefix '{name}': letters, digits and '_', no digit first"));
    }
    Ok(())
}
