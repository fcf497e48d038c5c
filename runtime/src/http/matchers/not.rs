//! The matcher `not`.

use caddis_config::http::matchers::Not as Config;

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{
        Exchange,
        route::{Matcher, MatcherSet, any_set_matches},
    },
};

struct Not(Vec<MatcherSet>);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    Ok(Box::new(Not(super::build_sets(&config.0, cx)?)))
}

impl Matcher for Not {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        // Without any set there is none that matches, while elsewhere no set means that all requests are meant.
        Ok(self.0.is_empty() || !any_set_matches(&self.0, exchange)?)
    }
}
