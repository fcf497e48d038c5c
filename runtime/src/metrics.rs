//! Figures for Prometheus, under Caddy's names. Counters of the process live on through reloads.

pub(crate) mod observer;
mod process;
pub(crate) mod requests;
mod streams;
mod text;
mod upstreams;

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::{SystemTime, UNIX_EPOCH},
};

use http::{Method, StatusCode};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use self::requests::Requests;
pub(crate) use self::text::Form;
use crate::{http::handlers::reverse_proxy::Hosts, mirrors::Mirrors, tunnel};

/// All figures of a process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    mirrors: Arc<Mirrors>,
    pub(crate) requests: Arc<Requests>,
    admin_requests: Family<AdminRequest, Counter>,
    admin_errors: Family<AdminError, Counter>,
    reload_successful: Gauge,
    reload_time: Gauge<f64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AdminRequest {
    handler: &'static str,
    path: &'static str,
    code: u16,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AdminError {
    handler: &'static str,
    path: &'static str,
    method: &'static str,
}

impl Metrics {
    /// Figures of a process with these streams, upstreams and mirrors.
    pub(crate) fn new(tunnels: Arc<tunnel::Registry>, hosts: Arc<Hosts>, mirrors: Arc<Mirrors>) -> Self {
        let mut root = Registry::default();
        root.register_collector(Box::new(process::Process::new()));
        let registry = root.sub_registry_with_prefix("caddy");
        let metrics = Self {
            registry: Mutex::default(),
            mirrors,
            requests: Arc::default(),
            admin_requests: Family::default(),
            admin_errors: Family::default(),
            reload_successful: Gauge::default(),
            reload_time: Gauge::default(),
        };
        registry.register(
            "admin_http_requests",
            "Counter of requests made to the Admin API's HTTP endpoints",
            metrics.admin_requests.clone(),
        );
        registry.register(
            "admin_http_request_errors",
            "Number of requests resulting in middleware errors",
            metrics.admin_errors.clone(),
        );
        registry.register(
            "config_last_reload_successful",
            "Whether the last configuration reload attempt was successful",
            metrics.reload_successful.clone(),
        );
        registry.register(
            "config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload",
            metrics.reload_time.clone(),
        );
        registry.register_collector(Box::new(requests::Collected(Arc::clone(&metrics.requests))));
        registry.register_collector(Box::new(upstreams::Upstreams(hosts)));
        registry.register_collector(Box::new(streams::Streams(tunnels)));
        Self { registry: Mutex::new(root), ..metrics }
    }

    /// The figures as text.
    pub(crate) fn text(&self, form: Form) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        encode(&mut text, &registry).expect("writing to a string");
        const END: &str = "# EOF\n";
        let mut text = form.of(text);
        text.truncate(text.trim_end_matches(END).len());
        self.mirrors.write(&mut text, form);
        if form == Form::OpenMetrics {
            text.push_str(END);
        }
        text
    }

    /// Counts an answer of the admin API.
    pub(crate) fn admin_request(&self, path: &'static str, method: &Method, status: StatusCode) {
        let labels = AdminRequest { handler: "admin", path, code: status.as_u16(), method: name(method) };
        self.admin_requests.get_or_create(&labels).inc();
    }

    /// Counts an error of the admin API.
    pub(crate) fn admin_error(&self, path: &'static str, method: &Method) {
        self.admin_errors.get_or_create(&AdminError { handler: "admin", path, method: name(method) }).inc();
    }

    /// Remembers how the last attempt to load a configuration ended.
    pub(crate) fn config_loaded(&self, successful: bool) {
        self.reload_successful.set(i64::from(successful));
        if successful {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.reload_time.set(now.as_secs_f64());
        }
    }
}

/// The method as a label: methods that clients invent are one.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "OTHER",
    }
}
