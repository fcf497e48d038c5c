//! `adapt`: a Caddyfile in, Caddy's JSON out.

use std::{
    io::{self, Write},
    mem::ManuallyDrop,
};

use caddis_config::Config;
use caddis_grammar::Severity;
use clap::Args;

use crate::{
    environment::Environment,
    failure::Failure,
    source::{SourceArgs, make_room_for},
};

/// Adapts a Caddyfile to JSON and prints it.
#[derive(Debug, Args)]
pub(crate) struct AdaptArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Format the output for human readability
    #[arg(short, long)]
    pretty: bool,
    /// Check the output as `validate` does
    #[arg(long)]
    validate: bool,
}

pub(crate) fn run(args: AdaptArgs) -> Result<(), Failure> {
    let AdaptArgs { mut source, pretty, validate } = args;
    // Unlike elsewhere the name of the file does not matter: adapting JSON would make no sense.
    source.adapter.get_or_insert_with(|| "caddyfile".to_owned());
    make_room_for(&source.file()?);
    let environment = Environment::load(&source.env_files)?;
    // The process ends with the command: taking a large configuration apart would only cost time.
    let loaded = ManuallyDrop::new(source.load(&environment)?);
    let adapted = loaded.adapted.as_ref().ok_or_else(|| Failure::new("--adapter must name an adapter"))?;
    if validate {
        let findings = super::validate::of_adapted(&loaded, None);
        source.diagnostics.show(&findings, &adapted.sources)?;
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            return Err(Failure::reported());
        }
    }
    let write = if pretty { Config::to_json_pretty } else { Config::to_json };
    let json = write(&adapted.config);
    let mut output = io::stdout().lock();
    output.write_all(json.as_bytes())?;
    output.write_all(b"\n")?;
    Ok(())
}
