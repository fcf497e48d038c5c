//! What mirrors have counted and found, kept by the process and read by metrics and the admin API.

mod capacity;
mod histogram;
mod report;
mod routes;
pub(crate) mod secrets;
mod text;
mod windows;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub(crate) use self::{
    capacity::{Capacity, Full, Held},
    routes::{About, Compared},
};
use self::{
    histogram::{Counted, Histogram},
    routes::Routes,
    windows::{Totals, Windows},
};

/// The mirrors that a configuration still runs.
#[derive(Debug, Default)]
pub(crate) struct Mirrors {
    figures: Mutex<BTreeMap<String, Weak<Figures>>>,
    /// What they may take together.
    pub(crate) capacity: Arc<Capacity>,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Status,
    Header,
    Body,
}

/// What is counted of copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// Copies that were sent.
    Mirrored,
    /// Pairs of answers that were compared.
    Compared,
    /// Of these, those without difference.
    Equal,
    /// Comparisons that only taught what differs between equal systems.
    Learnt,
    /// Copies that were not sent because too many requests had some under way.
    Dropped,
    /// Copies or comparisons that were given up, because one side was too far behind or its body was cut or too large.
    Abandoned,
    /// Copies that took too long.
    TimedOut,
    /// Copies that nobody answered.
    Failed,
}

impl Count {
    /// All, with their names in metrics and reports.
    pub(crate) const ALL: [(Self, &'static str); 8] = [
        (Self::Mirrored, "mirrored"),
        (Self::Compared, "compared"),
        (Self::Equal, "equal"),
        (Self::Learnt, "learnt"),
        (Self::Dropped, "dropped"),
        (Self::Abandoned, "abandoned"),
        (Self::TimedOut, "timed_out"),
        (Self::Failed, "failed"),
    ];
}

impl Kind {
    /// All, with their names in metrics and reports.
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Status, "status"), (Self::Header, "header"), (Self::Body, "body")];
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Primary,
    Shadow,
}

/// The figures of one mirror.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Where it stands in the configuration, as a JSON pointer.
    path: String,
    /// The beginning of the names of its metrics; empty for none.
    prefix: String,
    /// Whether each of [`Kind::ALL`] is compared.
    compares: [bool; 3],
    counts: [AtomicU64; Count::ALL.len()],
    /// Comparisons without and with difference, by kind.
    matches: [[AtomicU64; 2]; 3],
    /// By side.
    first_byte: [Histogram; 2],
    total: [Histogram; 2],
    /// The minute since 1970 that things were counted in last.
    minute: AtomicU64,
    kept: Mutex<Kept>,
}

/// What is known of the time since the report was begun. It is touched only once copies have ended.
#[derive(Debug)]
struct Kept {
    since: SystemTime,
    /// What had been counted by then, for metrics go on.
    totals: Totals,
    /// By side, like those of [`Figures`].
    first_byte: [Counted; 2],
    total: [Counted; 2],
    routes: Routes,
    windows: Windows,
}

/// Something that differs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    /// `status`, the name of a header field, `body`, a path in JSON or a jq program.
    pub(crate) field: String,
    pub(crate) primary: String,
    pub(crate) shadow: String,
    /// Bytes before the difference, and whether that is exact.
    pub(crate) offset: Option<(u64, bool)>,
}

impl Mirrors {
    /// The figures of a mirror at a path, counted on from where the configuration before has them.
    pub(crate) fn figures(&self, path: String, prefix: String, compares: [bool; 3]) -> Arc<Figures> {
        let mut all = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(figures) = all.get(&path).and_then(Weak::upgrade)
            && figures.prefix == prefix
            && figures.compares == compares
        {
            return figures;
        }
        all.retain(|_, figures| figures.strong_count() > 0);
        let figures = Arc::new(Figures {
            path: path.clone(),
            prefix,
            compares,
            counts: Default::default(),
            matches: Default::default(),
            first_byte: [Histogram::new(1), Histogram::new(1)],
            total: [Histogram::new(2), Histogram::new(2)],
            minute: AtomicU64::new(0),
            kept: Mutex::new(Kept::begun(SystemTime::now(), Totals::default())),
        });
        all.insert(path, Arc::downgrade(&figures));
        figures
    }

    fn all(&self) -> Vec<Arc<Figures>> {
        let all = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().filter_map(Weak::upgrade).collect()
    }
}

impl Kept {
    fn begun(since: SystemTime, totals: Totals) -> Self {
        let mut windows = Windows::default();
        windows.begin(minute(since), totals);
        let (first_byte, total, routes) = <_>::default();
        Self { since, totals, first_byte, total, routes, windows }
    }
}

/// Minutes since 1970.
fn minute(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 60
}

impl Figures {
    pub(crate) fn count(&self, what: Count) {
        self.count_several(what, 1);
    }

    pub(crate) fn count_several(&self, what: Count, many: usize) {
        self.counts[what as usize].fetch_add(many as u64, Relaxed);
    }

    fn totals(&self) -> Totals {
        let read = |count: &AtomicU64| count.load(Relaxed);
        Totals {
            counts: self.counts.each_ref().map(read),
            matches: self.matches.each_ref().map(|kind| kind.each_ref().map(read)),
        }
    }

    pub(crate) fn first_byte(&self, side: Side, after: Duration) {
        self.first_byte[side as usize].add(after);
    }

    pub(crate) fn total(&self, side: Side, after: Duration) {
        self.total[side as usize].add(after);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called before something is counted that is not counted while the primary is at work.
    pub(crate) fn tick(&self, now: SystemTime) {
        let minute = minute(now);
        if self.minute.swap(minute, Relaxed) != minute {
            self.kept().windows.begin(minute, self.totals());
        }
    }

    /// Counts a comparison, and keeps what differs as examples.
    pub(crate) fn compared(&self, about: &About, compared: Compared) {
        let differs = |kind| compared.findings.iter().any(|finding| finding.kind == kind);
        let differs = Kind::ALL.map(|(kind, _)| differs(kind));
        // Counted under the lock, so that a report that has the one has the other.
        let mut kept = self.kept();
        kept.routes.add(about, compared);
        self.count(Count::Compared);
        if !differs.contains(&true) {
            self.count(Count::Equal);
        }
        for ((compares, differs), counts) in self.compares.iter().zip(differs).zip(&self.matches) {
            if *compares {
                counts[usize::from(differs)].fetch_add(1, Relaxed);
            }
        }
    }
}
