//! The matcher `file`: tries files of the disk and leaves behind which one it found.

use std::{borrow::Cow, fs::Metadata, path::Path, time::SystemTime};

use caddis_config::http::matchers::File as Config;
use http::StatusCode;

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    glob,
    http::{Exchange, files, route::Matcher, uri},
    placeholder::Template,
};

#[derive(Debug)]
struct File {
    root: Template,
    tries: Vec<Try>,
    policy: Policy,
    split_path: Vec<String>,
}

#[derive(Debug)]
enum Try {
    /// `=404`: raises the error.
    Status(StatusCode),
    File {
        template: Template,
        /// Whether the text around the placeholders is a shell pattern.
        is_pattern: bool,
        /// Whether a folder is asked for.
        folder: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Policy {
    First,
    /// The last entry is taken without a look whether it is a file or a folder.
    FirstOrLast,
    Smallest,
    Largest,
    Newest,
}

/// A path that may exist.
struct Candidate {
    full: String,
    relative: String,
    remainder: String,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    if !matches!(config.fs.as_str(), "" | "default") {
        return Err(cx.unsupported("a file system other than the default one"));
    }
    let policy = match config.try_policy.as_str() {
        "" | "first_exist" => Policy::First,
        "first_exist_fallback" => Policy::FirstOrLast,
        "smallest_size" => Policy::Smallest,
        "largest_size" => Policy::Largest,
        "most_recently_modified" => Policy::Newest,
        other => return Err(cx.error(format!("unknown try policy {other}"))),
    };
    let root = if config.root.is_empty() { "{http.vars.root}" } else { &config.root };
    let path = ["{http.request.uri.path}".to_owned()];
    let tries = if config.try_files.is_empty() { &path } else { config.try_files.as_slice() };
    let first = matches!(policy, Policy::First | Policy::FirstOrLast);
    let tries = tries.iter().map(|entry| Try::build(entry, first, cx)).collect::<Result<_, _>>()?;
    Ok(Box::new(File {
        root: Template::all(root, cx)?,
        tries,
        policy,
        split_path: config.split_path.clone(),
    }))
}

impl Try {
    fn build(entry: &str, statuses: bool, cx: &Build) -> Result<Self, BuildError> {
        let code = entry.strip_prefix('=').and_then(|code| code.parse::<u16>().ok());
        if let Some(status) = code.and_then(|code| StatusCode::from_u16(code).ok()).filter(|_| statuses) {
            return Ok(Try::Status(status));
        }
        let template = Template::all(entry, cx)?;
        let is_pattern = template.texts().any(glob::is_pattern);
        Ok(Try::File { template, is_pattern, folder: entry.ends_with('/') })
    }
}

impl Matcher for File {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        let Some((candidate, is_folder)) = self.select(exchange)? else { return Ok(false) };
        exchange.set_placeholder("http.matchers.file.relative", candidate.relative);
        exchange.set_placeholder("http.matchers.file.absolute", candidate.full);
        exchange.set_placeholder("http.matchers.file.remainder", candidate.remainder);
        exchange.set_placeholder("http.matchers.file.type", if is_folder { "directory" } else { "file" });
        Ok(true)
    }
}

impl File {
    fn select(&self, exchange: &Exchange) -> Outcome<Option<(Candidate, bool)>> {
        let root = files::clean_root(&self.root.render(exchange));
        let root = if root.is_empty() { "." } else { &root };
        let mut best: Option<(Candidate, Metadata)> = None;
        for (index, entry) in self.tries.iter().enumerate() {
            let last = self.policy == Policy::FirstOrLast && index + 1 == self.tries.len();
            for candidate in self.candidates(entry, root, exchange)? {
                if last {
                    return Ok(Some((candidate, false)));
                }
                let Ok(metadata) = std::fs::metadata(&candidate.full) else { continue };
                if matches!(self.policy, Policy::First | Policy::FirstOrLast) {
                    if candidate.full.ends_with('/') == metadata.is_dir() {
                        return Ok(Some((candidate, metadata.is_dir())));
                    }
                } else if best.as_ref().is_none_or(|(_, best)| self.policy.prefers(&metadata, best)) {
                    best = Some((candidate, metadata));
                }
            }
        }
        Ok(best.map(|(candidate, metadata)| (candidate, metadata.is_dir())))
    }

    fn candidates(&self, entry: &Try, root: &str, exchange: &Exchange) -> Outcome<Vec<Candidate>> {
        let (template, is_pattern, folder) = match entry {
            Try::Status(status) => return Err(Error::new(Kind::Status(*status), status.as_str())),
            Try::File { template, is_pattern, folder } => (template, *is_pattern, *folder),
        };
        let path = if is_pattern {
            template.render_mapped(exchange, |_, value| Cow::Owned(glob::escape(&value)))
        } else {
            template.render(exchange)
        };
        let cleaned = clean(&path);
        let (before, remainder) = self.split(&cleaned);
        let mut before = before.to_owned();
        if folder {
            before.push('/');
        }
        let candidate = |full: String| {
            let relative = full.strip_prefix(root).unwrap_or(&full).to_owned();
            Candidate { full, relative, remainder: remainder.to_owned() }
        };
        let full = files::join(root, &before);
        if !is_pattern {
            let exists = Path::new(&full).symlink_metadata().is_ok();
            return Ok(if exists { vec![candidate(full)] } else { Vec::new() });
        }
        let root_is_plain = files::join(&glob::escape(root), &before);
        let found = glob::expand(&root_is_plain).into_iter();
        Ok(found.filter_map(|path| path.into_os_string().into_string().ok()).map(candidate).collect())
    }

    /// The path up to and with the first of the delimiters that ends an element, and the rest.
    fn split<'a>(&self, path: &'a str) -> (&'a str, &'a str) {
        for delimiter in &self.split_path {
            if let Some(at) = find_ignoring_case(path, delimiter) {
                let end = at + delimiter.len();
                if end == path.len() || path[end..].starts_with('/') {
                    return path.split_at(end);
                }
            }
        }
        (path, "")
    }
}

/// Like Go's `path.Clean`: no slash at the end.
fn clean(path: &str) -> String {
    let cleaned = uri::clean(path, true);
    if cleaned.len() > 1 {
        cleaned.strip_suffix('/').unwrap_or(&cleaned).to_owned()
    } else {
        cleaned.into_owned()
    }
}

/// As Caddy looks for it: an occurrence at the very end is not found, which makes no difference as nothing remains.
fn find_ignoring_case(text: &str, part: &str) -> Option<usize> {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    (0..text.len().saturating_sub(part.len()))
        .find(|at| text[*at..at + part.len()].eq_ignore_ascii_case(part))
}

impl Policy {
    fn prefers(self, candidate: &Metadata, best: &Metadata) -> bool {
        let modified = |metadata: &Metadata| metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        match self {
            Policy::First | Policy::FirstOrLast => false,
            Policy::Smallest => candidate.len() < best.len(),
            Policy::Largest => candidate.len() > best.len(),
            Policy::Newest => modified(candidate) > modified(best),
        }
    }
}
