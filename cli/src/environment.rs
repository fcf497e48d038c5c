//! The variables of the process with those of `--envfile` behind them.

use std::{collections::BTreeMap, fs, path::PathBuf};

use caddis_grammar::Environment;

/// Variables by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The variables of the process; files only add what is not set.
    pub(crate) fn load(files: &[PathBuf]) -> Result<Self, String> {
        let mut variables: BTreeMap<String, String> = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect();
        for file in files {
            let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            for (name, value) in parse(&text) {
                variables.entry(name).or_insert(value);
            }
        }
        Ok(Self(variables))
    }
}

impl Environment for Variables {
    fn var(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

/// `NAME=value` lines; later ones win.
fn parse(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.trim_start_matches("export ").split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('"').to_owned())).collect()
}
