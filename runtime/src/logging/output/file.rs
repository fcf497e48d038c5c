//! The writer `file`: appends, and rolls the file when it has grown.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use caddis_config::logging::writers;
use flate2::{Compression, write::GzEncoder};

use super::Target;
use crate::{
    build::{Build, BuildError},
    placeholder::Template,
    time::Moment,
    writable,
};

/// How rolled files are named and kept; Caddy's defaults.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    path: PathBuf,
    mode: u32,
    dir_mode: u32,
    /// `None` when the file is never rolled.
    roll_bytes: Option<u64>,
    compression: Packing,
    /// Whether the names of rolled files have the time of this zone instead of UTC.
    local_names: bool,
    keep: usize,
    keep_for: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

const MIB: u64 = 1024 * 1024;
const DAY: Duration = Duration::from_secs(86_400);
const BACKUP_TIME: &str = "2006-01-02T15-04-05.000";

impl Settings {
    pub(super) fn from_config(config: &writers::File, cx: &mut Build) -> Result<Self, BuildError> {
        cx.refuse_fields(&[
            ("roll_interval", config.roll_interval.0 != 0, "roll_interval of the log writer file"),
            ("roll_minutes", !config.roll_minutes.is_empty(), "roll_minutes of the log writer file"),
            ("roll_at", !config.roll_at.is_empty(), "roll_at of the log writer file"),
            (
                "backup_time_format",
                !config.backup_time_format.is_empty(),
                "backup_time_format of the log writer file",
            ),
        ])?;
        let dir_mode = match config.dir_mode.as_str() {
            "" => 0o700,
            "inherit" | "from_file" => {
                cx.refuse_fields(&[(
                    "dir_mode",
                    true,
                    "dir_mode inherit and from_file of the log writer file",
                )])?;
                0o700
            }
            octal => u32::from_str_radix(octal, 8)
                .map_err(|_| cx.error(format!("dir_mode {octal:?} is not octal")))?,
        };
        let compression = match (config.roll_compression.as_str(), config.roll_gzip) {
            ("none", _) | ("", Some(false)) => Packing::None,
            ("gzip" | "", _) => Packing::Gzip,
            ("zstd", _) => Packing::Zstd,
            (other, _) => return Err(cx.error(format!("roll_compression {other:?}: use gzip, zstd or none"))),
        };
        let or = |value: i64, default: u64| {
            u64::try_from(value).ok().filter(|&value| value > 0).unwrap_or(default)
        };
        let path = Template::known(&config.filename, cx)?;
        let path = path.fixed(cx, "a log file's name cannot depend on a request")?;
        Ok(Self {
            path: PathBuf::from(path),
            mode: if config.mode.0 == 0 { 0o600 } else { config.mode.0 },
            dir_mode,
            roll_bytes: (config.roll != Some(false)).then(|| or(config.roll_size_mb, 100) * MIB),
            compression,
            local_names: config.roll_local_time,
            keep: or(config.roll_keep, 10) as usize,
            keep_for: DAY * or(config.roll_keep_days, 90) as u32,
        })
    }

    /// Whether the file could be written.
    ///
    /// # Errors
    /// Why not, with its path.
    pub(super) fn check(&self) -> io::Result<()> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display()));
        writable::file(&self.path).map_err(named)
    }
}

/// An open log file.
pub(super) struct File {
    settings: Settings,
    file: fs::File,
    size: u64,
}

impl File {
    pub(super) fn open(settings: Settings) -> io::Result<Self> {
        if let Some(folder) = settings.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::DirBuilder::new().recursive(true).mode(settings.dir_mode).create(folder)?;
        }
        let file =
            fs::OpenOptions::new().create(true).append(true).mode(settings.mode).open(&settings.path)?;
        let size = file.metadata()?.len();
        Ok(Self { settings, file, size })
    }

    fn roll(&mut self) -> io::Result<()> {
        let now = Moment::new(SystemTime::now());
        let name = if self.settings.local_names { now.local() } else { now }.format(BACKUP_TIME);
        let (stem, extension) = parts(&self.settings.path);
        let backup = self.settings.path.with_file_name(format!("{stem}-{name}{extension}"));
        fs::rename(&self.settings.path, &backup)?;
        *self = Self::open(self.settings.clone())?;
        match self.settings.compression {
            Packing::None => {}
            Packing::Gzip => pack(&backup, ".gz", |target| {
                let mut encoder = GzEncoder::new(target, Compression::default());
                io::copy(&mut fs::File::open(&backup)?, &mut encoder)?;
                encoder.finish().map(drop)
            })?,
            Packing::Zstd => pack(&backup, ".zst", |target| {
                zstd::stream::copy_encode(fs::File::open(&backup)?, target, 0)
            })?,
        }
        self.remove_old()
    }

    /// Removes rolled files beyond the number and the age that are kept.
    fn remove_old(&self) -> io::Result<()> {
        let (stem, extension) = parts(&self.settings.path);
        let folder = self.settings.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let prefix = format!("{stem}-");
        let mut backups = Vec::new();
        for entry in fs::read_dir(folder.unwrap_or(Path::new(".")))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let plain = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
            let middle = plain.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(extension.as_str()));
            if middle.is_some_and(|middle| middle.len() == BACKUP_TIME.len()) {
                backups.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        backups.sort();
        let now = SystemTime::now();
        let surplus = backups.len().saturating_sub(self.settings.keep);
        for (at, (modified, path)) in backups.iter().enumerate() {
            let age = now.duration_since(*modified).unwrap_or_default();
            if at < surplus || age > self.settings.keep_for {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

impl Target for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let limit = self.settings.roll_bytes.unwrap_or(u64::MAX);
        if self.size > 0 && self.size + bytes.len() as u64 > limit {
            self.roll()?;
        }
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }
}

/// Packs a rolled file beside itself and removes it.
fn pack(backup: &Path, suffix: &str, encode: impl FnOnce(fs::File) -> io::Result<()>) -> io::Result<()> {
    let mut name = backup.as_os_str().to_owned();
    name.push(suffix);
    encode(fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&name)?)?;
    fs::remove_file(backup)
}

/// The file name before its last dot, and from there on.
fn parts(path: &Path) -> (String, String) {
    let text =
        |part: Option<&std::ffi::OsStr>| part.map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = text(path.extension());
    (text(path.file_stem()), if extension.is_empty() { extension } else { format!(".{extension}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_rolled_and_old_ones_are_removed() {
        let folder = std::env::temp_dir().join(format!("caddis-log-{}", std::process::id()));
        let settings = Settings {
            path: folder.join("sub/access.log"),
            mode: 0o600,
            dir_mode: 0o700,
            roll_bytes: Some(10),
            local_names: false,
            compression: Packing::None,
            keep: 1,
            keep_for: DAY,
        };
        let mut file = File::open(settings).unwrap();
        file.write(b"first line\n").unwrap();
        file.write(b"second line\n").unwrap();
        let names: Vec<String> = fs::read_dir(folder.join("sub"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(fs::read(folder.join("sub/access.log")).unwrap(), b"second line\n");
        fs::remove_dir_all(folder).unwrap();
    }
}
