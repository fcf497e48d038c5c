//! Whose request it is when trusted proxies stand in between.

use std::net::IpAddr;

use caddis_config::http::{Server, ip_sources::IpSource};
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::{
    build::{Build, BuildError},
    http::Exchange,
};

/// How the client's address is found.
#[derive(Debug, Default)]
pub(crate) struct ClientIp {
    trusted: Option<Vec<IpNet>>,
    headers: Vec<HeaderName>,
    strict: bool,
    trust_unix: bool,
}

impl ClientIp {
    /// # Errors
    /// When a range or a header name is none.
    pub(crate) fn build(config: &Server, cx: &mut Build) -> Result<Self, BuildError> {
        let trusted = match &config.trusted_proxies {
            None => None,
            Some(IpSource::Static(source)) => {
                let ranges = source.ranges.iter().map(|range| {
                    parse_range(range).ok_or_else(|| {
                        cx.error(format!(
                            "trusted_proxies: '{range}' is neither an IP address nor a CIDR range"
                        ))
                    })
                });
                Some(ranges.collect::<Result<_, _>>()?)
            }
            Some(IpSource::Foreign(foreign)) => {
                let name = format!("http.ip_sources.{}", foreign.name);
                cx.refuse_fields(&[("trusted_proxies", true, &name)])?;
                None
            }
        };
        let mut headers = Vec::new();
        for name in &config.client_ip_headers {
            headers.push(
                name.parse()
                    .map_err(|_| cx.error(format!("client_ip_headers: '{name}' is no header name")))?,
            );
        }
        if headers.is_empty() {
            headers.push(HeaderName::from_static("x-forwarded-for"));
        }
        let (strict, trust_unix) = (config.trusted_proxies_strict > 0, config.trusted_proxies_unix);
        Ok(Self { trusted, headers, strict, trust_unix })
    }

    /// Notes the client's address and whether the peer is trusted.
    pub(crate) fn find(&self, exchange: &mut Exchange) {
        let trusted = match exchange.connection.remote {
            // Until the handshake is complete anybody may have come from that address.
            Some(remote) => !exchange.is_early() && self.trusts(remote.ip().to_canonical()),
            None => self.trust_unix,
        };
        if !trusted {
            return;
        }
        exchange.trusted_proxy = true;
        let headers = &exchange.request.headers;
        let named = if self.strict { self.right_most_untrusted(headers) } else { self.left_most(headers) };
        exchange.client_ip = named.or(exchange.client_ip);
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.as_ref().is_some_and(|ranges| ranges.iter().any(|range| range.contains(&address)))
    }

    fn left_most(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let values = self.headers.iter().flat_map(|name| headers.get_all(name));
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).find_map(address)
    }

    fn right_most_untrusted(&self, headers: &HeaderMap) -> Option<IpAddr> {
        self.headers.iter().find_map(|name| {
            let values = headers.get_all(name).iter().rev().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.rsplit(',')).filter_map(address).find(|found| !self.trusts(*found))
        })
    }
}

/// An address or a range in CIDR notation.
pub(crate) fn parse_range(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// One entry of a list of addresses. Some proxies leave the port in; a zone says nothing here.
fn address(part: &str) -> Option<IpAddr> {
    let host = super::without_port(part.trim());
    let host = host.split_once('%').map_or(host, |(host, _)| host);
    host.parse::<IpAddr>().ok().map(|found| found.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn client(server: &Server, headers: &[(&'static str, &str)]) -> (String, bool) {
        let client_ip = ClientIp::build(server, &mut testing::build()).unwrap();
        let mut exchange = testing::exchange("/", headers);
        client_ip.find(&mut exchange);
        (exchange.client_ip.unwrap().to_string(), exchange.trusted_proxy)
    }

    fn trusting(range: &str) -> Server {
        let ranges = caddis_config::http::ip_sources::StaticRanges { ranges: vec![range.to_owned()] };
        Server { trusted_proxies: Some(IpSource::Static(ranges)), ..Server::default() }
    }

    const FORWARDED: &str = "x-forwarded-for";

    #[test]
    fn a_stranger_is_not_believed() {
        let seen = client(&trusting("10.0.0.0/8"), &[(FORWARDED, "1.2.3.4")]);
        assert_eq!(seen, ("192.0.2.77".to_owned(), false));
    }

    #[test]
    fn the_left_most_valid_address_of_a_trusted_proxy_counts() {
        let seen = client(&trusting("192.0.2.0/24"), &[(FORWARDED, "unknown, 1.2.3.4:99, 5.6.7.8")]);
        assert_eq!(seen, ("1.2.3.4".to_owned(), true));
        assert_eq!(client(&trusting("192.0.2.77"), &[]), ("192.0.2.77".to_owned(), true));
    }

    #[test]
    fn strict_reads_from_the_right_past_trusted_proxies() {
        let server = Server { trusted_proxies_strict: 1, ..trusting("192.0.2.0/24") };
        let seen = client(&server, &[(FORWARDED, "6.6.6.6, 1.2.3.4"), (FORWARDED, "192.0.2.9")]);
        assert_eq!(seen, ("1.2.3.4".to_owned(), true));
    }

    #[test]
    fn other_headers_can_be_asked() {
        let server =
            Server { client_ip_headers: vec!["CF-Connecting-IP".into()], ..trusting("192.0.2.0/24") };
        let seen = client(&server, &[(FORWARDED, "1.1.1.1"), ("cf-connecting-ip", "2001:db8::7")]);
        assert_eq!(seen, ("2001:db8::7".to_owned(), true));
    }

    #[test]
    fn nonsense_is_refused_at_build() {
        let error = ClientIp::build(&trusting("10.0.0.0/99"), &mut testing::build()).unwrap_err();
        assert!(error.message.contains("10.0.0.0/99"), "{error}");
    }
}
