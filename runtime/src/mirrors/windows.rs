//! What mirrors counted in each minute of the last hour.

use std::collections::VecDeque;

use super::{Count, Kind};

/// Minutes that are kept apart.
const MINUTES: u64 = 60;

/// All that was counted up to a moment, or between two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) counts: [u64; Count::ALL.len()],
    /// Comparisons without and with difference, by kind.
    pub(super) matches: [[u64; 2]; Kind::ALL.len()],
}

impl Totals {
    /// What has come since an earlier moment.
    pub(super) fn since(mut self, earlier: &Self) -> Self {
        self.counts.iter_mut().zip(&earlier.counts).for_each(|(now, before)| *now -= before);
        let matches = self.matches.as_flattened_mut().iter_mut();
        matches.zip(earlier.matches.as_flattened()).for_each(|(now, before)| *now -= before);
        self
    }

    pub(super) fn of(&self, what: Count) -> u64 {
        self.counts[what as usize]
    }
}

/// The totals at the first end of a copy in each minute.
#[derive(Debug, Default)]
pub(super) struct Windows(VecDeque<(u64, Totals)>);

impl Windows {
    /// A minute since 1970 begins, with so much counted before it.
    pub(super) fn begin(&mut self, minute: u64, before: Totals) {
        if self.0.back().is_some_and(|(last, _)| *last >= minute) {
            return;
        }
        while self.0.front().is_some_and(|(first, _)| first + MINUTES <= minute) {
            self.0.pop_front();
        }
        self.0.push_back((minute, before));
    }

    /// The minutes of the last hour in which something was counted.
    pub(super) fn all(&self, minute: u64, now: Totals) -> impl Iterator<Item = (u64, Totals)> {
        let ends = self.0.iter().skip(1).map(|(_, totals)| *totals).chain([now]);
        let spans = self.0.iter().zip(ends).map(|((minute, begin), end)| (*minute, end.since(begin)));
        spans.filter(move |(at, totals)| at + MINUTES > minute && *totals != Totals::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(compared: u64) -> Totals {
        let mut totals = Totals::default();
        totals.counts[Count::Compared as usize] = compared;
        totals
    }

    #[test]
    fn minutes_have_what_was_counted_in_them() {
        let mut windows = Windows::default();
        for (minute, before) in [(100, 0), (100, 1), (101, 3), (99, 3), (130, 3)] {
            windows.begin(minute, totals(before));
        }
        let seen = |windows: &Windows, minute, now| {
            let all = windows.all(minute, totals(now));
            all.map(|(minute, totals)| (minute, totals.of(Count::Compared))).collect::<Vec<_>>()
        };
        assert_eq!(seen(&windows, 130, 7), [(100, 3), (130, 4)]);
        assert_eq!(seen(&windows, 160, 7), [(130, 4)]);
        windows.begin(170, totals(9));
        assert_eq!(seen(&windows, 170, 10), [(130, 6), (170, 1)]);
        for minute in 171..400 {
            windows.begin(minute, totals(minute));
        }
        assert_eq!(windows.0.len() as u64, MINUTES);
    }
}
