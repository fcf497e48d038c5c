//! `validate`: everything that can be known of a configuration without network, keys or environment.

use std::io::{self, Write};

use caddis_adapter::Unknown;
use caddis_config::{Config, ConfigError};
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
    /// Go on past directives, options and modules that are not known, with a warning
    #[arg(long)]
    allow_unknown_modules: bool,
}

pub(crate) fn run(args: ValidateArgs) -> Result<(), Failure> {
    let ValidateArgs { mut source, allow_unknown_modules } = args;
    source.plugins.unknown = if allow_unknown_modules { Unknown::SkipAll } else { Unknown::SkipRaw };
    let environment = Environment::load(&source.env_files)?;
    let loaded = source.load(&environment)?;
    let config = check(&loaded)?;
    for refusal in caddis_runtime::unsupported(&config) {
        writeln!(io::stderr(), "warning: {}: {refusal}", loaded.name)?;
    }
    writeln!(io::stdout(), "Valid configuration")?;
    Ok(())
}

/// Decodes strictly, and checks what needs nothing but the configuration.
pub(crate) fn check(loaded: &Loaded) -> Result<Config, Failure> {
    let in_file = |error: &ConfigError| format!("{}: {error}", loaded.name);
    let options = loaded.settings.registry.decode_options();
    let config = Config::from_json_with(loaded.json.as_bytes(), &options)
        .map_err(|error| Failure::new(in_file(&error)))?;
    let errors: Vec<String> = caddis_config::check(&config).iter().map(in_file).collect();
    if errors.is_empty() { Ok(config) } else { Err(Failure::new(errors.join("\n"))) }
}
