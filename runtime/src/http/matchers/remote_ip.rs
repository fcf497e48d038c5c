//! The matcher `remote_ip`: the peer of the connection.

use std::net::IpAddr;

use caddis_config::http::matchers::RemoteIp as Config;
use http::StatusCode;
use ipnet::IpNet;

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::{Exchange, route::Matcher},
    placeholder::Template,
};

struct RemoteIp(Ranges);

/// Addresses and networks.
#[derive(Debug)]
pub(super) struct Ranges(Vec<IpNet>);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    Ok(Box::new(RemoteIp(Ranges::build(&config.ranges, cx)?)))
}

impl Matcher for RemoteIp {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        vouched(exchange)?;
        Ok(exchange.connection.remote.is_some_and(|remote| self.0.contain(remote.ip())))
    }
}

/// Makes sure that the client is at the address that it seems to be at.
///
/// # Errors
/// In early data, when that cannot be known yet: 425, upon which the client asks again (RFC 8470, section 5.2).
pub(super) fn vouched(exchange: &Exchange) -> Outcome<()> {
    if exchange.is_early() {
        let message = "the client's address is not known before the TLS handshake is complete";
        return Err(Error::new(Kind::Status(StatusCode::TOO_EARLY), message));
    }
    Ok(())
}

impl Ranges {
    /// Placeholders in ranges are those that need no request.
    pub(super) fn build(ranges: &[String], cx: &mut Build) -> Result<Self, BuildError> {
        let parse = |(index, range): (usize, &String)| {
            let parsed = cx.at("ranges", |cx| {
                cx.at(index, |cx| {
                    let template = Template::all(range, cx)?;
                    let text = template.fixed(cx, "an IP range cannot depend on the request")?;
                    if text.contains('%') {
                        return Err(cx.unsupported("an IP range with a zone"));
                    }
                    parse(text).ok_or_else(|| cx.error(format!("invalid IP address or CIDR range: '{text}'")))
                })
            });
            cx.unless_survey(parsed).transpose()
        };
        ranges.iter().enumerate().filter_map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// Ranges out of texts without placeholders.
    pub(super) fn parse(ranges: &[impl AsRef<str>]) -> Result<Self, String> {
        let parsed = ranges.iter().map(|range| {
            let range = range.as_ref();
            parse(range).ok_or_else(|| format!("invalid IP address or CIDR range: '{range}'"))
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn contain(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|range| range.contains(&ip))
    }
}

fn parse(range: &str) -> Option<IpNet> {
    if range.contains('/') { range.parse().ok() } else { range.parse::<IpAddr>().ok().map(IpNet::from) }
}
