//! The matcher `path_regexp`: on the decoded and cleaned path.

use caddis_config::http::matchers::PathRegexp as Config;

use super::regexp::{self, RegexpMatch};
use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, route::Matcher, uri},
};

struct PathRegexp(RegexpMatch);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    Ok(Box::new(PathRegexp(RegexpMatch::build(&config.0, cx)?)))
}

impl Matcher for PathRegexp {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        let captures = self.0.captures(&uri::clean(&uri::path(&exchange.request.uri), true));
        Ok(regexp::show(exchange, captures))
    }
}
