//! The thread that adapts, reads and builds configurations, so that whoever asks for it is not held up.
//!
//! It is always the same one: what one load frees the next can use, and what is left over lies in one place, from where it
//! can be given back to the system.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use tokio::sync::oneshot;

use super::LoadError;

type Job = Box<dyn FnOnce() + Send>;

#[derive(Debug)]
pub(super) struct Worker(mpsc::Sender<Job>);

impl Worker {
    /// Starts the thread, which ends with its last job after the worker is dropped.
    pub(super) fn start() -> Self {
        let (sender, jobs) = mpsc::channel::<Job>();
        thread::spawn(move || jobs.into_iter().for_each(|job| job()));
        Self(sender)
    }

    /// Does something that may take long.
    ///
    /// # Errors
    /// When it panics. Its message went to standard error, and the thread lives on.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LoadError> {
        let (sender, receiver) = oneshot::channel();
        let job = move || {
            if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
                // Whoever asked may be gone.
                drop(sender.send(done));
            }
        };
        self.0.send(Box::new(job)).map_err(|_| LoadError::Panicked)?;
        receiver.await.map_err(|_| LoadError::Panicked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_the_work_but_not_the_worker() {
        let worker = Worker::start();
        let broken = worker
            .run(|| {
                if true {
                    panic!("as the test wants it")
                }
            })
            .await;
        assert!(matches!(broken, Err(LoadError::Panicked)));
        assert_eq!(worker.run(|| 7).await.unwrap(), 7);
    }
}
