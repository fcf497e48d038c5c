//! Which upstreams are healthy: told by the requests that go to them, and by requests made for the purpose.

mod passive;

use caddis_config::http::reverse_proxy::ActiveHealthChecks;

pub(super) use self::passive::Passive;
use super::{transport::HttpTransport, upstreams::Upstream};
use crate::{
    build::{Build, BuildError},
    logging::Logger,
};

/// Starts to check upstreams once the configuration is current.
pub(super) fn watch(
    config: &ActiveHealthChecks,
    _upstreams: &mut [Upstream],
    _transport: &HttpTransport,
    _logger: &Logger,
    cx: &mut Build,
) -> Result<(), BuildError> {
    if config.uri.is_empty() && config.path.is_empty() && config.port == 0 {
        return Ok(());
    }
    Err(cx.unsupported("an active health check"))
}
