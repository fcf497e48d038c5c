//! Reads the certificates that a configuration brings: files, folders, PEM texts, the storage.

use std::path::Path;

use caddis_config::{ModuleMap, tls::Certificates};

use super::Certificate;
use crate::{
    build::{Build, BuildError},
    placeholder::Template,
    storage::Storage,
};

/// What a configuration brings: certificates, and names to manage from the start.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) automate: Vec<String>,
    /// There are certificates that were not read, because this is a survey.
    pub(crate) unread: bool,
}

/// Reads everything.
///
/// # Errors
/// Names the file that cannot be read or used.
pub(crate) fn load(
    config: &ModuleMap<Certificates>,
    storage: &Storage,
    cx: &mut Build,
) -> Result<Loaded, BuildError> {
    let mut loaded = Loaded::default();
    for source in config.iter() {
        cx.at(source.name(), |cx| one(source, storage, &mut loaded, cx))?;
    }
    Ok(loaded)
}

fn one(
    source: &Certificates,
    storage: &Storage,
    loaded: &mut Loaded,
    cx: &mut Build,
) -> Result<(), BuildError> {
    match source {
        Certificates::Foreign(foreign) => cx.refuse(&format!("tls.certificates.{}", foreign.name))?,
        Certificates::Automate(names) => {
            for name in &names.0 {
                loaded.automate.push(constant(name, cx)?);
            }
        }
        _ if cx.reads_nothing() => loaded.unread = true,
        Certificates::LoadFiles(pairs) => {
            for (number, pair) in pairs.0.iter().enumerate() {
                let texts = cx.at(number, |cx| {
                    check_format(&pair.format, cx)?;
                    Ok((read(&pair.certificate, cx)?, read(&pair.key, cx)?))
                });
                let parsed = texts.and_then(|(chain, key)| {
                    parse(&chain, &key, &pair.tags, &number.to_string(), &pair.certificate, cx)
                });
                loaded.certificates.extend(cx.unless_survey(parsed)?);
            }
        }
        Certificates::LoadFolders(folders) => {
            for folder in &folders.0 {
                folder_of_bundles(Path::new(&constant(folder, cx)?), loaded, cx)?;
            }
        }
        Certificates::LoadPem(pairs) => {
            for (number, pair) in pairs.0.iter().enumerate() {
                let (chain, key) = (constant(&pair.certificate, cx)?, constant(&pair.key, cx)?);
                let number = number.to_string();
                let parsed =
                    parse(chain.as_bytes(), key.as_bytes(), &pair.tags, &number, "the certificate", cx)?;
                loaded.certificates.push(parsed);
            }
        }
        Certificates::LoadStorage(source) => {
            for (number, pair) in source.pairs.iter().enumerate() {
                let read = |key: &str| {
                    let found =
                        storage.load(key).map_err(|error| cx.error(format!("cannot read {key}: {error}")))?;
                    found.ok_or_else(|| cx.error(format!("nothing is stored under {key}")))
                };
                check_format(&pair.format, cx)?;
                let (chain, key) = (read(&pair.certificate)?, read(&pair.key)?);
                let (chain, key, number) = (chain.as_bytes(), key.as_bytes(), number.to_string());
                loaded.certificates.push(parse(chain, key, &pair.tags, &number, &pair.certificate, cx)?);
            }
        }
    }
    Ok(())
}

fn read(path: &str, cx: &Build) -> Result<Vec<u8>, BuildError> {
    let path = constant(path, cx)?;
    std::fs::read(&path).map_err(|error| cx.error(format!("cannot read {path}: {error}")))
}

fn check_format(format: &str, cx: &Build) -> Result<(), BuildError> {
    match format {
        "" | "pem" => Ok(()),
        other => Err(cx.error(format!("unrecognized certificate/key encoding format: {other}"))),
    }
}

fn parse(
    chain: &[u8],
    key: &[u8],
    tags: &[String],
    segment: &str,
    what: &str,
    cx: &mut Build,
) -> Result<Certificate, BuildError> {
    cx.at(segment, |cx| {
        Certificate::from_pem(chain, key, tags).map_err(|error| cx.error(format!("{what}: {error}")))
    })
}

/// Every `.pem` file below a folder holds a certificate with its chain and its key.
fn folder_of_bundles(folder: &Path, loaded: &mut Loaded, cx: &Build) -> Result<(), BuildError> {
    let failed =
        |path: &Path, error: std::io::Error| cx.error(format!("cannot read {}: {error}", path.display()));
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<_, _>>)
        .map_err(|error| failed(folder, error))?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            folder_of_bundles(&path, loaded, cx)?;
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pem")) {
            let bundle = std::fs::read(&path).map_err(|error| failed(&path, error))?;
            let certificate = Certificate::from_pem(&bundle, &bundle, &[]);
            loaded
                .certificates
                .push(certificate.map_err(|error| cx.error(format!("{}: {error}", path.display())))?);
        }
    }
    Ok(())
}

/// A text whose placeholders are known before any request.
fn constant(text: &str, cx: &Build) -> Result<String, BuildError> {
    let template = Template::known(text, cx)?;
    template.fixed(cx, format!("'{text}' cannot depend on a request")).map(str::to_owned)
}
