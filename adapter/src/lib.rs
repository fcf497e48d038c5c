//! Caddyfiles to Caddy's JSON: directives, matchers, options, and the way from sites to servers.
//!
//! [`adapt`] does everything. Whoever brings further directives or modules registers them on a [`Registry`] first.

mod args;
mod cx;
mod directive;
mod directives;
mod errors;
mod go_sort;
mod matchers;
mod modules;
mod options;
mod placeholders;
mod registry;
mod routes;
mod table;

pub use args::{Args, Value};
pub use cx::{Cx, Parsed, State};
pub use directive::{Call, Directive, Item};
pub use matchers::{Definitions, MatcherKind, Uses};
pub use options::GlobalOptions;
pub use registry::{ReadModule, Registry};
pub use routes::Groups;
pub use table::{Nested, Row, Shape, block_row, read_block, read_line, row};
