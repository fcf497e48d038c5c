//! Figures of upgraded streams, read from the registry of streams when somebody asks.

use std::{fmt::Error, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::{MetricType, exemplar::Exemplar},
};

use crate::tunnel::{self, BUCKETS, Outcome, Reason};

/// The streams of the process.
#[derive(Debug)]
pub(super) struct Streams(pub(super) Arc<tunnel::Registry>);

impl Collector for Streams {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let statistics = self.0.statistics();
        let help = "Number of currently active upgraded reverse proxy streams";
        let mut active =
            encoder.encode_descriptor("reverse_proxy_streams_active", help, None, MetricType::Gauge)?;
        for (upstream, figures) in &statistics {
            active.encode_family(&[("upstream", &**upstream)])?.encode_gauge(&(figures.active as i64))?;
        }

        let help = "Total number of upgraded reverse proxy streams by close result";
        let mut total =
            encoder.encode_descriptor("reverse_proxy_streams", help, None, MetricType::Counter)?;
        for (upstream, figures) in &statistics {
            for (at, outcome) in Outcome::ALL.iter().enumerate() {
                let labels = [("upstream", &**upstream), ("result", outcome.as_str())];
                total.encode_family(&labels)?.encode_counter(&figures.total[at], NONE)?;
            }
        }

        let help = "Number of upgraded reverse proxy streams that have ended, by why";
        let mut ended =
            encoder.encode_descriptor("reverse_proxy_stream_ends", help, None, MetricType::Counter)?;
        for (upstream, figures) in &statistics {
            for (at, reason) in Reason::ALL.iter().enumerate().filter(|(at, _)| figures.reasons[*at] > 0) {
                let labels = [("upstream", &**upstream), ("reason", reason.as_str())];
                ended.encode_family(&labels)?.encode_counter(&figures.reasons[at], NONE)?;
            }
        }

        let help = "Duration of upgraded reverse proxy streams by close result";
        let kind = MetricType::Histogram;
        let mut durations =
            encoder.encode_descriptor("reverse_proxy_stream_duration_seconds", help, None, kind)?;
        for (upstream, figures) in &statistics {
            for (at, outcome) in Outcome::ALL.iter().enumerate().filter(|(at, _)| figures.total[*at] > 0) {
                let labels = [("upstream", &**upstream), ("result", outcome.as_str())];
                let buckets = single_buckets(&figures.durations[at], figures.total[at]);
                let (sum, count) = (figures.duration_sum[at], figures.total[at]);
                durations
                    .encode_family(&labels)?
                    .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
            }
        }

        let help = "Total bytes proxied across upgraded reverse proxy streams";
        let kind = MetricType::Counter;
        let mut bytes = encoder.encode_descriptor("reverse_proxy_stream_bytes", help, None, kind)?;
        for (upstream, figures) in &statistics {
            for (direction, count) in
                [("to_upstream", figures.to_upstream), ("from_upstream", figures.from_upstream)]
            {
                let labels = [("upstream", &**upstream), ("direction", direction)];
                bytes.encode_family(&labels)?.encode_counter(&count, NONE)?;
            }
        }

        let help = "Datagrams of sessions through the reverse proxy that there was no room for on their way";
        let mut dropped =
            encoder.encode_descriptor("reverse_proxy_stream_dropped_datagrams", help, None, kind)?;
        for (upstream, figures) in &statistics {
            for (direction, count) in [
                ("to_upstream", figures.dropped_to_upstream),
                ("from_upstream", figures.dropped_from_upstream),
            ] {
                let labels = [("upstream", &**upstream), ("direction", direction)];
                dropped.encode_family(&labels)?.encode_counter(&count, NONE)?;
            }
        }
        Ok(())
    }
}

const NONE: Option<&Exemplar<NoLabelSet, u64>> = None;

/// The encoder adds buckets up by itself.
fn single_buckets(cumulative: &[u64], total: u64) -> Vec<(f64, u64)> {
    let mut before = 0;
    let bounds = BUCKETS.into_iter().chain([f64::MAX]);
    bounds
        .zip(cumulative.iter().copied().chain([total]))
        .map(|(bound, count)| (bound, count - std::mem::replace(&mut before, count)))
        .collect()
}
