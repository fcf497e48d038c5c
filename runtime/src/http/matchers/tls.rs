//! The matcher `tls`.

use caddis_config::http::matchers::Tls as Config;

use crate::{
    build::BuildError,
    error::Outcome,
    http::{Exchange, route::Matcher},
};

struct Tls {
    /// What is asked of the handshake, if anything is.
    complete: Option<bool>,
}

#[expect(clippy::unnecessary_wraps, reason = "all matchers are built alike")]
pub(super) fn build(config: &Config) -> Result<Box<dyn Matcher>, BuildError> {
    Ok(Box::new(Tls { complete: config.handshake_complete }))
}

impl Matcher for Tls {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        Ok(exchange.is_tls() && self.complete.is_none_or(|complete| complete != exchange.is_early()))
    }
}
