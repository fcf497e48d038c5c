//! What is measured, one file a case or a family of cases.

pub(crate) mod idle;
pub(crate) mod load;
pub(crate) mod reload;
pub(crate) mod scale;
mod sites;
pub(crate) mod tools;

use crate::origin::{self, Origin};

/// The shared upstream of a case.
pub(crate) fn upstream() -> Origin {
    origin::start().expect("a loopback port is free")
}
