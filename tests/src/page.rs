//! Pages: Markdown that documents a unit and tests it.
//!
//! A heading makes a test when fenced blocks stand under it. The first word of a block's info string says what it is:
//! `caddyfile` is input, `file: NAME` and `env` are its surroundings, `json [POINTER]`, `diagnostics`, `format` and
//! `http` are what must come out. Other blocks (`text`, `sh`, …) are prose.

mod check;
mod cut;
mod exchange;
mod markdown;

pub use check::{Problem, check};
pub use markdown::{Block, Kind, Page, Section};
