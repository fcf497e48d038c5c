//! Matchers of requests: from the configuration to what decides.

mod client_ip;
mod expression;
mod file;
mod header;
mod header_regexp;
mod host;
mod method;
mod not;
mod path;
mod path_regexp;
mod protocol;
mod query;
mod regexp;
mod remote_ip;
mod tls;
mod vars;
mod vars_regexp;

#[cfg(test)]
mod tests;

use caddis_config::http::{Matcher as Config, MatcherSet as ConfigSet};

use super::route::{Matcher, MatcherSet};
use crate::build::{Build, BuildError};

/// Builds matcher sets, any of which may match. The path of `cx` is that of the list.
///
/// # Errors
/// Names what cannot be run.
pub fn build_sets(configs: &[ConfigSet], cx: &mut Build) -> Result<Vec<MatcherSet>, BuildError> {
    let sets = configs.iter().enumerate();
    sets.map(|(index, set)| cx.at(index, |cx| build_set(set, cx))).collect()
}

/// Builds matchers that must all match. Those that look at files or evaluate expressions come last: they cost most,
/// and may use what the others leave behind.
///
/// # Errors
/// Names what cannot be run.
pub fn build_set(config: &ConfigSet, cx: &mut Build) -> Result<MatcherSet, BuildError> {
    let mut ordered: Vec<_> = config.iter().collect();
    ordered.sort_by_key(|matcher| cost(matcher));
    let matchers = ordered.into_iter().filter_map(|matcher| {
        let built = cx.at(matcher.name(), |cx| build(matcher, cx));
        cx.unless_survey(built).transpose()
    });
    matchers.collect()
}

fn cost(matcher: &Config) -> u8 {
    match matcher {
        Config::Method(_) | Config::Protocol(_) | Config::Tls(_) => 0,
        Config::Host(_) | Config::Path(_) | Config::RemoteIp(_) | Config::ClientIp(_) => 1,
        Config::Header(_) | Config::Query(_) => 2,
        Config::HeaderRegexp(_) | Config::PathRegexp(_) | Config::UrlPattern(_) => 3,
        Config::Vars(_) | Config::VarsRegexp(_) | Config::Not(_) | Config::Foreign(_) => 4,
        Config::Expression(_) => 5,
        Config::File(_) => 6,
    }
}

fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    match config {
        Config::ClientIp(config) => client_ip::build(config, cx),
        Config::Expression(config) => expression::build(config, cx),
        Config::File(config) => file::build(config, cx),
        Config::Header(config) => header::build(config, cx),
        Config::HeaderRegexp(config) => header_regexp::build(config, cx),
        Config::Host(config) => host::build(config, cx),
        Config::Method(config) => method::build(config),
        Config::Not(config) => not::build(config, cx),
        Config::Path(config) => path::build(config, cx),
        Config::PathRegexp(config) => path_regexp::build(config, cx),
        Config::Protocol(config) => protocol::build(config, cx),
        Config::Query(config) => query::build(config, cx),
        Config::RemoteIp(config) => remote_ip::build(config, cx),
        Config::Tls(config) => tls::build(config),
        Config::UrlPattern(_) => Err(cx.unsupported("matcher url_pattern")),
        Config::Vars(config) => vars::build(config, cx),
        Config::VarsRegexp(config) => vars_regexp::build(config, cx),
        Config::Foreign(foreign) => Err(cx.unsupported(&format!("matcher {}", foreign.name))),
    }
}
