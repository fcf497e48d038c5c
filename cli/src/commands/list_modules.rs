//! `list-modules`: the module ids that a configuration may name, and which of them this server runs.

use std::io::{self, Write};

use clap::Args;

use crate::failure::Failure;

/// Lists modules.
#[derive(Debug, Args)]
pub(crate) struct ListModulesArgs {
    /// Print modules in JSON format
    #[arg(long)]
    json: bool,
    /// Skip standard modules (all of them are)
    #[arg(short, long)]
    skip_standard: bool,
}

pub(crate) fn run(args: &ListModulesArgs) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let modules = if args.skip_standard { Vec::new() } else { caddis_config::module_ids() };
    if args.json {
        let list: Vec<_> = modules
            .iter()
            .map(|id| serde_json::json!({"module_name": id, "module_type": "standard"}))
            .collect();
        writeln!(out, "{}", serde_json::Value::from(list))?;
        return Ok(());
    }
    for id in &modules {
        writeln!(out, "{id}")?;
    }
    writeln!(out, "\n  Standard modules: {}", modules.len())?;
    Ok(())
}
