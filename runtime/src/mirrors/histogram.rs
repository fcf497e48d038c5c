//! Latencies in 16 buckets, each twice as wide as the one before.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

pub(super) const BUCKETS: usize = 16;

/// Counts of durations. Adding is lock-free.
#[derive(Debug)]
pub(super) struct Histogram {
    /// The bound of the first bucket in milliseconds.
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
    pub(super) fn new(first: u64) -> Self {
        Self { first, counts: Default::default(), sum: AtomicU64::new(0) }
    }

    fn bound(&self, bucket: usize) -> Duration {
        Duration::from_millis(self.first << bucket)
    }

    pub(super) fn add(&self, value: Duration) {
        let bucket = (0..BUCKETS).find(|&bucket| value <= self.bound(bucket)).unwrap_or(BUCKETS);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add(u64::try_from(value.as_nanos()).unwrap_or(u64::MAX), Relaxed);
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
        assert_eq!(counted.buckets[..3], [(0.001, 1), (0.002, 2), (0.004, 3)]);
        assert_eq!((counted.buckets.len(), counted.buckets[15]), (16, (32.768, 3)));
        histograms[0].add(Duration::from_millis(2));
        let later = Histogram::sum_of(&histograms).since(&counted);
        assert_eq!((later.count, later.buckets[0].1, later.buckets[1].1), (1, 0, 1));
        assert!((later.seconds - 0.002).abs() < 1e-9);
    }
}
