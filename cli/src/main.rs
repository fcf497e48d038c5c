//! `caddis`: a Caddyfile compiler, checker and server.

mod admin;
mod commands;
mod comments;
mod environment;
mod errors;
mod explanations;
mod failure;
mod files;
mod json_place;
mod plugins;
mod project;
mod report;
mod site;
mod source;
mod text;
mod variables;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, error::ErrorKind};

#[global_allocator]
static ALLOCATOR: caddis_sys::Allocator = caddis_sys::Allocator;

/// A Caddyfile compiler, checker and server
#[derive(Debug, Parser)]
#[command(name = "caddis", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => {
            // Help and version go to standard output and succeed, as does naming no command; a mistake is status 1 as in Caddy.
            if message.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                drop(write!(io::stdout(), "{message}"));
                return ExitCode::SUCCESS;
            }
            drop(message.print());
            let status = if message.use_stderr() { commands::usage_status() } else { 0 };
            return ExitCode::from(status);
        }
    };
    match cli.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                // With standard error gone there is only the status left to tell.
                drop(writeln!(io::stderr(), "Error: {}", failure.message));
            }
            ExitCode::from(failure.status)
        }
    }
}
