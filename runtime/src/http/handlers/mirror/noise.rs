//! Fields that differ between equal systems, such as times and ids: they are found out and not reported.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use crate::mirrors::{Finding, Kind};

/// Most fields that are remembered.
const FIELDS: usize = 4096;

/// The fields that are known to differ.
#[derive(Debug)]
pub(super) struct Noise {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    known: BTreeSet<(Kind, String)>,
    /// Comparisons that only teach.
    lessons: u64,
}

impl Noise {
    /// With so many comparisons before the first report.
    pub(super) fn new(lessons: u64) -> Self {
        Self { state: Mutex::new(State { known: BTreeSet::new(), lessons }) }
    }

    /// Remembers what differs between the primary and its like.
    pub(super) fn learn(&self, findings: &[Finding]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for finding in findings {
            if state.known.len() < FIELDS {
                state.known.insert((finding.kind, finding.field.clone()));
            }
        }
    }

    /// Counts a comparison that may be one of the first; whether it only teaches.
    pub(super) fn is_lesson(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let lesson = state.lessons > 0;
        state.lessons = state.lessons.saturating_sub(1);
        lesson
    }

    /// Takes out what is known to differ; that.
    pub(super) fn remove_from(&self, findings: &mut Vec<Finding>) -> Vec<(Kind, String)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut removed = Vec::new();
        findings.retain(|finding| {
            let field = (finding.kind, finding.field.clone());
            let known = state.known.contains(&field);
            if known {
                removed.push(field);
            }
            !known
        });
        removed
    }
}
