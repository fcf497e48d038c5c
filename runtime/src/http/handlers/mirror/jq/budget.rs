//! What a run of jq programs may take. The language has no bounds of its own, and the library that runs it asks nobody: what
//! it is given to work with counts instead, and unwinds the run when that is used up.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::{Duration, Instant},
};

use crate::mirrors::Held;

/// Bytes of stack that evaluation may use. Threads have 2 MiB; half of that is left to what does not count.
const STACK: usize = 1 << 20;
/// Bytes that an evaluated term takes up while others follow it.
const TERM: usize = 16;
/// Values that may be looked at in one go: what cannot be interrupted must not be longer.
const LOOKS: usize = 1 << 28;
/// Values that are looked at between two looks at the clock.
const SLICE: usize = 1 << 14;
/// Bytes that are taken from what all comparisons share at once.
const PORTION: usize = 1 << 20;

/// The bounds of a run.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Limits {
    pub(in super::super) time: Duration,
    /// Bytes of all values that are made, even if they are forgotten again.
    pub(in super::super) memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(2), memory: 128 << 20 }
    }
}

/// What a run has used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum Exhausted {
    #[error("takes too long")]
    Time,
    #[error("needs too much memory")]
    Memory,
    #[error("nests too deeply")]
    Stack,
}

struct Budget {
    end: Instant,
    /// Looks until the next one at the clock.
    looks: usize,
    /// Bytes that may be taken before more must be held.
    portion: usize,
    /// Bytes that may be held.
    memory: usize,
    held: Held,
    /// Where the stack was in the beginning.
    stack: usize,
}

thread_local! {
    static BUDGET: RefCell<Option<Budget>> = const { RefCell::new(None) };
}

/// Runs something within limits. What it takes is shared with other comparisons through `held`.
///
/// # Errors
/// What was used up.
pub(super) fn within<T>(limits: Limits, held: Held, act: impl FnOnce() -> T) -> Result<T, Exhausted> {
    let budget = Budget {
        end: Instant::now() + limits.time,
        looks: SLICE,
        portion: 0,
        memory: limits.memory,
        held,
        stack: here(),
    };
    BUDGET.set(Some(budget));
    let outcome = catch_unwind(AssertUnwindSafe(act));
    BUDGET.set(None);
    outcome.map_err(|payload| match payload.downcast::<Exhausted>() {
        Ok(exhausted) => *exhausted,
        Err(payload) => resume_unwind(payload),
    })
}

/// An address on the stack.
#[inline(never)]
fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
}

/// Unwinds to [`within`] if an action fails. Outside of it nothing counts.
fn charge(act: impl FnOnce(&mut Budget) -> Result<(), Exhausted>) {
    let outcome = BUDGET.with_borrow_mut(|budget| budget.as_mut().map_or(Ok(()), act));
    if let Err(exhausted) = outcome {
        // Not a panic: nobody is to be told on standard error.
        resume_unwind(Box::new(exhausted));
    }
}

impl Budget {
    fn take(&mut self, bytes: usize) -> Result<(), Exhausted> {
        if let Some(left) = self.portion.checked_sub(bytes) {
            self.portion = left;
            return Ok(());
        }
        let more = bytes.max(PORTION.min(self.memory));
        self.memory = self.memory.checked_sub(more).ok_or(Exhausted::Memory)?;
        self.held.grow(more).map_err(|_| Exhausted::Memory)?;
        self.portion += more - bytes;
        Ok(())
    }

    fn look(&mut self, values: usize) -> Result<(), Exhausted> {
        if let Some(left) = self.looks.checked_sub(values) {
            self.looks = left;
            return Ok(());
        }
        if values > LOOKS || Instant::now() > self.end {
            return Err(Exhausted::Time);
        }
        self.looks = SLICE;
        Ok(())
    }
}

/// Takes so many bytes.
pub(super) fn take(bytes: usize) {
    charge(|budget| budget.take(bytes));
}

/// Looks at so many values.
pub(super) fn look(values: usize) {
    charge(|budget| budget.look(values));
}

/// Evaluates a term.
pub(super) fn step() {
    charge(|budget| {
        if budget.stack.abs_diff(here()) > STACK {
            return Err(Exhausted::Stack);
        }
        budget.look(1)?;
        budget.take(TERM)
    });
}

/// Ends the run for what nests too deeply.
pub(super) fn too_deep() {
    charge(|_| Err(Exhausted::Stack));
}
