//! The matcher `host`.

use std::collections::HashMap;

use caddis_config::http::matchers::Host as Config;

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, idna, route::Matcher, uri},
    placeholder::Template,
};

/// Lists longer than this are looked up by hash.
const LARGE: usize = 16;

#[derive(Debug, Default)]
struct Host {
    /// Lower case.
    exact: Vec<Box<str>>,
    /// The same, when they are many.
    index: HashMap<Box<str>, ()>,
    wildcards: Vec<Box<str>>,
    computed: Vec<Template>,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    let mut host = Host::default();
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(config.0.len());
    for (index, name) in config.0.iter().enumerate() {
        let ascii = idna::to_ascii(name);
        if let Some(first) = seen.insert(ascii.to_lowercase(), index) {
            return Err(cx.error(format!("host at index {first} is repeated at index {index}: {name}")));
        }
        let template = Template::all(&ascii, cx)?;
        match template.constant() {
            None => host.computed.push(template),
            Some(text) if text.contains('*') => host.wildcards.push(text.into()),
            Some(text) => host.exact.push(text.to_lowercase().into()),
        }
    }
    if host.exact.len() > LARGE {
        host.index = std::mem::take(&mut host.exact).into_iter().map(|name| (name, ())).collect();
    }
    Ok(Box::new(host))
}

impl Matcher for Host {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        let asked = asked_host(exchange);
        Ok(self.exact.iter().any(|name| name.eq_ignore_ascii_case(asked))
            || (!self.index.is_empty() && self.is_indexed(asked))
            || self.wildcards.iter().any(|pattern| fits(pattern, asked))
            || self.computed.iter().any(|template| fits(&template.render(&*exchange), asked)))
    }
}

impl Host {
    fn is_indexed(&self, asked: &str) -> bool {
        if asked.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.index.contains_key(&*asked.to_ascii_lowercase());
        }
        self.index.contains_key(asked)
    }
}

/// The host that was asked for, without port or brackets.
fn asked_host(exchange: &Exchange) -> &str {
    let authority = exchange.authority();
    match uri::split_host_port(authority) {
        Some((host, _)) => host,
        None => {
            let host = authority.strip_prefix('[').unwrap_or(authority);
            host.strip_suffix(']').unwrap_or(host)
        }
    }
}

/// A label `*` stands for any one label.
fn fits(pattern: &str, host: &str) -> bool {
    if !pattern.contains('*') {
        return pattern.eq_ignore_ascii_case(host);
    }
    let mut labels = host.split('.');
    for expected in pattern.split('.') {
        match labels.next() {
            Some(label) if expected == "*" || expected.eq_ignore_ascii_case(label) => {}
            _ => return false,
        }
    }
    labels.next().is_none()
}
