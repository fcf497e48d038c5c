//! Whether files could be written, found out without writing any.

use std::{fs, io, path::Path};

use rustix::fs::{Access, access};

/// Whether a file could be written, if need be after its folders are made.
///
/// # Errors
/// Why not, as far as permissions tell: a full disk or a limit shows only when it is reached.
pub(crate) fn file(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => Ok(access(path, Access::WRITE_OK)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => folder(path.parent().unwrap_or(path)),
        Err(error) => Err(error),
    }
}

/// Whether files could be written into a folder, if need be after it is made.
///
/// # Errors
/// As [`file`].
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    for folder in path.ancestors() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        match fs::metadata(folder) {
            Ok(found) if !found.is_dir() => return Err(io::ErrorKind::NotADirectory.into()),
            Ok(_) => return Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}
