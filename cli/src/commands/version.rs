//! `version`: which Caddis this is, and which Caddy it follows.

use std::io::{self, Write};

use crate::failure::Failure;

/// The release whose behaviour is the reference.
pub(crate) const CADDY: &str = "2.11.7";

pub(crate) fn run() -> Result<(), Failure> {
    writeln!(io::stdout(), "v{} (Caddy {CADDY})", env!("CARGO_PKG_VERSION"))?;
    Ok(())
}
