//! Runs until a signal or somebody inside asks for the end, in Caddy's way of understanding signals.

use std::{future::Future, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Runtime;

/// Signals that this process answers from now on. Hang-ups, broken pipes and `SIGUSR2` are ignored.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    quit: Signal,
    user: Signal,
    _ignored: [Signal; 3],
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every request was answered, or the grace period was over.
    Gracefully,
    /// A second interrupt or a quit did not leave time for that.
    Forced,
}

impl Ended {
    /// The exit status of the process: 0, or 2 when it was forced.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Gracefully => 0,
            Self::Forced => 2,
        }
    }
}

impl Signals {
    /// Starts to listen for signals. Must be called inside of a tokio runtime.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            user: signal(SignalKind::user_defined1())?,
            _ignored: [
                signal(SignalKind::hangup())?,
                signal(SignalKind::pipe())?,
                signal(SignalKind::user_defined2())?,
            ],
        })
    }

    /// Runs until `SIGINT`, `SIGTERM` or `SIGQUIT`, or until `stopped` is done, and then stops the runtime. `reload` is
    /// called for each `SIGUSR1`.
    pub async fn run(
        mut self,
        runtime: &Runtime,
        mut reload: impl FnMut(),
        stopped: impl Future<Output = ()>,
    ) -> Ended {
        let logger = runtime.process().logger.clone();
        let mut stopped = std::pin::pin!(stopped);
        let reason = loop {
            tokio::select! {
                _ = self.interrupt.recv() => break "SIGINT",
                _ = self.terminate.recv() => break "SIGTERM",
                _ = self.quit.recv() => {
                    logger.info("quitting process immediately", |fields| {
                        fields.add("signal", "SIGQUIT");
                    });
                    return Ended::Forced;
                }
                _ = self.user.recv() => reload(),
                () = &mut stopped => break "",
            }
        };
        if !reason.is_empty() {
            logger.info("shutting down", |fields| {
                fields.add("signal", reason);
            });
        }
        tokio::select! {
            () = runtime.stop() => Ended::Gracefully,
            _ = self.interrupt.recv() => {
                logger.warn("force quit", |fields| {
                    fields.add("signal", "SIGINT");
                });
                Ended::Forced
            }
            _ = self.quit.recv() => Ended::Forced,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        logging::{Level, Logger, Stderr},
        process::Process,
        shard::Shards,
    };

    fn send(signal: &str) {
        let this = std::process::id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &this]).status().unwrap().success());
    }

    // One test, because signals reach every listener of the process.
    #[test]
    fn signals_reload_and_stop() {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let logger = Logger::root(Box::new(Stderr(Level::Error)));
        let runtime = Runtime::new(Arc::new(Process::new(Shards::start(1).unwrap(), logger)));
        let ended = tokio.block_on(async {
            let signals = Signals::listen().unwrap();
            send("-HUP");
            send("-USR1");
            let reload = || send("-TERM");
            signals.run(&runtime, reload, std::future::pending()).await
        });
        assert_eq!(ended, Ended::Gracefully);
        let ended = tokio.block_on(async {
            let signals = Signals::listen().unwrap();
            send("-QUIT");
            signals.run(&runtime, || (), std::future::pending()).await
        });
        assert_eq!(ended.status(), 2);
        let stopped = tokio.block_on(async {
            Signals::listen().unwrap().run(&runtime, || (), std::future::ready(())).await
        });
        assert_eq!(stopped, Ended::Gracefully);
    }
}
