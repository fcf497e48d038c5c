//! Latencies in buckets, each twice as wide as the one before.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Buckets below those that metrics have had since caddy-mirror, whose first is wider than most latencies of a local network.
pub(super) const FINER: usize = 4;
const BUCKETS: usize = 16 + FINER;

/// Counts of durations. Adding is lock-free.
#[derive(Debug)]
pub(super) struct Histogram {
    /// The bound of the first bucket in nanoseconds.
    first: u64,
    counts: [AtomicU64; BUCKETS + 1],
    /// In nanoseconds.
    sum: AtomicU64,
}

/// What a histogram has counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counted {
    /// Upper bounds in seconds, with how many values are not above them.
    pub(super) buckets: Vec<(f64, u64)>,
    pub(super) count: u64,
    pub(super) seconds: f64,
}

impl Histogram {
    /// With the bound of the first bucket of metrics in milliseconds.
    pub(super) fn new(first: u64) -> Self {
        Self { first: (first * 1_000_000) >> FINER, counts: Default::default(), sum: AtomicU64::new(0) }
    }

    fn bound(&self, bucket: usize) -> Duration {
        Duration::from_nanos(self.first << bucket)
    }

    pub(super) fn add(&self, value: Duration) {
        let nanos = u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
        // Bounds are `first` times powers of two, and belong to the buckets below them.
        let bucket = u64::BITS - (nanos.saturating_sub(1) / self.first).leading_zeros();
        self.counts[(bucket as usize).min(BUCKETS)].fetch_add(1, Relaxed);
        self.sum.fetch_add(nanos, Relaxed);
    }

    /// The counts of several histograms with the same bounds, added up.
    pub(super) fn sum_of<'h>(all: impl IntoIterator<Item = &'h Self>) -> Counted {
        let mut counted = Counted { buckets: Vec::new(), count: 0, seconds: 0.0 };
        for histogram in all {
            let mut below = 0;
            for (at, count) in histogram.counts.iter().enumerate() {
                below += count.load(Relaxed);
                if at == BUCKETS {
                    break;
                }
                if counted.buckets.len() == at {
                    counted.buckets.push((histogram.bound(at).as_secs_f64(), 0));
                }
                counted.buckets[at].1 += below;
            }
            counted.count += below;
            counted.seconds += Duration::from_nanos(histogram.sum.load(Relaxed)).as_secs_f64();
        }
        counted
    }
}

impl Counted {
    /// What has come since an earlier look at the same histogram. The default stands for one at its beginning.
    pub(super) fn since(mut self, earlier: &Self) -> Self {
        for ((_, count), (_, before)) in self.buckets.iter_mut().zip(&earlier.buckets) {
            *count -= before;
        }
        self.count -= earlier.count;
        self.seconds -= earlier.seconds;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_buckets() {
        let histograms = [Histogram::new(1), Histogram::new(1)];
        for (at, millis) in [1, 2, 3, 40_000].into_iter().enumerate() {
            histograms[at % 2].add(Duration::from_millis(millis));
        }
        let counted = Histogram::sum_of(&histograms);
        assert_eq!((counted.count, counted.seconds), (4, 40.006));
        let metrics = &counted.buckets[FINER..];
        assert_eq!(metrics[..3], [(0.001, 1), (0.002, 2), (0.004, 3)]);
        assert_eq!((metrics.len(), metrics[15]), (16, (32.768, 3)));
        histograms[0].add(Duration::from_millis(2));
        let later = Histogram::sum_of(&histograms).since(&counted);
        assert_eq!((later.count, later.buckets[FINER].1, later.buckets[FINER + 1].1), (1, 0, 1));
        assert!((later.seconds - 0.002).abs() < 1e-9);
    }

    #[test]
    fn bounds_belong_to_the_buckets_below() {
        let histogram = Histogram::new(1);
        for (nanos, bucket) in [
            (0, 0),
            (1, 0),
            (62_500, 0),
            (62_501, 1),
            (125_000, 1),
            (125_001, 2),
            (1_000_000, 4),
            (1_000_001, 5),
        ] {
            let before = histogram.counts[bucket].load(Relaxed);
            histogram.add(Duration::from_nanos(nanos));
            assert_eq!(histogram.counts[bucket].load(Relaxed), before + 1, "{nanos}");
        }
        histogram.add(Duration::MAX);
        histogram.add(histogram.bound(BUCKETS - 1));
        let last = [BUCKETS - 1, BUCKETS].map(|bucket| histogram.counts[bucket].load(Relaxed));
        assert_eq!(last, [1, 1]);
    }
}
