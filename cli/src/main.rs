//! The binary `caddis`.

mod commands;
mod environment;
mod files;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A Caddyfile compiler, checker and server.
#[derive(Debug, Parser)]
#[command(name = "caddis", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Turns a Caddyfile into JSON.
    Adapt(commands::adapt::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Adapt(arguments) => commands::adapt::run(&arguments),
    }
}
