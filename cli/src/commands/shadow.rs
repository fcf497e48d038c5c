//! `shadow`: what mirrors have found, told to people, programs and CI.

mod chart;
mod limits;
mod page;
mod report;
mod terminal;

use std::{
    fs,
    io::{self, Write},
};

use clap::{Args, Subcommand, ValueEnum};

use self::{limits::Limit, report::Mirror};
use super::USAGE;
use crate::{
    admin,
    failure::Failure,
    source::{self, SourceArgs},
};

const ENDPOINT: &str = "/mirror/report";

/// Tells what mirrors of a running server have found.
#[derive(Debug, Args)]
pub(crate) struct ShadowArgs {
    #[command(subcommand)]
    command: ShadowCommand,
}

#[derive(Debug, Subcommand)]
enum ShadowCommand {
    /// Shows what differs between primaries and secondaries, and judges it. Exit status: 0, 1 when a limit is reached, 2 when the
    /// command line or the report cannot be used
    Report(ReportArgs),
}

#[derive(Debug, Args)]
struct ReportArgs {
    /// A report that was saved with --format json, or - for standard input; by default that of the running server
    file: Option<String>,
    #[command(flatten)]
    source: SourceArgs,
    /// The address to use to reach the admin API endpoint, if not the default
    #[arg(long)]
    address: Option<String>,
    /// How the report is shown; html is one page that needs nothing else
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// Where the report goes, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Fail from so many on: status, headers, body or any for pairs of responses that differ; dropped, abandoned, timed-out or failed
    /// for copies. Without N from the first one on. May be repeated
    #[arg(long, value_name = "KIND[=N|N%]", value_delimiter = ',')]
    fail_on: Vec<Limit>,
    /// Let the server begin the report anew
    #[arg(long, conflicts_with = "file")]
    reset: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Form {
    #[default]
    Terminal,
    Json,
    Html,
}

pub(crate) fn run(args: &ShadowArgs) -> Result<(), Failure> {
    let ShadowCommand::Report(args) = &args.command;
    let reached = shown(args).map_err(|failure| failure.with_status(USAGE))?;
    if reached.is_empty() { Ok(()) } else { Err(Failure::new(reached.join("\n       "))) }
}

/// Shows the report; the limits that are reached.
fn shown(args: &ReportArgs) -> Result<Vec<String>, Failure> {
    let text = match &args.file {
        Some(file) => source::read(file)?,
        None => {
            let address = admin::find(args.address.as_deref(), &args.source)?;
            admin::send(if args.reset { "DELETE" } else { "GET" }, &address, ENDPOINT, &[], "")?
        }
    };
    let unreadable =
        |error: serde_json::Error| Failure::new(format!("this is no report of mirrors by Caddis: {error}"));
    let mirrors: Vec<Mirror> = serde_json::from_str(&text).map_err(unreadable)?;
    let reached = limits::reached(&args.fail_on, &mirrors);
    let text = match args.format {
        Form::Terminal => terminal::show(&mirrors),
        Form::Html => page::show(&mirrors, reached.as_deref().unwrap_or_default()),
        Form::Json => {
            let value: serde_json::Value = serde_json::from_str(&text).map_err(unreadable)?;
            format!("{value:#}\n")
        }
    };
    match &args.output {
        Some(file) => {
            fs::write(file, text).map_err(|error| Failure::new(format!("writing {file}: {error}")))?;
        }
        None => io::stdout().write_all(text.as_bytes())?,
    }
    reached
}
