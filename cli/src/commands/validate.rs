//! `validate`: everything that can be known of a configuration without network, keys or environment.

use std::io::{self, Write};

use caddis_config::Config;
use clap::Args;

use crate::{
    environment::Environment,
    failure::Failure,
    source::{Loaded, SourceArgs},
};

/// Checks a configuration without running it.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    source: SourceArgs,
}

pub(crate) fn run(args: &ValidateArgs) -> Result<(), Failure> {
    let environment = Environment::load(&args.source.env_files)?;
    let loaded = args.source.load(&environment)?;
    check(&loaded)?;
    writeln!(io::stdout(), "Valid configuration")?;
    Ok(())
}

/// Decodes strictly.
pub(crate) fn check(loaded: &Loaded) -> Result<(), Failure> {
    Config::from_json(loaded.json.as_bytes())
        .map(drop)
        .map_err(|error| Failure::new(format!("{}: {error}", loaded.name)))
}
