//! Runs Caddy's JSON: this crate takes a typed configuration and makes listeners, handlers and tunnels of it.
//!
//! It never sees a Caddyfile; the admin API gets an adapter as a function (see `Adapter`).

mod admin;
pub mod build;
mod cel;
pub mod control;
pub mod descriptors;
mod dns;
pub mod error;
pub mod folders;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod glob;
pub mod http;
pub mod instance;
pub mod listen;
pub(crate) mod listeners;
pub mod logging;
mod metrics;
mod mirrors;
pub mod pki;
pub mod placeholder;
pub mod process;
pub mod regexp;
pub mod run;
mod runtime;
pub mod shard;
pub mod storage;
mod support;
mod time;
pub mod tls;
pub mod tunnel;
mod writable;

pub use runtime::Runtime;
pub use support::{provision, survey};

#[cfg(test)]
mod testing;
