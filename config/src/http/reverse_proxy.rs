//! The parts of the handler `reverse_proxy` (`http.reverse_proxy`).

mod health_checks;
mod load_balancing;
pub mod selection_policies;
mod stream_logs;
pub mod transport;
pub mod upstreams;

pub use health_checks::{ActiveHealthChecks, HealthChecks, PassiveHealthChecks};
pub use load_balancing::{LoadBalancing, RetryBudget};
pub use selection_policies::SelectionPolicy;
pub use stream_logs::StreamLogs;
pub use transport::Transport;
pub use upstreams::{Resolver, Upstream, UpstreamSource};

use crate::module::modules;

modules! {
    /// A circuit breaker; the standard distribution has none.
    pub enum CircuitBreaker in "http.reverse_proxy.circuit_breakers" by "type" {}
}
