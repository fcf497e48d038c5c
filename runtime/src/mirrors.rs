//! What mirrors have counted and found, kept by the process and read by metrics and the admin API.

mod capacity;
mod histogram;
mod report;
mod text;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

pub(crate) use self::capacity::{Capacity, Full, Held};
use self::histogram::Histogram;

/// Most fields of which differences are kept apart, for each mirror.
const FIELDS: usize = 256;

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
    /// Requests that were not mirrored because too many were.
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
    fields: Mutex<BTreeMap<(Kind, String), Field>>,
}

/// The differences of one field.
#[derive(Debug, Clone)]
struct Field {
    count: u64,
    first: Example,
    last: Example,
}

/// A difference that was found.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    pub(crate) at: SystemTime,
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) primary: String,
    pub(crate) shadow: String,
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
            fields: Mutex::default(),
        });
        all.insert(path, Arc::downgrade(&figures));
        figures
    }

    fn all(&self) -> Vec<Arc<Figures>> {
        let all = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().filter_map(Weak::upgrade).collect()
    }
}

impl Figures {
    pub(crate) fn count(&self, what: Count) {
        self.counts[what as usize].fetch_add(1, Relaxed);
    }

    fn counted(&self, what: Count) -> u64 {
        self.counts[what as usize].load(Relaxed)
    }

    pub(crate) fn first_byte(&self, side: Side, after: Duration) {
        self.first_byte[side as usize].add(after);
    }

    pub(crate) fn total(&self, side: Side, after: Duration) {
        self.total[side as usize].add(after);
    }

    /// Counts a comparison: which kinds were compared, and which of them differ.
    pub(crate) fn compared(&self, differs: impl Fn(Kind) -> bool) {
        self.count(Count::Compared);
        let mut equal = true;
        for (kind, _) in Kind::ALL.into_iter().filter(|(kind, _)| self.compares[*kind as usize]) {
            let differs = differs(kind);
            equal &= !differs;
            self.matches[kind as usize][usize::from(differs)].fetch_add(1, Relaxed);
        }
        if equal {
            self.count(Count::Equal);
        }
    }

    /// Keeps a difference as an example.
    pub(crate) fn found(&self, kind: Kind, field: &str, example: Example) {
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        let full = fields.len() >= FIELDS;
        let mut key = (kind, field.to_owned());
        if full && !fields.contains_key(&key) {
            key.1 = "(others)".to_owned();
        }
        match fields.get_mut(&key) {
            Some(field) => {
                field.count += 1;
                field.last = example;
            }
            None => drop(fields.insert(key, Field { count: 1, first: example.clone(), last: example })),
        }
    }
}
