//! The matcher `query`.

use caddis_config::http::matchers::Query as Config;

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, route::Matcher, uri},
    placeholder::Template,
};

struct Query(Vec<(Template, Vec<Template>)>);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    let parameters = config.0.iter().map(|(name, values)| {
        let values = values.iter().map(|value| Template::all(value, cx)).collect::<Result<_, _>>()?;
        Ok((Template::all(name, cx)?, values))
    });
    Ok(Box::new(Query(parameters.collect::<Result<_, _>>()?)))
}

impl Matcher for Query {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        let query = exchange.request.uri.query().unwrap_or_default();
        if self.0.is_empty() {
            return Ok(uri::parameters(query).flatten().next().is_none());
        }
        // A query that cannot be decoded as a whole matches nothing: parsers differ in what they make of it.
        let Ok(asked) = uri::parameters(query).collect::<Result<Vec<_>, _>>() else { return Ok(false) };
        Ok(self.0.iter().all(|(name, values)| {
            let name = name.render(&*exchange);
            let mut found = asked.iter().filter(|(key, _)| *key == name).map(|(_, value)| value).peekable();
            if found.peek().is_none() {
                return false;
            }
            let expected: Vec<_> = values.iter().map(|value| value.render(&*exchange)).collect();
            expected.iter().any(|value| value == "*") || found.any(|value| expected.contains(value))
        }))
    }
}
