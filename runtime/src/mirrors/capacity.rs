//! What copies and comparisons of all requests may take together: memory, and threads at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that copies and comparisons hold together.
const MEMORY: usize = 256 << 20;
/// Comparisons that run at once on threads of their own.
const AT_ONCE: usize = 4;

/// What there is for all mirrors of the process.
#[derive(Debug)]
pub(crate) struct Capacity {
    memory: usize,
    held: AtomicUsize,
    turns: Arc<Semaphore>,
}

/// The others hold all there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("copies and comparisons hold all the memory that there is for them")]
pub(crate) struct Full;

/// A part of the memory, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    capacity: Arc<Capacity>,
    bytes: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        Self::new(MEMORY)
    }
}

impl Capacity {
    /// With so many bytes.
    pub(crate) fn new(memory: usize) -> Self {
        Self { memory, held: AtomicUsize::new(0), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// A part that is empty so far.
    pub(crate) fn part(self: &Arc<Self>) -> Held {
        Held { capacity: Arc::clone(self), bytes: 0 }
    }

    /// Waits until one more comparison may run; `None` never comes, because nobody closes the gate.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }
}

impl Held {
    /// Another part, empty so far, of the same memory.
    pub(crate) fn another(&self) -> Self {
        self.capacity.part()
    }

    /// Holds so many bytes from now on, whatever it held before.
    ///
    /// # Errors
    /// When there are not so many; then it holds what it held.
    pub(crate) fn resize(&mut self, bytes: usize) -> Result<(), Full> {
        match bytes.checked_sub(self.bytes) {
            Some(0) => {}
            Some(more) => {
                let room = |held: usize| held.checked_add(more).filter(|held| *held <= self.capacity.memory);
                self.capacity.held.fetch_update(Relaxed, Relaxed, room).map_err(|_| Full)?;
            }
            None => drop(self.capacity.held.fetch_sub(self.bytes - bytes, Relaxed)),
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Holds so many bytes more.
    ///
    /// # Errors
    /// When there are not so many.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        self.resize(self.bytes.saturating_add(bytes))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.capacity.held.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_comes_back() {
        let capacity = Arc::new(Capacity::new(100));
        let (mut one, mut other) = (capacity.part(), capacity.part());
        assert_eq!((one.resize(60), other.grow(40), other.grow(1)), (Ok(()), Ok(()), Err(Full)));
        assert_eq!((one.resize(59), other.grow(1), other.grow(usize::MAX)), (Ok(()), Ok(()), Err(Full)));
        drop(one);
        assert_eq!((other.resize(100), other.resize(101)), (Ok(()), Err(Full)));
        drop(other);
        assert_eq!(capacity.held.load(Relaxed), 0);
    }
}
