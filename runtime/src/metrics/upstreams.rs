//! The health of upstreams, read when somebody asks.

use std::{fmt::Error, sync::Arc};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, metrics::MetricType};

use crate::http::handlers::reverse_proxy::Hosts;

/// The upstreams of the process.
#[derive(Debug)]
pub(super) struct Upstreams(pub(super) Arc<Hosts>);

impl Collector for Upstreams {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let help = "Health status of reverse proxy upstreams";
        let name = "reverse_proxy_upstreams_healthy";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (upstream, healthy) in self.0.healthy() {
            family.encode_family(&[("upstream", &*upstream)])?.encode_gauge(&i64::from(healthy))?;
        }
        Ok(())
    }
}
