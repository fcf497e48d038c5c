//! The matcher `expression`: an expression of the Common Expression Language that is true or false for a request.

mod calls;
#[cfg(test)]
mod tests;

use caddis_config::http::matchers::Expression as Config;

use crate::{
    build::{Build, BuildError},
    cel,
    http::route::Matcher,
};

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    let name = config.name.as_str();
    let calls = |function: &'static str, args: &[cel::Argument], cx: &mut Build| {
        calls::build(function, args, name, cx)
    };
    Ok(Box::new(cel::compile(&config.expr, &calls, cx)?))
}
