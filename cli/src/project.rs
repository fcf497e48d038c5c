//! Which files of a folder are configurations, and which are only parts of others.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{failure::Failure, source::looks_like_caddyfile};

/// Ends of names of files that are made from Caddyfiles, or into them, or are about them.
const OTHERS: &[&str] = &[
    ".bak",
    ".erb",
    ".go",
    ".gotmpl",
    ".html",
    ".j2",
    ".md",
    ".orig",
    ".swp",
    ".template",
    ".tmpl",
    ".txt",
    "~",
];

/// The files of a path: itself, or whatever in the folder and the folders below has the name of a configuration, or is JSON
/// that holds one, sorted.
/// Hidden folders and `node_modules` are passed over.
pub(crate) fn files(path: &str) -> Result<Vec<String>, Failure> {
    if path == "-" || !Path::new(path).is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(path)];
    while let Some(folder) = folders.pop() {
        let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().map_err(failed)?.is_dir() {
                if !name.starts_with('.') && name != "node_modules" {
                    folders.push(entry.path());
                }
            } else if (is_configuration(&name) || has_configuration(&name, &entry.path()))
                && entry.path().is_file()
            {
                found.push(entry.path().to_string_lossy().trim_start_matches("./").to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file of JSON of whatever name holds a configuration: apps, and what else may stand beside them.
fn has_configuration(name: &str, path: &Path) -> bool {
    /// Bytes; nobody keeps a configuration of this size among the files of a project, but data may be much larger.
    const MOST: u64 = 4 << 20;
    let is_small = || fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= MOST);
    if !name.to_lowercase().ends_with(".json") || !is_small() {
        return false;
    }
    let Ok(text) = fs::read_to_string(path) else { return false };
    // Most files are told from this alone.
    if !text.contains("\"apps\"") {
        return false;
    }
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&text) else { return false };
    members.get("apps").is_some_and(serde_json::Value::is_object)
        && members.keys().all(|key| ["@id", "admin", "apps", "logging", "storage"].contains(&key.as_str()))
}

/// Whether a file of this name is taken up: `Caddyfile`, `Caddyfile.dev`, `site.caddyfile`, `caddy.json`, `site.caddy.json`.
fn is_configuration(name: &str) -> bool {
    let lower = name.to_lowercase();
    let is_json = lower == "caddy.json" || lower.ends_with(".caddy.json");
    is_json || (looks_like_caddyfile(name) && !OTHERS.iter().any(|end| lower.ends_with(end)))
}

/// A name as seen from the working directory, where the file is below it: that is how other tools name files.
pub(crate) fn shortened(name: &str, here: &Path) -> String {
    let path = Path::new(name);
    let path = path.strip_prefix(here).or_else(|_| path.strip_prefix(".")).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

/// A file with the files that it imports, directly or not; paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) path: PathBuf,
    pub(crate) imports: BTreeSet<PathBuf>,
}

/// The members that are not imported by another, by their places in the list. Of files that import each other the first
/// stands for all.
pub(crate) fn entry_points(members: &[Member]) -> Vec<usize> {
    let imports = |from: &Member, to: &Member| from.path != to.path && from.imports.contains(&to.path);
    let is_entry = |&at: &usize| !members.iter().any(|other| imports(other, &members[at]));
    let mut entries: Vec<usize> = (0..members.len()).filter(is_entry).collect();
    for at in 0..members.len() {
        let covered = |&entry: &usize| entry == at || imports(&members[entry], &members[at]);
        if !entries.iter().any(covered) {
            entries.push(at);
        }
    }
    entries.sort_unstable();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_known_by_name() {
        for name in ["Caddyfile", "Caddyfile.dev", "site.caddyfile", "caddy.json", "site.caddy.json"] {
            assert!(is_configuration(name), "{name}");
        }
        for name in ["Caddyfile.tmpl", "Caddyfile~", "Caddyfile.md", "package.json", "site.conf"] {
            assert!(!is_configuration(name), "{name}");
        }
    }

    #[test]
    fn parts_are_no_entry_points() {
        let member = |path: &str, imports: &[&str]| Member {
            path: path.into(),
            imports: imports.iter().map(PathBuf::from).collect(),
        };
        let members = [member("a", &["b", "c"]), member("b", &["c"]), member("c", &[]), member("d", &[])];
        assert_eq!(entry_points(&members), [0, 3]);
        let circle = [member("a", &["b", "a"]), member("b", &["a", "b"])];
        assert_eq!(entry_points(&circle), [0]);
    }
}
