//! Where certificates, keys and authorities are kept: files below one folder, laid out as Caddy lays them out.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use caddis_config as config;

use crate::{
    build::{Build, BuildError},
    folders::Folders,
    placeholder::Template,
    writable,
};

/// A folder of assets. Keys are relative paths with `/` between their parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    root: PathBuf,
}

impl Storage {
    /// A storage in a folder, which is made when something is stored.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The storage that the configuration asks for; by default the data folder of the user.
    ///
    /// # Errors
    /// When it is another kind of storage.
    pub(crate) fn build(config: Option<&config::storage::Storage>, cx: &Build) -> Result<Self, BuildError> {
        let default = || {
            let folders = cx.process.folders.get_or_init(|| Folders::new(|name| cx.environment(name)));
            folders.data.clone()
        };
        match config {
            None => Ok(Self::new(default())),
            Some(config::storage::Storage::FileSystem(config)) if config.root.is_empty() => {
                Ok(Self::new(default()))
            }
            Some(config::storage::Storage::FileSystem(config)) => {
                let root = Template::known(&config.root, cx)?;
                let root = root.fixed(cx, "the root of a storage cannot depend on a request")?;
                let storage = Self::new(root.into());
                storage.survey(cx.path(), cx)?;
                Ok(storage)
            }
            Some(config::storage::Storage::Foreign(foreign)) => {
                cx.refuse(&format!("caddy.storage.{}", foreign.name))?;
                Ok(Self::new(default()))
            }
        }
    }

    /// Finds out, in a survey of the machine, whether anything can be stored. `path` is where the configuration says so.
    ///
    /// # Errors
    /// None in a survey, which notes them.
    pub(crate) fn survey(&self, path: String, cx: &Build) -> Result<(), BuildError> {
        if !cx.looks_at_machine() {
            return Ok(());
        }
        let writable = writable::folder(&self.root).map_err(|error| {
            let message = format!("the storage {} cannot be written: {error}", self.root.display());
            BuildError { path, ..cx.error(message) }
        });
        cx.unless_survey(writable).map(drop)
    }

    /// The file of a key.
    #[must_use]
    pub fn path(&self, key: &str) -> PathBuf {
        key.split('/')
            .filter(|part| !matches!(*part, "" | "." | ".."))
            .fold(self.root.clone(), |p, part| p.join(part))
    }

    /// What is stored under a key; `None` when nothing is.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn load(&self, key: &str) -> io::Result<Option<String>> {
        match fs::read_to_string(self.path(key)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores under a key, readable for this user only. Whoever reads meanwhile sees the old or the new content, whole.
    ///
    /// # Errors
    /// When the file or its folders cannot be written.
    pub fn store(&self, key: &str, content: &str) -> io::Result<()> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let path = self.path(key);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                io::Write::write_all(&mut file, content.as_bytes()).and_then(|()| file.sync_all())
            })
            .and_then(|()| fs::rename(&draft, &path));
        if written.is_err() {
            // The error that is reported is the one that matters.
            drop(fs::remove_file(&draft));
        }
        written
    }
}

/// A name as one part of a key: lower case, with everything replaced that means something in paths.
#[must_use]
pub fn safe(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for character in name.trim().to_lowercase().chars() {
        match character {
            ' ' => safe.push('_'),
            '+' => safe.push_str("_plus_"),
            '*' => safe.push_str("wildcard_"),
            ':' => safe.push('-'),
            c if c.is_ascii_alphanumeric() || "_@.-".contains(c) => safe.push(c),
            _ => {}
        }
    }
    safe.replace("..", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe_as_caddy_does() {
        assert_eq!(safe("*.Example.com"), "wildcard_.example.com");
        assert_eq!(safe("::1"), "--1");
        assert_eq!(safe("../../etc/passwd"), "etcpasswd");
    }

    #[test]
    fn what_is_stored_is_found_again_and_nobody_else_reads_it() {
        let root = std::env::temp_dir().join(format!("caddis-storage-{}", std::process::id()));
        let storage = Storage::new(root.clone());
        assert_eq!(storage.load("a/b/c.crt").unwrap(), None);
        storage.store("a/b/c.crt", "one").unwrap();
        storage.store("a/b/c.crt", "two").unwrap();
        assert_eq!(storage.load("a/b/c.crt").unwrap().as_deref(), Some("two"));
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(root.join("a/b/c.crt")).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(root.join("a/b")).unwrap().count(), 1);
        fs::remove_dir_all(root).unwrap();
    }
}
