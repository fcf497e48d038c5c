//! `stop`: ends a running server gracefully.

use clap::Args;

use crate::{admin, environment::Environment, failure::Failure, source::SourceArgs};

/// Ends a running server.
#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The address to use to reach the admin API endpoint, if not the default
    #[arg(long)]
    address: Option<String>,
}

pub(crate) fn run(args: &StopArgs) -> Result<(), Failure> {
    let environment = Environment::load(&args.source.env_files)?;
    // The configuration only tells where the endpoint is.
    let config = match (&args.address, &args.source.config) {
        (None, Some(_)) => {
            let loaded = args.source.load(&environment)?;
            Some(loaded.config().map_err(|error| Failure::new(error.to_string()))?.into_owned())
        }
        _ => None,
    };
    let default = caddis_grammar::Environment::var(&environment, "CADDY_ADMIN");
    let address = admin::address(args.address.as_deref(), config.as_ref(), default)?;
    admin::post(&address, "/stop", &[], "").map(drop)
}
