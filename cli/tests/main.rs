//! The binary from outside: arguments, files and signals in; output, exit statuses and answers out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod compile;
mod diagnostics;
mod format;
mod inform;
mod limits;
mod pages;
mod plugins;
mod project;
mod recipes;
mod reload;
mod scene;
mod serve;
mod shadow;
mod signals;
mod sites;
mod start;
mod streams;
mod validate;
