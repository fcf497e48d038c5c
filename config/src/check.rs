//! What is wrong with a configuration although every part of it can be read: pure checks, all errors at once.
//!
//! Nothing here opens a file or asks the network. What needs either, and regular expressions, is checked by whoever
//! runs the configuration.

mod admin;
mod handlers;
mod listeners;
mod logging;
mod matchers;
mod mirror;
mod reverse_proxy;
mod routes;
mod servers;
mod template;
mod tls;

use std::fmt::Display;

use crate::{Config, ConfigError};

/// Everything that is wrong with `config`, in the order of the JSON. The messages are Caddy's.
pub fn check(config: &Config) -> Vec<ConfigError> {
    examine(config).errors
}

/// What can be run and yet cannot be meant: settings without effect, or that defeat each other.
pub fn warnings(config: &Config) -> Vec<ConfigError> {
    examine(config).warnings
}

fn examine(config: &Config) -> Report {
    let mut report = Report::default();
    report.field("logging", &config.logging, logging::check);
    admin::check(&mut report, config);
    report.within("apps", |report| {
        let authorities = tls::Authorities::of(config);
        report.field("http", &config.apps.http, |report, app| servers::check(report, app, &authorities));
        report.field("tls", &config.apps.tls, |report, app| tls::check(report, app, &authorities));
    });
    logging::sources(&mut report, config);
    report
}

/// The errors so far, and the place being looked at.
#[derive(Default)]
struct Report {
    path: String,
    errors: Vec<ConfigError>,
    warnings: Vec<ConfigError>,
    /// The loggers of access logs that routes choose by name, with the places where they do.
    chosen_loggers: Vec<(String, String)>,
    responses: handlers::Responses,
}

impl Report {
    /// Looks at the member `key`.
    fn within(&mut self, key: impl Display, look: impl FnOnce(&mut Self)) {
        let end = self.path.len();
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        self.path.push('/');
        self.path.push_str(&key);
        look(self);
        self.path.truncate(end);
    }

    /// Looks at an optional member.
    fn field<T>(&mut self, key: &str, value: &Option<T>, look: impl FnOnce(&mut Self, &T)) {
        if let Some(value) = value {
            self.within(key, |report| look(report, value));
        }
    }

    /// Looks at each item of the list `key`.
    fn each<'i, T>(&mut self, key: &str, items: &'i [T], mut look: impl FnMut(&mut Self, &'i T)) {
        self.within(key, |report| {
            for (index, item) in items.iter().enumerate() {
                report.within(index, |report| look(report, item));
            }
        });
    }

    /// Something is wrong here.
    fn error(&mut self, message: impl Into<String>) {
        self.errors.push(ConfigError { path: self.path.clone(), message: message.into() });
    }

    /// Something here cannot be meant.
    fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(ConfigError { path: self.path.clone(), message: message.into() });
    }

    /// Something is wrong here if `check` says so.
    fn result<T>(&mut self, check: Result<T, String>) {
        if let Err(message) = check {
            self.error(message);
        }
    }
}

/// Whether a value is only known when it is used.
fn has_placeholder(text: &str) -> bool {
    text.contains('{')
}

/// Addresses and CIDR ranges, with an optional zone; placeholders are left for later.
fn ip_ranges(report: &mut Report, key: &str, ranges: &[String]) {
    report.each(key, ranges, |report, range| {
        if !has_placeholder(range) {
            report.result(ip_range(range.split('%').next().unwrap_or(range)));
        }
    });
}

fn ip_range(text: &str) -> Result<(), String> {
    let Some((address, bits)) = text.split_once('/') else {
        let parsed = text.parse::<std::net::IpAddr>();
        return parsed.map(drop).map_err(|_| format!("invalid IP address: '{text}'"));
    };
    let most = match address.parse() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return Err(format!("parsing CIDR expression '{text}': invalid IP address")),
    };
    let canonical = bits == "0" || !bits.starts_with(['0', '+']);
    match bits.parse::<u8>() {
        Ok(bits) if bits <= most && canonical => Ok(()),
        _ => Err(format!("parsing CIDR expression '{text}': bad number of bits")),
    }
}

#[cfg(test)]
mod tests;
