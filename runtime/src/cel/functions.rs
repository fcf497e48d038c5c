//! What functions and operators do. The checker has seen to the types that are known beforehand; others are looked at
//! here, and what fits no overload is an error.

pub(super) mod convert;
pub(super) mod format;
pub(super) mod lists;
pub(super) mod numbers;
pub(super) mod operators;
pub(super) mod strings;
pub(super) mod time;

use super::evaluate::{Failure, Function};

type Result<T = super::value::Value, E = Failure> = std::result::Result<T, E>;

/// Whether it makes a value of another type of one.
pub(super) fn is_conversion(name: &str) -> bool {
    matches!(
        name,
        "bool" | "bytes" | "double" | "duration" | "dyn" | "int" | "string" | "timestamp" | "type" | "uint"
    )
}

/// The function of a name; receivers are the first arguments.
pub(super) fn find(name: &str) -> Option<Function> {
    operators::find(name)
        .or_else(|| convert::find(name))
        .or_else(|| strings::find(name))
        .or_else(|| lists::find(name))
        .or_else(|| numbers::find(name))
        .or_else(|| time::find(name))
}
