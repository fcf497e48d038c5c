//! `caddis.toml`: which one belongs to a configuration.

use caddis_adapter::{Registry, Settings, Unknown};
use clap::Args;

use crate::{failure::Failure, source::read};

/// The name of the file that is looked for.
const NAME: &str = "caddis.toml";

/// Where the settings are.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PluginsArgs {
    /// Settings: plugins and levels of warnings; the nearest caddis.toml by default
    #[arg(long, value_name = "FILE")]
    pub(crate) plugins: Option<String>,
    /// What happens to what is not known, as the command wants it.
    #[arg(skip)]
    pub(crate) unknown: Unknown,
}

impl PluginsArgs {
    /// Reads the file that was named, or else the nearest one: beside the configuration or in a folder above it. Findings
    /// are left in the settings.
    pub(crate) fn load(&self, configuration: &str) -> Result<Settings, Failure> {
        let registry = Registry::standard().with_unknown(self.unknown);
        let Some(name) = self.plugins.clone().or(nearest(configuration)?) else {
            return Ok(Settings::parse(NAME, "", registry));
        };
        Ok(Settings::parse(&name, &read(&name)?, registry))
    }
}

/// The path of the nearest settings; `-` is in the working directory.
fn nearest(configuration: &str) -> Result<Option<String>, Failure> {
    let file = std::path::absolute(configuration)?;
    let Some(found) = file.ancestors().skip(1).map(|folder| folder.join(NAME)).find(|path| path.is_file())
    else {
        return Ok(None);
    };
    let here = std::env::current_dir()?;
    Ok(Some(found.strip_prefix(here).unwrap_or(&found).to_string_lossy().into_owned()))
}
