//! Shards: a thread with a current-thread runtime per core. What a connection needs lives and dies on its shard.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    io, thread,
};

use tokio::{
    runtime::{Builder, LocalOptions},
    sync::{mpsc, oneshot},
};

/// Work that runs on a shard's thread, inside its runtime: it may spawn local tasks.
type Job = Box<dyn FnOnce() + Send>;

/// Where a shard says whether it could start.
type Report = std::sync::mpsc::Sender<io::Result<()>>;

/// The threads of the process that serve connections.
#[derive(Debug)]
pub struct Shards {
    senders: Vec<mpsc::UnboundedSender<Job>>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// Bytes of what [`with_scratch`] lends.
pub(crate) const SCRATCH: usize = 256 << 10;

thread_local! {
    static CURRENT: Cell<Option<usize>> = const { Cell::new(None) };
    static SHARED: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into_boxed_slice());
}

/// Lends the buffer of the shard, to read into what is passed on before anything else happens. Whoever has it must not lend it
/// again.
pub(crate) fn with_scratch<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    SHARED.with_borrow_mut(|scratch| work(scratch))
}

/// The number of the shard whose thread this is; `None` outside of shards.
#[must_use]
pub fn current() -> Option<usize> {
    CURRENT.get()
}

impl Shards {
    /// Starts `count` shards.
    ///
    /// # Errors
    /// When a thread or its runtime cannot be made.
    pub fn start(count: usize) -> io::Result<Self> {
        let mut shards = Self { senders: Vec::new(), threads: Vec::new() };
        for index in 0..count.max(1) {
            let (sender, jobs) = mpsc::unbounded_channel();
            let (report, started) = std::sync::mpsc::channel();
            let thread = thread::Builder::new()
                .name(format!("shard-{index}"))
                .spawn(move || run(index, &report, jobs))?;
            started.recv().map_err(io::Error::other)??;
            shards.senders.push(sender);
            shards.threads.push(thread);
        }
        Ok(shards)
    }

    /// No shards at all, for a process that serves nothing.
    pub(crate) fn none() -> Self {
        Self { senders: Vec::new(), threads: Vec::new() }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.senders.len()
    }

    /// What each may have of a limit for all together. A configuration that is only looked at has no shards.
    pub(crate) fn share(&self, limit: usize) -> usize {
        limit.div_ceil(self.count().max(1))
    }

    /// Runs `job` on one shard.
    pub fn run_on(&self, shard: usize, job: impl FnOnce() + Send + 'static) {
        // A closed channel means that the process is stopping; there is nobody left to serve.
        drop(self.senders[shard].send(Box::new(job)));
    }

    /// Runs a future on one shard and waits for its result; `None` when the shard has stopped.
    pub async fn call_on<F, R>(&self, shard: usize, make: impl FnOnce() -> F + Send + 'static) -> Option<R>
    where
        F: Future<Output = R> + 'static,
        R: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.run_on(shard, move || {
            tokio::task::spawn_local(async move {
                let result = make().await;
                drop(sender.send(result));
            });
        });
        receiver.await.ok()
    }

    /// Stops every shard: tasks that still run are dropped.
    pub fn stop(self) {
        drop(self.senders);
        for thread in self.threads {
            if thread.join().is_err() {
                // The panic message was printed by the thread itself.
                continue;
            }
        }
    }
}

/// The runtime of a shard can only be made on the thread that it stays on, which then reports how that went.
fn run(index: usize, report: &Report, mut jobs: mpsc::UnboundedReceiver<Job>) {
    CURRENT.set(Some(index));
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let (runtime, outcome) = match runtime {
        Ok(runtime) => (Some(runtime), Ok(())),
        Err(error) => (None, Err(error)),
    };
    // Whoever starts shards waits for this; there is nothing to do for one that is gone.
    drop(report.send(outcome));
    let Some(runtime) = runtime else { return };
    runtime.block_on(async move {
        while let Some(job) = jobs.recv().await {
            job();
        }
    });
}
