//! Upgraded connections: two byte streams that belong to the process and hold nothing of a configuration.
//!
//! A handler that switched protocols hands both legs over and is done. From then on the stream is known only by its
//! entry in the [`Registry`]: who opened it, to which upstream, under which policy. A reload asks the registry which
//! entries have lost their reason to live; the streams themselves are never looked up by a configuration.

mod direction;
mod leg;
mod lifetime;
mod registry;
mod relay;
mod session;
mod statistics;
mod websocket;

use std::{net::IpAddr, sync::Arc, time::Duration};

pub use leg::Leg;
pub use lifetime::Ended;
pub use registry::{Live, Registry, Stream};
pub use relay::Tunnel;
pub(crate) use session::Session;
pub use statistics::{BUCKETS, Statistics};

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The client finished or went away.
    Client,
    /// The upstream finished or went away.
    Upstream,
    /// The handler that opened the stream is gone or has changed.
    Reload,
    /// No handler uses the upstream any more.
    UpstreamRemoved,
    /// `stream_timeout` has passed.
    Timeout,
    /// The process is stopping.
    Shutdown,
    /// An operator asked for it.
    Drained,
}

impl Reason {
    /// All of them, in the order of [`Statistics::reasons`].
    pub const ALL: [Reason; 7] = [
        Reason::Client,
        Reason::Upstream,
        Reason::Reload,
        Reason::UpstreamRemoved,
        Reason::Timeout,
        Reason::Shutdown,
        Reason::Drained,
    ];

    /// The word in logs, metrics and the admin API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Client => "client",
            Reason::Upstream => "upstream",
            Reason::Reload => "reload",
            Reason::UpstreamRemoved => "upstream_removed",
            Reason::Timeout => "timeout",
            Reason::Shutdown => "shutdown",
            Reason::Drained => "drained",
        }
    }
}

/// How a stream ended, in the three words that Caddy's metrics tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Orderly, or by our own decision.
    Closed,
    /// One side broke the connection.
    Error,
    /// `stream_timeout` has passed.
    Timeout,
}

impl Outcome {
    /// All of them, in the order of [`Statistics::total`].
    pub const ALL: [Outcome; 3] = [Outcome::Closed, Outcome::Error, Outcome::Timeout];

    /// The value of the label `result`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Closed => "closed",
            Outcome::Error => "error",
            Outcome::Timeout => "timeout",
        }
    }
}

/// The handler that opens streams, as the registry remembers it. Shared by all its streams.
#[derive(Debug, PartialEq, Eq)]
pub struct Owner {
    /// Stands for the handler's configuration and its server: an unchanged handler has the same number after a reload.
    pub fingerprint: u64,
    /// `stream_detached`: its streams live while any handler uses their upstream.
    pub detached: bool,
    /// `stream_close_delay`: how long a stream lives on when it is to be closed by a reload. Zero: not at all.
    pub close_delay: Duration,
}

/// What the registry is told when a stream is opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Who opens it.
    pub owner: Arc<Owner>,
    /// The upstream as configured, for logs and metrics.
    pub upstream: Arc<str>,
    /// What must still be configured for a detached stream to live: the same as `upstream`, or the name of the dynamic
    /// source that the upstream came from.
    pub source: Arc<str>,
    /// Who the stream is for, as far as the admin API shows it.
    pub visitor: Visitor,
}

/// Who opened a stream, and where.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// The address of the client; `None` on a unix socket.
    pub client: Option<IpAddr>,
    /// The host that was asked for.
    pub host: Box<str>,
    /// The path that was asked for; without a query, which may hold secrets.
    pub path: Box<str>,
}

#[cfg(test)]
mod tests;
