//! `list-modules`: the module ids that a configuration may name, and which of them this server runs.

use std::io::{self, Write};

use clap::Args;

use crate::failure::Failure;

/// What `--packages` says: every module is part of the program.
const PACKAGE: &str = "caddis";

/// Lists modules.
#[derive(Debug, Args)]
pub(crate) struct ListModulesArgs {
    /// Print package names (there is one)
    #[arg(long)]
    packages: bool,
    /// Print version information
    #[arg(long)]
    versions: bool,
    /// Skip standard modules (all of them are)
    #[arg(short, long)]
    skip_standard: bool,
    /// Print modules in JSON format
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &ListModulesArgs) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let modules = if args.skip_standard { Vec::new() } else { caddis_config::module_ids() };
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    if args.json {
        let list: Vec<_> = modules
            .iter()
            .map(|id| {
                serde_json::json!({
                    "module_name": id,
                    "module_type": "standard",
                    "version": version,
                    "package_url": PACKAGE,
                })
            })
            .collect();
        writeln!(out, "{:#}", serde_json::Value::from(list))?;
        return Ok(());
    }
    for id in &modules {
        write!(out, "{id}")?;
        if args.versions {
            write!(out, " {version}")?;
        }
        if args.packages {
            write!(out, " {PACKAGE}")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "\n  Standard modules: {}", modules.len())?;
    Ok(())
}
