//! `environ`: the environment as configurations see it.

use std::io::{self, Write};

use clap::Args;

use crate::{environment::Environment, failure::Failure};

/// Prints the environment.
#[derive(Debug, Args)]
pub(crate) struct EnvironArgs {
    /// Environment file(s) to load
    #[arg(long = "envfile", value_name = "PATH", value_delimiter = ',')]
    env_files: Vec<String>,
}

pub(crate) fn run(args: &EnvironArgs) -> Result<(), Failure> {
    print(&Environment::load(&args.env_files)?)
}

/// Folders and versions first, then every variable, sorted.
pub(crate) fn print(environment: &Environment) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let folders =
        caddis_runtime::folders::Folders::new(|name| caddis_grammar::Environment::var(environment, name));
    writeln!(out, "caddis.DataDir={}", folders.data.display())?;
    writeln!(out, "caddis.ConfigDir={}", folders.config.display())?;
    writeln!(out, "caddis.AutosavePath={}", folders.autosave().display())?;
    writeln!(out, "caddis.Version={}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "os={}", std::env::consts::OS)?;
    writeln!(out, "arch={}", std::env::consts::ARCH)?;
    writeln!(out, "cores={}", std::thread::available_parallelism().map_or(1, usize::from))?;
    writeln!(out, "cwd={}\n", std::env::current_dir()?.display())?;
    for (name, value) in environment.iter() {
        writeln!(out, "{name}={value}")?;
    }
    Ok(())
}
