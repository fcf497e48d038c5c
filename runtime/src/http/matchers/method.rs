//! The matcher `method`.

use caddis_config::http::matchers::Method as Config;

use crate::{
    build::BuildError,
    error::Outcome,
    http::{Exchange, route::Matcher},
};

struct Method(Vec<String>);

#[expect(clippy::unnecessary_wraps, reason = "all matchers are built alike")]
pub(super) fn build(config: &Config) -> Result<Box<dyn Matcher>, BuildError> {
    Ok(Box::new(Method(config.0.iter().map(|method| method.to_uppercase()).collect())))
}

impl Matcher for Method {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        Ok(self.0.iter().any(|method| method == exchange.request.method.as_str()))
    }
}
