//! The proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name, read as Go does
//! (<https://pkg.go.dev/golang.org/x/net/http/httpproxy>).

use std::{net::IpAddr, sync::Arc};

use caddis_config::{go::host_port, http::reverse_proxy::transport::TransportTls};
use ipnet::IpNet;

use super::{NetworkProxy, ProxyServer, Tls};
use crate::build::{Build, BuildError};

/// What the variables say.
#[derive(Debug)]
pub(in super::super) struct Environment {
    http: Option<Arc<ProxyServer>>,
    https: Option<Arc<ProxyServer>>,
    exceptions: Vec<Exception>,
}

/// Where no proxy is used; one of a port is for that port only.
#[derive(Debug, PartialEq)]
enum Exception {
    All,
    Network(IpNet),
    Address(IpAddr, Option<u16>),
    /// A domain with a dot before it, and whether it counts itself.
    Domain(String, bool, Option<u16>),
}

impl Environment {
    /// # Errors
    /// When a variable names no proxy.
    pub(super) fn build(tls: &TransportTls, cx: &mut Build) -> Result<NetworkProxy, BuildError> {
        let variable = |name: &str| {
            let value = cx.process.variable(name).filter(|value| !value.is_empty());
            value
                .or_else(|| cx.process.variable(&name.to_ascii_lowercase()))
                .filter(|value| !value.is_empty())
        };
        // In a CGI program the first one is what the client sent as the field `Proxy`.
        let http =
            if cx.process.variable("REQUEST_METHOD").is_some() { None } else { variable("HTTP_PROXY") };
        let (https, exceptions) = (variable("HTTPS_PROXY"), variable("NO_PROXY"));
        if http.is_none() && https.is_none() {
            return Ok(NetworkProxy::Never);
        }
        let mut server = |name: &str, url: Option<String>| {
            let Some(url) = url else { return Ok(None) };
            let server = ProxyServer::parse(&url, || Tls::build(tls, &mut Vec::new(), cx).map(Arc::new))?;
            server.map(Arc::new).map(Some).map_err(|reason| cx.error(format!("{name}: {reason}")))
        };
        Ok(NetworkProxy::Environment(Self {
            http: server("HTTP_PROXY", http)?,
            https: server("HTTPS_PROXY", https)?,
            exceptions: exceptions.iter().flat_map(|list| list.split(',')).filter_map(exception).collect(),
        }))
    }

    pub(super) fn find(&self, host: &str, port: u16, encrypted: bool) -> Option<Arc<ProxyServer>> {
        let server = if encrypted { &self.https } else { &self.http };
        server.clone().filter(|_| self.wants(host, port))
    }

    /// Whether a host is reached through a proxy. This machine never is.
    fn wants(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let ip = host.parse::<IpAddr>().ok();
        if host.is_empty() || host == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
            return false;
        }
        let fits = |only: &Option<u16>| only.is_none_or(|only| only == port);
        !self.exceptions.iter().any(|exception| match exception {
            Exception::All => true,
            Exception::Network(network) => ip.is_some_and(|ip| network.contains(&ip)),
            Exception::Address(address, only) => ip == Some(*address) && fits(only),
            Exception::Domain(domain, itself, only) => {
                let named = host.ends_with(domain) || *itself && host == domain[1..];
                named && fits(only)
            }
        })
    }
}

fn exception(text: &str) -> Option<Exception> {
    let text = text.trim().to_ascii_lowercase();
    if text == "*" {
        return Some(Exception::All);
    }
    if let Ok(network) = text.parse() {
        return Some(Exception::Network(network));
    }
    let (host, port) = match host_port::split(&text) {
        Ok((host, port)) => (host.to_owned(), port.parse().ok()),
        Err(_) => (text, None),
    };
    if let Ok(ip) = host.trim_matches(['[', ']']).parse() {
        return Some(Exception::Address(ip, port));
    }
    let below = host.strip_prefix('*').unwrap_or(&host);
    match below {
        "" | "." => None,
        below if below.starts_with('.') => Some(Exception::Domain(below.to_owned(), false, port)),
        domain => Some(Exception::Domain(format!(".{domain}"), true, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_hosts_domains_addresses_and_networks() {
        let list =
            "example.com, .below.test,*.star.test:81,10.0.0.0/8,192.0.2.1,198.51.100.1:80,[2001:db8::1]";
        let environment = Environment {
            http: None,
            https: None,
            exceptions: list.split(',').filter_map(exception).collect(),
        };
        for (host, port, wanted) in [
            ("example.org", 80, true),
            ("example.com", 80, false),
            ("a.EXAMPLE.com.", 1, false),
            ("notexample.com", 80, true),
            ("below.test", 80, true),
            ("a.below.test", 80, false),
            ("a.star.test", 80, true),
            ("a.star.test", 81, false),
            ("10.1.2.3", 80, false),
            ("192.0.2.1", 9, false),
            ("198.51.100.1", 80, false),
            ("198.51.100.1", 81, true),
            ("2001:db8::1", 80, false),
            ("2001:db8::2", 80, true),
            ("localhost", 80, false),
            ("127.3.2.1", 80, false),
            ("::1", 80, false),
        ] {
            assert_eq!(environment.wants(host, port), wanted, "{host}:{port}");
        }
        assert_eq!(exception(" * "), Some(Exception::All));
        assert_eq!(exception(""), None);
    }

    #[test]
    fn variables_are_those_of_the_scheme() {
        let process = crate::testing::process_with(&[("https_proxy", "proxy:3128"), ("NO_PROXY", "a")]);
        let mut cx = Build::new(process);
        let built = Environment::build(&TransportTls::default(), &mut cx).unwrap();
        let NetworkProxy::Environment(environment) = built else { panic!("{built:?}") };
        assert!(environment.find("b", 80, false).is_none());
        assert_eq!(environment.find("b", 443, true).unwrap().to_string(), "http://proxy:3128");
        assert!(environment.find("a", 443, true).is_none());
    }
}
