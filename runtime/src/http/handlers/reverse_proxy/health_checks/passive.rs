//! Failures of proxied requests, remembered for a while.

use std::{sync::Arc, time::Duration};

use caddis_config::http::reverse_proxy::PassiveHealthChecks as Config;
use http::StatusCode;

use super::super::upstreams::Host;

/// What counts as a failure, and for how long.
#[derive(Debug)]
pub(in super::super) struct Passive {
    /// `None` counts nothing.
    fail_duration: Option<Duration>,
    unhealthy_status: Vec<i64>,
    unhealthy_latency: Option<Duration>,
}

impl Passive {
    pub(in super::super) fn build(config: &Config) -> Self {
        Self {
            fail_duration: config.fail_duration.to_std().filter(|duration| !duration.is_zero()),
            unhealthy_status: config.unhealthy_status.clone(),
            unhealthy_latency: config.unhealthy_latency.to_std().filter(|latency| !latency.is_zero()),
        }
    }

    /// Looks at the head of a response: a bad status and a long wait are a failure each.
    pub(in super::super) fn judge(&self, status: StatusCode, latency: Duration, host: &Arc<Host>) {
        let status = i64::from(status.as_u16());
        for bad in &self.unhealthy_status {
            if *bad == status || *bad == status / 100 {
                self.count_failure(host);
            }
        }
        if self.unhealthy_latency.is_some_and(|most| latency >= most) {
            self.count_failure(host);
        }
    }

    /// Remembers a failure.
    pub(in super::super) fn count_failure(&self, host: &Arc<Host>) {
        let Some(duration) = self.fail_duration else { return };
        host.remember_failure();
        let host = Arc::clone(host);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(duration).await;
            host.forget_failure();
        });
    }
}
