//! `reload`: gives a running server another configuration.

use clap::Args;

use crate::{admin, environment::Environment, failure::Failure, source::SourceArgs};

/// Gives a running server another configuration.
#[derive(Debug, Args)]
pub(crate) struct ReloadArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Address of the administration listener, if different from config
    #[arg(long)]
    address: Option<String>,
    /// Force config reload, even if it is the same
    #[arg(short, long)]
    force: bool,
}

pub(crate) fn run(args: &ReloadArgs) -> Result<(), Failure> {
    let environment = Environment::load(&args.source.env_files)?;
    let loaded = args.source.load(&environment)?;
    let config = loaded.config().map_err(|error| Failure::new(format!("{}: {error}", loaded.name)))?;
    let default = caddis_grammar::Environment::var(&environment, "CADDY_ADMIN");
    let address = admin::address(args.address.as_deref(), Some(&config), default)?;
    let mut headers = vec![("Content-Type", "application/json")];
    if args.force {
        headers.push(("Cache-Control", "must-revalidate"));
    }
    admin::post(&address, "/load", &headers, &loaded.json()).map(drop)
}
