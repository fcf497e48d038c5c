//! The matcher `header`.

use caddis_config::http::matchers::Header as Config;

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, header_conditions::HeaderConditions, route::Matcher},
};

struct Header(HeaderConditions);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    Ok(Box::new(Header(HeaderConditions::build(&config.0, cx)?)))
}

impl Matcher for Header {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        Ok(self.0.match_request(exchange))
    }
}
