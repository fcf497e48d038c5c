//! The matcher `vars_regexp`.

use std::borrow::Cow;

use caddis_config::http::matchers::VarsRegexp as Config;

use super::{
    regexp::{self, RegexpMatch},
    vars,
};
use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, route::Matcher},
    placeholder::{Key, Scope},
};

struct VarsRegexp(Vec<(Key, RegexpMatch)>);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    let variables = config.0.iter().map(|(name, expression)| {
        cx.at(name, |cx| Ok((vars::key(name, cx)?, RegexpMatch::build(expression, cx)?)))
    });
    Ok(Box::new(VarsRegexp(variables.collect::<Result<_, _>>()?)))
}

impl Matcher for VarsRegexp {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        let scope = Scope::from(&*exchange);
        let captures = self.0.iter().find_map(|(key, expression)| {
            expression.captures(&key.text(&scope).unwrap_or(Cow::Borrowed("")))
        });
        Ok(regexp::show(exchange, captures))
    }
}
