//! The directives in their default order.

pub(crate) mod log;
mod respond;
pub(crate) mod tls;

use crate::directive::Directive;

/// The default order of routes, first to last; directives that stand outside the order follow.
pub(crate) static DIRECTIVES: &[&Directive] = &[&respond::DIRECTIVE];
