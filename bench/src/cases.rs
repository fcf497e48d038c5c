//! What is measured, one file a case or a family of cases.

pub(crate) mod http3;
pub(crate) mod idle;
pub(crate) mod load;
pub(crate) mod mirror;
pub(crate) mod reload;
pub(crate) mod scale;
mod sites;
pub(crate) mod soak;
pub(crate) mod stress;
pub(crate) mod tools;
pub(crate) mod webtransport;

use crate::{
    measure::descriptor_limit,
    origin::{self, Origin},
};

/// The shared upstream of a case.
pub(crate) fn upstream() -> Origin {
    origin::start().expect("a loopback port is free")
}

/// How many streams of those wanted can be open at once: a proxy needs two descriptors a stream, and some for itself.
pub(crate) fn most_streams(wanted: usize) -> usize {
    (descriptor_limit().saturating_sub(100) / 2).min(wanted)
}
