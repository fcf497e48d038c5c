//! The directives in their default order, and the reading of one use of a directive.

mod respond;

use crate::directive::Directive;

/// The default order of routes, first to last; directives that stand outside the order follow.
pub(crate) static DIRECTIVES: &[&Directive] = &[&respond::DIRECTIVE];
