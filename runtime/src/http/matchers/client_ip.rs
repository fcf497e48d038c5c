//! The matcher `client_ip`: where a request comes from, as trusted proxies tell it.

use caddis_config::http::matchers::ClientIp as Config;

use super::remote_ip::{Ranges, vouched};
use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, route::Matcher},
};

struct ClientIp(Ranges);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    Ok(Box::new(ClientIp(Ranges::build(&config.ranges, cx)?)))
}

impl Matcher for ClientIp {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        vouched(exchange)?;
        Ok(exchange.client_ip.is_some_and(|ip| self.0.contain(ip)))
    }
}
