//! What functions and operators do. The checker has seen to the types that are known beforehand; others are looked at
//! here, and what fits no overload is an error.

mod convert;
pub(super) mod format;
pub(super) mod lists;
mod numbers;
mod operators;
mod strings;
pub(super) mod time;

use super::{evaluate::Failure, value::Value};

type Result<T = Value, E = Failure> = std::result::Result<T, E>;

/// Works on the arguments, of which a receiver is the first.
pub(super) type Run = fn(&[Value]) -> Result;

/// A function or an operator.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// How it may be called: see [`Overload::read`](super::signature::Overload::read).
    pub(super) overloads: &'static [&'static str],
    pub(super) run: Run,
}

const fn function(name: &'static str, overloads: &'static [&'static str], run: Run) -> Function {
    Function { name, overloads, run }
}

const INTEGERS: &[&str] = &["(int, int) int", "(uint, uint) uint"];

/// The function of a name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    let families = [
        operators::FUNCTIONS,
        convert::FUNCTIONS,
        strings::FUNCTIONS,
        lists::FUNCTIONS,
        numbers::FUNCTIONS,
        time::FUNCTIONS,
    ];
    families.into_iter().flatten().find(|function| function.name == name)
}

impl Function {
    /// Whether it makes a value of another type of one.
    pub(super) fn is_conversion(&self) -> bool {
        convert::FUNCTIONS.iter().any(|conversion| conversion.name == self.name)
    }
}
