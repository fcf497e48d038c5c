//! The matcher `header_regexp`.

use caddis_config::http::matchers::HeaderRegexp as Config;
use http::{HeaderName, header};

use super::regexp::{self, Captures, RegexpMatch};
use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, route::Matcher},
};

struct HeaderRegexp(Vec<(HeaderName, RegexpMatch)>);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    let fields = config.0.iter().map(|(name, regexp)| {
        cx.at(name, |cx| {
            let field = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| cx.error(format!("{name:?} is not a valid name of a header field")))?;
            Ok((field, RegexpMatch::build(regexp, cx)?))
        })
    });
    Ok(Box::new(HeaderRegexp(fields.collect::<Result<_, _>>()?)))
}

impl Matcher for HeaderRegexp {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        for (field, expression) in &self.0 {
            let captures = captures(field, expression, exchange);
            if !regexp::show(exchange, captures) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What is captured in the first value of a header that matches.
pub(super) fn captures(
    field: &HeaderName,
    expression: &RegexpMatch,
    exchange: &Exchange,
) -> Option<Captures> {
    if *field == header::HOST && !exchange.authority().is_empty() {
        return expression.captures(exchange.authority());
    }
    let values = exchange.request.headers.get_all(field).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .find_map(|value| expression.captures(&value))
}
