//! `stop`: ends a running server gracefully.

use clap::Args;

use crate::{admin, failure::Failure, source::SourceArgs};

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
    let address = admin::find(args.address.as_deref(), &args.source)?;
    admin::post(&address, "/stop", &[], "").map(drop)
}
