//! Files of the machine, as the language wants to see them.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use caddis_config::go::path;
use caddis_grammar::{Files, ReadError};

/// The real file system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disk;

impl Files for Disk {
    fn absolute(&self, name: &str) -> Result<String, String> {
        if name.starts_with('/') {
            return Ok(path::clean(name));
        }
        let folder = std::env::current_dir().map_err(|error| error.to_string())?;
        Ok(path::clean(&format!("{}/{name}", folder.display())))
    }

    fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
        // A bad pattern is one even where nothing could match it.
        path::Pattern::parse(pattern).map_err(|error| error.to_string())?;
        let mut found = vec![PathBuf::from(if pattern.starts_with('/') { "/" } else { "" })];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            let mut next = Vec::new();
            for folder in &found {
                descend(folder, part, &mut next)?;
            }
            found = next;
        }
        Ok(found.into_iter().map(|path| path.to_string_lossy().into_owned()).collect())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, ReadError> {
        fs::read(name).map_err(|error| match error.kind() {
            ErrorKind::NotFound => ReadError::NotFound,
            ErrorKind::IsADirectory => ReadError::IsDirectory,
            _ => ReadError::Other(error.to_string()),
        })
    }
}

/// The entries of a folder that match one part of a pattern, sorted. A folder that cannot be read has none, as in Go.
fn descend(folder: &Path, part: &str, found: &mut Vec<PathBuf>) -> Result<(), String> {
    if !part.contains(['*', '?', '[', '\\']) {
        let path = folder.join(part);
        if fs::symlink_metadata(&path).is_ok() {
            found.push(path);
        }
        return Ok(());
    }
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(listed) else { return Ok(()) };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names {
        if path::matches(part, &name).map_err(|_| "syntax error in pattern".to_owned())? {
            found.push(folder.join(name));
        }
    }
    Ok(())
}
