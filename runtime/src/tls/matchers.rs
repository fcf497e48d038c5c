//! Which handshakes a connection policy is for.

use std::net::IpAddr;

use caddis_config::{ModuleMap, tls::HandshakeMatcher};
use ipnet::IpNet;
use regex::Regex;

use super::names;
use crate::{
    build::{Build, BuildError},
    http::server::parse_range,
    regexp,
};

/// What is known when a handshake begins.
pub(super) struct Hello<'a> {
    /// Normalized; empty when the client named none.
    pub(super) server_name: &'a str,
    pub(super) remote: Option<IpAddr>,
    pub(super) local: Option<IpAddr>,
}

#[derive(Debug)]
pub(super) enum Matcher {
    Sni(Vec<String>),
    SniRegexp(Regex),
    RemoteIp { ranges: Vec<IpNet>, not_ranges: Vec<IpNet> },
    LocalIp(Vec<IpNet>),
}

impl Matcher {
    pub(super) fn matches(&self, hello: &Hello<'_>) -> bool {
        let within = |ranges: &[IpNet], address: Option<IpAddr>| {
            address.is_some_and(|address| ranges.iter().any(|range| range.contains(&address.to_canonical())))
        };
        match self {
            Self::Sni(patterns) => patterns.iter().any(|pattern| names::covers(pattern, hello.server_name)),
            Self::SniRegexp(regexp) => regexp.is_match(hello.server_name),
            Self::RemoteIp { ranges, not_ranges } => {
                (ranges.is_empty() || within(ranges, hello.remote))
                    && (not_ranges.is_empty() || !within(not_ranges, hello.remote))
            }
            Self::LocalIp(ranges) => ranges.is_empty() || within(ranges, hello.local),
        }
    }
}

/// # Errors
/// When a range or an expression is none.
pub(super) fn build(
    config: &ModuleMap<HandshakeMatcher>,
    cx: &mut Build,
) -> Result<Vec<Matcher>, BuildError> {
    let built = config.iter().filter_map(|matcher| {
        let built = cx.at(matcher.name(), |cx| one(matcher, cx));
        cx.unless_survey(built).transpose()
    });
    built.collect()
}

fn one(matcher: &HandshakeMatcher, cx: &Build) -> Result<Matcher, BuildError> {
    let ranges = |list: &[String]| -> Result<Vec<IpNet>, BuildError> {
        let parse = |text: &String| {
            parse_range(text)
                .ok_or_else(|| cx.error(format!("'{text}' is neither an IP address nor a CIDR range")))
        };
        list.iter().map(parse).collect()
    };
    Ok(match matcher {
        HandshakeMatcher::Sni(sni) => {
            Matcher::Sni(sni.0.iter().map(|name| names::normalized(name)).collect())
        }
        HandshakeMatcher::SniRegexp(config) => {
            Matcher::SniRegexp(regexp::compile(&config.0.pattern).map_err(|error| cx.error(error))?)
        }
        HandshakeMatcher::RemoteIp(config) => {
            Matcher::RemoteIp { ranges: ranges(&config.ranges)?, not_ranges: ranges(&config.not_ranges)? }
        }
        HandshakeMatcher::LocalIp(config) => Matcher::LocalIp(ranges(&config.ranges)?),
        HandshakeMatcher::Foreign(foreign) => {
            return Err(cx.unsupported(&format!("tls.handshake_match.{}", foreign.name)));
        }
    })
}
