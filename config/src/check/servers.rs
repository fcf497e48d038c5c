//! Servers: listeners, protocols, wrappers, logs.

use std::cell::Cell;

use super::listeners::Listeners;
use super::{Report, routes, tls};
use crate::go::host_port;
use crate::go::quote::quote;
use crate::http::ip_sources::IpSource;
use crate::http::{App, Server};
use crate::listeners::ListenerWrapper;

pub(super) fn check(report: &mut Report, app: &App, authorities: &tls::Authorities<'_>) {
    let mut listeners = Listeners::default();
    report.within("servers", |report| {
        for (name, server) in &app.servers {
            report.within(name, |report| {
                listeners.check(report, name, server);
                check_server(report, name, server, authorities);
            });
        }
    });
}

fn check_server(report: &mut Report, name: &str, server: &Server, authorities: &tls::Authorities<'_>) {
    report.within("listener_wrappers", |report| wrappers(report, &server.listener_wrappers));
    report.within("expected_underscore_headers", |report| {
        header_names(report, &server.expected_underscore_headers, '_', "expected_underscore_headers");
    });
    report.within("expected_dot_headers", |report| {
        header_names(report, &server.expected_dot_headers, '.', "expected_dot_headers");
    });
    let routes = routes::Context { server, authorities, takes_sessions: Cell::new(false) };
    report.within("routes", |report| routes.check(report, &server.routes));
    report.field("errors", &server.errors, |report, errors| {
        report.within("routes", |report| routes.check(report, &errors.routes));
    });
    report.within("named_routes", |report| {
        for (name, route) in &server.named_routes {
            report.within(name, |report| routes.check_one(report, route));
        }
    });
    report.each("tls_connection_policies", &server.tls_connection_policies, |report, policy| {
        tls::connection_policy(report, policy, authorities);
    });
    report.field("trusted_proxies", &server.trusted_proxies, |report, source| match source {
        IpSource::Static(list) => super::ip_ranges(report, "ranges", &list.ranges),
        IpSource::Foreign(_) => {}
    });
    let has_h3 = server.protocols.is_empty() || server.protocols.iter().any(|protocol| protocol == "h3");
    if server.enable_webtransport && !has_h3 {
        report.within("enable_webtransport", |report| {
            report.warn("WebTransport needs h3, which is not among the protocols of the server");
        });
    } else if server.enable_webtransport && !routes.takes_sessions.get() {
        report.within("enable_webtransport", |report| {
            report.warn("no reverse_proxy of the server takes sessions of WebTransport: a transport with versions 3 does");
        });
    }
    report.field("logs", &server.logs, |report, logs| {
        report.within("logger_names", |report| {
            for host in logs.logger_names.keys().filter(|host| host_port::split(host).is_ok()) {
                report.within(host, |report| {
                    report.error(format!("server {name}: logger name must not have a port: {host}"));
                });
            }
        });
    });
    let (lists, addresses) = (server.listen_protocols.len(), server.listen.len());
    if lists != 0 && lists != addresses {
        report.within("listen_protocols", |report| {
            report.error(format!(
                "server {name}: listener protocols count does not match address count: {lists} != {addresses}"
            ));
        });
    }
}

/// `tls` is where TLS begins: at most once, and not first, which goes without saying.
fn wrappers(report: &mut Report, wrappers: &[ListenerWrapper]) {
    let mut seen = false;
    for (index, wrapper) in wrappers.iter().enumerate() {
        report.within(index, |report| match wrapper {
            ListenerWrapper::Tls(_) if index == 0 => report.error(
                "it is unnecessary to specify the TLS listener wrapper in the first position because that is the default",
            ),
            ListenerWrapper::Tls(_) if seen => report.error("TLS listener wrapper can only be specified once"),
            ListenerWrapper::Tls(_) => seen = true,
            ListenerWrapper::ProxyProtocol(wrapper) => {
                super::ip_ranges(report, "allow", &wrapper.allow);
                super::ip_ranges(report, "deny", &wrapper.deny);
            }
            ListenerWrapper::HttpRedirect(_) | ListenerWrapper::Foreign(_) => {}
        });
    }
}

fn header_names(report: &mut Report, names: &[String], separator: char, field: &str) {
    for (index, entry) in names.iter().enumerate() {
        let name = entry.strip_suffix('*').unwrap_or(entry);
        let problem = if !entry.is_ascii() {
            "contains non-ASCII characters".to_owned()
        } else if name.contains('*') {
            "has '*' in an invalid position (only a trailing '*' is allowed)".to_owned()
        } else if !name.contains(separator) {
            format!("does not contain a '{separator}'")
        } else {
            continue;
        };
        report.within(index, |report| report.error(format!("{field}: entry {} {problem}", quote(entry))));
    }
}
