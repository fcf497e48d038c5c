//! Drops request headers that CGI-like backends would confuse with others.
//!
//! Such backends turn `-` into `_` in header names, and PHP turns `.` into `_` too, so a client could forge
//! `Remote-User` by sending `Remote_User`. Names with `_` or `.` pass only if the configuration expects them, and then
//! their hyphenated twins do not.

use caddis_config::http::Server;
use http::{HeaderMap, HeaderName};

use crate::build::{Build, BuildError};

/// The names that pass.
#[derive(Debug, Default)]
pub(crate) struct HeaderNames {
    underscores: Expected,
    dots: Expected,
}

#[derive(Debug, Default)]
struct Expected {
    exact: Vec<String>,
    prefixes: Vec<String>,
}

impl Expected {
    fn build(entries: &[String], separator: char, field: &str, cx: &Build) -> Result<Self, BuildError> {
        let mut expected = Self::default();
        for entry in entries {
            let (name, is_prefix) = match entry.strip_suffix('*') {
                Some(name) => (name, true),
                None => (entry.as_str(), false),
            };
            let wrong = if !entry.is_ascii() {
                "contains non-ASCII characters".to_owned()
            } else if name.contains('*') {
                "has '*' in an invalid position (only a trailing '*' is allowed)".to_owned()
            } else if !name.contains(separator) {
                format!("does not contain a {separator:?}")
            } else {
                let list = if is_prefix { &mut expected.prefixes } else { &mut expected.exact };
                list.push(name.to_ascii_lowercase());
                continue;
            };
            return Err(cx.error(format!("{field}: entry {entry:?} {wrong}")));
        }
        Ok(expected)
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty()
    }

    fn allows(&self, name: &str) -> bool {
        self.allows_exactly(name) || self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    fn allows_exactly(&self, name: &str) -> bool {
        self.exact.iter().any(|exact| exact == name)
    }

    fn is_twin(&self, name: &str, separator: char) -> bool {
        let hyphenated = |expected: &String| expected.replace(separator, "-");
        self.exact.iter().any(|exact| hyphenated(exact) == name)
            || self.prefixes.iter().any(|prefix| name.starts_with(&hyphenated(prefix)))
    }
}

impl HeaderNames {
    /// # Errors
    /// When an entry can never match.
    pub(crate) fn build(config: &Server, cx: &Build) -> Result<Self, BuildError> {
        let underscores =
            Expected::build(&config.expected_underscore_headers, '_', "expected_underscore_headers", cx)?;
        let dots = Expected::build(&config.expected_dot_headers, '.', "expected_dot_headers", cx)?;
        Ok(Self { underscores, dots })
    }

    /// Removes what does not pass.
    pub(crate) fn filter(&self, headers: &mut HeaderMap) {
        let suspicious = |name: &HeaderName| name.as_str().bytes().any(|byte| matches!(byte, b'_' | b'.'));
        let nothing_expected = self.underscores.is_empty() && self.dots.is_empty();
        if nothing_expected && !headers.keys().any(suspicious) {
            return;
        }
        let dropped: Vec<HeaderName> =
            headers.keys().filter(|name| self.drops(name, headers)).cloned().collect();
        for name in dropped {
            headers.remove(name);
        }
    }

    fn drops(&self, name: &HeaderName, headers: &HeaderMap) -> bool {
        let text = name.as_str();
        let expected = match (text.contains('_'), text.contains('.')) {
            (true, true) => self.underscores.allows_exactly(text) || self.dots.allows_exactly(text),
            (true, false) => self.underscores.allows(text),
            (false, true) => self.dots.allows(text),
            (false, false) => return self.underscores.is_twin(text, '_') || self.dots.is_twin(text, '.'),
        };
        // An expected name that comes twice may be an attempt to hide one value behind the other.
        !expected || headers.get_all(name).iter().nth(1).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn left(server: &Server, names: &[&'static str]) -> Vec<String> {
        let names: Vec<_> = names.iter().map(|name| (*name, "x")).collect();
        let mut headers = testing::exchange("/", &names).request.headers;
        HeaderNames::build(server, &testing::build()).unwrap().filter(&mut headers);
        let mut left: Vec<_> = headers.keys().map(ToString::to_string).collect();
        left.sort();
        left
    }

    #[test]
    fn aliases_of_hyphens_are_dropped() {
        assert_eq!(left(&Server::default(), &["a_b", "a.b", "a-b"]), ["a-b"]);
    }

    #[test]
    fn expected_names_pass_and_their_twins_do_not() {
        let server =
            Server { expected_underscore_headers: vec!["Hook_*".into(), "A_B".into()], ..Server::default() };
        assert_eq!(
            left(&server, &["hook_id", "hook-id", "a_b", "a-b", "c_d", "e-f"]),
            ["a_b", "e-f", "hook_id"]
        );
        assert_eq!(left(&server, &["a_b", "a_b"]), Vec::<String>::new());
        assert_eq!(left(&server, &["hook_id.x"]), Vec::<String>::new());
    }

    #[test]
    fn entries_that_cannot_match_are_refused() {
        for entry in ["Plain", "A_*b", "A_é"] {
            let server = Server { expected_underscore_headers: vec![entry.into()], ..Server::default() };
            assert!(HeaderNames::build(&server, &testing::build()).is_err(), "{entry}");
        }
    }
}
