//! What is counted of streams, by upstream: the values behind Caddy's `caddy_reverse_proxy_stream*` metrics.

use super::{Outcome, Reason, Stream};

/// Upper bounds in seconds of [`Statistics::durations`]: Prometheus' defaults, then up to a day, since streams last.
pub const BUCKETS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0, 21600.0, 86400.0];

/// The streams to one upstream since the process started.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Statistics {
    /// Streams that are open now.
    pub active: u64,
    /// Streams that have ended, in the order of [`Outcome::ALL`].
    pub total: [u64; 3],
    /// The same by why they ended, in the order of [`Reason::ALL`].
    pub reasons: [u64; Reason::ALL.len()],
    /// How many of them lasted at most as long as each of [`BUCKETS`]; cumulative, in the order of [`Outcome::ALL`].
    pub durations: [[u64; BUCKETS.len()]; 3],
    /// The sum of their durations in seconds, in the order of [`Outcome::ALL`].
    pub duration_sum: [f64; 3],
    /// Bytes from clients to the upstream, open streams included.
    pub to_upstream: u64,
    /// Bytes from the upstream to clients, open streams included.
    pub from_upstream: u64,
    /// Datagrams from clients that could not be passed on, open sessions included.
    pub dropped_to_upstream: u64,
    /// Datagrams from the upstream that could not be passed on, open sessions included.
    pub dropped_from_upstream: u64,
}

impl Statistics {
    pub(super) fn add_open(&mut self, stream: &Stream) {
        self.active += 1;
        self.add_figures(stream);
    }

    pub(super) fn add_ended(&mut self, outcome: Outcome, reason: Reason, stream: &Stream) {
        // Both are declared in the order of their `ALL`.
        let index = outcome as usize;
        let seconds = stream.age().as_secs_f64();
        self.reasons[reason as usize] += 1;
        self.total[index] += 1;
        self.duration_sum[index] += seconds;
        for (bound, count) in BUCKETS.iter().zip(&mut self.durations[index]) {
            *count += u64::from(seconds <= *bound);
        }
        self.add_figures(stream);
    }

    fn add_figures(&mut self, stream: &Stream) {
        let ((to, from), (dropped_to, dropped_from)) = (stream.bytes(), stream.dropped_datagrams());
        self.to_upstream += to;
        self.from_upstream += from;
        self.dropped_to_upstream += dropped_to;
        self.dropped_from_upstream += dropped_from;
    }
}
