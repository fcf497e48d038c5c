//! The matcher `tls`.

use caddis_config::http::matchers::Tls as Config;

use crate::{
    build::BuildError,
    error::Outcome,
    http::{Exchange, route::Matcher},
};

struct Tls {
    early_data: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "all matchers are built alike")]
pub(super) fn build(config: &Config) -> Result<Box<dyn Matcher>, BuildError> {
    Ok(Box::new(Tls { early_data: config.handshake_complete == Some(false) }))
}

impl Matcher for Tls {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        // No request is handled before its handshake is complete.
        Ok(exchange.is_tls() && !self.early_data)
    }
}
