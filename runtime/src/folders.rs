//! Where data and saved configurations are kept: the XDG folders, or those under the home folder.

use std::path::PathBuf;

/// The folders of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Certificates, keys and the like: `$XDG_DATA_HOME/caddis`, or `~/.local/share/caddis`.
    pub data: PathBuf,
    /// Saved configurations: `$XDG_CONFIG_HOME/caddis`, or `~/.config/caddis`.
    pub config: PathBuf,
}

impl Folders {
    /// The folders as the environment names them; below the working directory where it names none.
    #[must_use]
    pub fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let under_home = |path: &str| set("HOME").map(|home| home.join(path));
        let folder = |name: &str, fallback: &str| {
            set(name).or_else(|| under_home(fallback)).unwrap_or_else(|| PathBuf::from(".")).join("caddis")
        };
        Self { data: folder("XDG_DATA_HOME", ".local/share"), config: folder("XDG_CONFIG_HOME", ".config") }
    }

    /// Where the last configuration that was loaded is saved, for `run --resume`.
    #[must_use]
    pub fn autosave(&self) -> PathBuf {
        self.config.join("autosave.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdg_folders_win_over_home() {
        let environment = |name: &str| match name {
            "HOME" => Some("/home/a".to_owned()),
            "XDG_DATA_HOME" => Some("/data".to_owned()),
            _ => None,
        };
        let folders = Folders::new(environment);
        assert_eq!(folders.data, PathBuf::from("/data/caddis"));
        assert_eq!(folders.autosave(), PathBuf::from("/home/a/.config/caddis/autosave.json"));
    }
}
