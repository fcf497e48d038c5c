//! What becomes of a Caddyfile here, in the form in which it is compared with what becomes of it elsewhere.

use caddis_adapter::{Registry, adapt};
use caddis_grammar::{Environment, Files, ReadError, Severity};

use crate::text::File;

/// The name under which files are adapted; Caddy's admin API uses it too.
pub const NAME: &str = "Caddyfile";

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A configuration.
    Accepted {
        /// Its JSON.
        json: String,
        /// How many of the warnings Caddy returns too: that the file is not formatted.
        warnings: usize,
    },
    /// Errors.
    Rejected {
        /// The first one: its code and message here, the message there.
        message: String,
        /// The lines of all of them.
        lines: Vec<usize>,
    },
    /// The program fell over.
    Crashed(String),
}

/// Files that generated Caddyfiles may name, and no environment.
#[derive(Debug, Clone)]
pub struct World {
    /// The working folder.
    pub folder: String,
}

impl World {
    /// The files by their names in the folder.
    pub const FILES: &[(&str, &str)] = &[
        ("cert.pem", include_str!("cert.pem")),
        ("part.caddy", "header X-Part {args[0]}\nrespond {args[1:]}\n{block}\n"),
        ("sites/one.caddy", "one.example.com {\n\tfile_server\n\timport ../part.caddy a b\n}\n"),
        ("sites/two.caddy", "two.example.com, http://three.example.com {\n\ttls internal\n\tlog\n}\n"),
    ];

    /// Files in a folder that need not exist.
    #[must_use]
    pub fn new(folder: impl Into<String>) -> Self {
        Self { folder: folder.into() }
    }

    fn names(&self) -> impl Iterator<Item = (String, &'static str)> {
        Self::FILES.iter().map(|(name, content)| (format!("{}/{name}", self.folder), *content))
    }
}

impl Files for World {
    fn absolute(&self, path: &str) -> Result<String, String> {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.folder) };
        Ok(caddis_config::go::path::clean(&path))
    }

    fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
        let pattern = self.absolute(pattern)?;
        let matches = |name: &str| match pattern.split_once('*') {
            None => name == pattern,
            Some((start, end)) => name
                .strip_prefix(start)
                .and_then(|rest| rest.strip_suffix(end))
                .is_some_and(|middle| !middle.contains('/')),
        };
        Ok(self.names().map(|(name, _)| name).filter(|name| matches(name)).collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let path = self.absolute(path).map_err(ReadError::Other)?;
        let found = self.names().find(|(name, _)| *name == path);
        found.map(|(_, content)| content.as_bytes().to_vec()).ok_or(ReadError::NotFound)
    }
}

impl Environment for World {
    fn var(&self, _: &str) -> Option<String> {
        None
    }
}

/// The warning that Caddy returns to its callers; it only logs the others.
const NOT_FORMATTED: &str = "Caddyfile input is not formatted";

/// Adapts a text.
#[must_use]
pub fn adapt_text(text: &str, world: &World) -> Outcome {
    let adapted = adapt(NAME, text, world, world, &Registry::standard());
    let errors = || adapted.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
    let Some(first) = errors().next() else {
        let warnings =
            adapted.diagnostics.iter().filter(|finding| finding.message.starts_with(NOT_FORMATTED)).count();
        return Outcome::Accepted { json: adapted.config.to_json(), warnings };
    };
    let lines = errors().filter_map(|finding| {
        // What a snippet brought is wrong in the snippet.
        let span = finding.span?;
        Some(adapted.sources.location(span).line as usize)
    });
    Outcome::Rejected { message: format!("{} {}", first.code.0, first.message), lines: lines.collect() }
}

/// Takes lines with errors out of a file until none is left; with `keep`, all but that many distinct ones.
pub fn prune(file: &mut File, keep: usize, world: &World) -> Outcome {
    for _ in 0..40 {
        let (text, starts) = file.print();
        let outcome = adapt_text(&text, world);
        let Outcome::Rejected { lines, .. } = &outcome else { return outcome };
        let mut places: Vec<_> = lines.iter().filter_map(|line| place_at(&starts, *line)).collect();
        places.sort();
        places.dedup();
        if places.len() <= keep {
            return outcome;
        }
        for place in places.into_iter().skip(keep).rev() {
            file.remove(&place);
        }
    }
    adapt_text(&file.text(), world)
}

/// The innermost node that starts on a line or spans it.
fn place_at(starts: &[(usize, Vec<usize>)], line: usize) -> Option<Vec<usize>> {
    starts.iter().rev().find(|(start, _)| *start <= line).map(|(_, place)| place.clone())
}
