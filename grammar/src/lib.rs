//! The Caddyfile language, from text to statements: this crate knows no directive, option or matcher.
//!
//! Four entry points, none of which fails: `lex` splits one text without losing a byte, `format` writes it in Caddy's
//! house style, `expand` follows imports and substitutes arguments and environment variables until only
//! statements are left, and `render` shows a [`Diagnostic`] to a person or a machine.
//! Nothing here touches a disk or the process environment: both come in through [`Files`] and [`Environment`].

mod environment;
mod errors;
mod expand;
mod format;
mod render;
mod suggest;

pub mod diagnostic;
pub mod lexer;
pub mod source;
pub mod statement;
pub mod token;

pub use diagnostic::{Code, Diagnostic, Label, Level, Levels, Severity};
pub use expand::expand;
pub use format::{FormatError, format, format_checked};
pub use lexer::lex;
pub use render::{Explanation, FORMATS, Format, render, render_for_terminal, render_sarif};
pub use source::{Location, Source, SourceId, Sources, Span};
pub use statement::{Block, BlockKind, Expanded, ServerBlock, Statement};
pub use suggest::suggest;
pub use token::{Origin, OriginKind, Quote, Token};

/// Where imported files come from. Paths are as the operating system spells them.
pub trait Files {
    /// The absolute form of `path`, which may be relative to the working directory.
    fn absolute(&self, path: &str) -> Result<String, String>;
    /// The files that match `pattern` (Go's `filepath.Glob`), sorted. No match is an empty list.
    fn glob(&self, pattern: &str) -> Result<Vec<String>, String>;
    /// The content of a file.
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// Nothing is there.
    NotFound,
    /// The path names a directory.
    IsDirectory,
    /// Anything else, in the words of the operating system.
    Other(String),
}

/// Where `{$NAME}` gets its values from.
pub trait Environment {
    /// The value of a variable, `None` when it is not set.
    fn var(&self, name: &str) -> Option<String>;

    /// What stands for a variable that is not set and has no default; nothing unless an implementation knows better.
    /// `alone` on its line it may stand for whole lines.
    fn unset(&self, _name: &str, _alone: bool) -> String {
        String::new()
    }
}
