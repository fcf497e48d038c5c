//! The handler `reverse_proxy`.

use super::routes::Context;
use super::{Report, handlers, ip_ranges, matchers};
use crate::http::handlers::ReverseProxy;
use crate::http::reverse_proxy::transport::Http;
use crate::http::reverse_proxy::{SelectionPolicy, StreamLogs, Transport};

const VERSIONS: [&str; 4] = ["1.1", "2", "h2c", "3"];

pub(super) fn check(report: &mut Report, proxy: &ReverseProxy, routes: &Context<'_>) {
    report.field("transport", &proxy.transport, |report, transport| match transport {
        Transport::Http(http) => transport_http(report, http, routes),
        Transport::FastCgi(_) | Transport::Foreign(_) => {}
    });
    buffers(report, proxy);
    report.field("load_balancing", &proxy.load_balancing, |report, balancing| {
        report.field("selection_policy", &balancing.selection_policy, selection_policy);
        report.each("retry_match", &balancing.retry_match, matchers::check);
    });
    ip_ranges(report, "trusted_proxies", &proxy.trusted_proxies);
    report.field("headers", &proxy.headers, handlers::headers);
    report.field("stream_logs", &proxy.stream_logs, stream_logs);
    report.field("rewrite", &proxy.rewrite, handlers::rewrite);
    routes.response_handlers(report, &proxy.handle_response);
}

/// Buffers wait for what streams do not have: an end.
fn buffers(report: &mut Report, proxy: &ReverseProxy) {
    if proxy.response_buffers != 0 && proxy.flush_interval.0 < 0 {
        report.within("response_buffers", |report| {
            report.warn("a response that is buffered is not passed on at once, as flush_interval asks");
        });
    }
    let streams = proxy.stream_detached
        || proxy.stream_timeout.0 != 0
        || proxy.stream_close_delay.0 != 0
        || proxy.stream_logs.is_some();
    if proxy.request_buffers < 0 && streams {
        report.within("request_buffers", |report| {
            report.warn(
                "buffers without a limit wait for the end of a request, which upgraded ones do not have",
            );
        });
    }
}

fn transport_http(report: &mut Report, transport: &Http, routes: &Context<'_>) {
    let versions = &transport.versions;
    report.each("versions", versions, |report, version| {
        if !VERSIONS.contains(&version.as_str()) {
            let supported = VERSIONS.join(", ");
            report.error(format!("unsupported HTTP version: {version}, supported version: {supported}"));
        }
    });
    if versions.len() > 1 && versions.iter().any(|version| version == "3") {
        report.within("versions", |report| {
            report.error("if HTTP/3 is enabled to the upstream, no other HTTP versions are supported");
        });
    }
    if versions.iter().any(|version| version == "3") {
        routes.takes_sessions.set(true);
    }
    let has = |wanted: &str| versions.iter().any(|version| version == wanted);
    if has("3") && transport.tls.is_none() {
        report.within("versions", |report| {
            report.warn("HTTP/3 is always encrypted, and the transport has no TLS: use https:// or tls");
        });
    }
    if has("h2c") && transport.tls.is_some() {
        report.within("versions", |report| {
            report.warn("h2c is HTTP/2 without TLS, and the transport has TLS: h2c has no effect");
        });
    }
    report.field("tls", &transport.tls, |report, tls| {
        let pools = tls.ca.is_some() || !(tls.root_ca_pool.is_empty() && tls.root_ca_pem_files.is_empty());
        if tls.insecure_skip_verify && pools {
            report.within("insecure_skip_verify", |report| {
                report.warn("nothing is verified, so that the certificates to trust have no effect");
            });
        }
        report.field("ca", &tls.ca, |report, pool| super::tls::ca_pool(report, pool, routes.authorities));
        match (tls.client_certificate_file.is_empty(), tls.client_certificate_key_file.is_empty()) {
            (false, true) => {
                report.error("client_certificate_file specified without client_certificate_key_file");
            }
            (true, false) => {
                report.error("client_certificate_key_file specified without client_certificate_file");
            }
            _ => {}
        }
        if !["", "never", "once", "freely"].contains(&tls.renegotiation.as_str()) {
            report.within("renegotiation", |report| {
                report.error(format!("invalid TLS renegotiation level: {}", tls.renegotiation));
            });
        }
    });
}

fn selection_policy(report: &mut Report, policy: &SelectionPolicy) {
    match policy {
        SelectionPolicy::WeightedRoundRobin(policy) => {
            if policy.weights.iter().sum::<i64>() <= 0 {
                report.error("weighted_round_robin requires at least one upstream with a positive weight");
            }
            if policy.weights.iter().any(|weight| *weight < 0) {
                report.error("weight of an upstream cannot be negative");
            }
        }
        SelectionPolicy::RandomChoose(policy) => {
            if !matches!(policy.choose, 0 | 2..) {
                report.error("choose must be at least 2");
            }
        }
        SelectionPolicy::Query(policy) => {
            if policy.key.is_empty() {
                report.error("query key is required");
            }
            report.field("fallback", &policy.fallback, |report, policy| selection_policy(report, policy));
        }
        SelectionPolicy::Header(policy) => {
            if policy.field.is_empty() {
                report.error("header field is required");
            }
            report.field("fallback", &policy.fallback, |report, policy| selection_policy(report, policy));
        }
        SelectionPolicy::Cookie(policy) => {
            report.field("fallback", &policy.fallback, |report, policy| selection_policy(report, policy));
        }
        SelectionPolicy::ClientIpHash(_)
        | SelectionPolicy::First(_)
        | SelectionPolicy::IpHash(_)
        | SelectionPolicy::LeastConn(_)
        | SelectionPolicy::Random(_)
        | SelectionPolicy::RoundRobin(_)
        | SelectionPolicy::UriHash(_)
        | SelectionPolicy::Foreign(_) => {}
    }
}

/// A level that ends the process when something is logged at it is no level for streams.
fn stream_logs(report: &mut Report, logs: &StreamLogs) {
    let level = logs.level.trim().to_lowercase();
    if !["", "debug", "info", "warn", "error"].contains(&level.as_str()) {
        report.within("level", |report| {
            report.error(format!(
                "invalid stream_logs.level {:?}: unrecognized level: {:?}",
                logs.level, logs.level
            ));
        });
    }
}
