//! Requests that are taken care of, as the conditions on them, and whether a later route asks for any others.

use std::{borrow::Cow, collections::HashMap};

use caddis_config::http::{
    Matcher, MatcherSet, Route,
    matchers::{Host, Path},
};

use super::reach::By;

/// A condition: a path, what paths begin with, a host, or a whole set of matchers as a text.
type Condition<'r> = (Kind, Cow<'r, str>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Path,
    Prefix,
    Host,
    Set,
}

/// Conditions whose requests go no further, with what takes them.
#[derive(Debug, Default)]
pub(super) struct Conditions<'r> {
    everything: Option<By>,
    known: HashMap<Condition<'r>, By>,
    /// Whether one of them is of the kind that takes several looks, or a text to look for.
    has_prefixes: bool,
    has_sets: bool,
}

impl<'r> Conditions<'r> {
    /// What takes every request, if anything does.
    pub(super) fn everything(&self) -> Option<By> {
        self.everything
    }

    /// Forgets all that depends on requests, which may have changed.
    pub(super) fn forget_requests(&mut self) {
        self.known.clear();
    }

    /// Notes that the requests of a route go no further.
    pub(super) fn add(&mut self, route: &'r Route, by: By) {
        if route.matchers.is_empty() {
            self.everything.get_or_insert(by);
        }
        for set in &route.matchers {
            let mut matchers = set.iter();
            match (matchers.next(), matchers.len()) {
                (None, _) => {
                    self.everything.get_or_insert(by);
                }
                (Some(Matcher::Path(Path(paths))), 0) => self.add_paths(paths, by),
                (Some(Matcher::Host(Host(hosts))), 0) => {
                    for host in hosts.iter().filter(|host| !host.contains('{')) {
                        self.note(Kind::Host, lower(host), by);
                    }
                }
                _ => {
                    if let Some(text) = text(set.iter()) {
                        self.has_sets = true;
                        self.note(Kind::Set, text.into(), by);
                    }
                }
            }
        }
    }

    fn add_paths(&mut self, paths: &'r [String], by: By) {
        for path in paths.iter().filter(|path| !path.contains('{')) {
            if path == "*" {
                self.everything.get_or_insert(by);
            } else if let Some(prefix) = prefix(path) {
                self.has_prefixes = true;
                self.note(Kind::Prefix, lower(prefix), by);
            }
            self.note(Kind::Path, lower(path), by);
        }
    }

    fn note(&mut self, kind: Kind, value: Cow<'r, str>, by: By) {
        self.known.entry((kind, value)).or_insert(by);
    }

    /// What takes all requests of a route, if there is such a thing.
    pub(super) fn cover(&self, route: &Route) -> Option<By> {
        if self.everything.is_some() || self.known.is_empty() || route.matchers.is_empty() {
            return self.everything;
        }
        let mut by = None;
        for set in &route.matchers {
            by = by.or(Some(self.cover_set(set)?));
        }
        by
    }

    /// One matcher of a set whose requests are all taken is enough.
    fn cover_set(&self, set: &MatcherSet) -> Option<By> {
        let of_text = |text: Option<String>| self.get(Kind::Set, &text?);
        let of_one = set.iter().find_map(|matcher| match matcher {
            Matcher::Path(Path(paths)) => self.cover_all(paths, Self::cover_path),
            Matcher::Host(Host(hosts)) => self.cover_all(hosts, Self::cover_host),
            matcher if self.has_sets => of_text(text([matcher])),
            _ => None,
        });
        of_one.or_else(|| if self.has_sets { of_text(text(set.iter())) } else { None })
    }

    fn cover_all(&self, values: &[String], cover: fn(&Self, &str) -> Option<By>) -> Option<By> {
        let mut by = None;
        for value in values {
            by = by.or(Some(cover(self, &lower(value))?));
        }
        by
    }

    fn cover_path(&self, path: &str) -> Option<By> {
        let same = self.get(Kind::Path, path);
        if same.is_some() || !self.has_prefixes || path.contains(['{', '%']) || path.contains("//") {
            return same;
        }
        // Whatever matches begins with what stands before the first wildcard.
        let literal = path.split(['*', '?', '[', '\\']).next().unwrap_or_default();
        let ends = literal.char_indices().map(|(at, _)| at).chain([literal.len()]);
        ends.rev().find_map(|end| self.get(Kind::Prefix, &literal[..end]))
    }

    fn cover_host(&self, host: &str) -> Option<By> {
        let wider = || host.split_once('.').and_then(|(_, rest)| self.get(Kind::Host, &format!("*.{rest}")));
        self.get(Kind::Host, host).or_else(wider)
    }

    fn get(&self, kind: Kind, value: &str) -> Option<By> {
        self.known.get(&(kind, Cow::Borrowed(value))).copied()
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_uppercase) { text.to_lowercase().into() } else { text.into() }
}

/// What the paths of a pattern begin with, where nothing else is asked of them.
fn prefix(path: &str) -> Option<&str> {
    let rest = path.strip_suffix('*')?;
    let is_simple = !rest.is_empty() && !rest.contains(['*', '?', '[', '\\', '%']) && !rest.contains("//");
    is_simple.then_some(rest)
}

/// Matchers as a text, where the same text means the same requests.
fn text<'m>(matchers: impl IntoIterator<Item = &'m Matcher>) -> Option<String> {
    let mut all = String::new();
    for matcher in matchers {
        if !depends_on_request(matcher) {
            return None;
        }
        let json = caddis_config::to_json(matcher);
        // A placeholder may have another value later.
        let mut after_brace = json.split('{').skip(1);
        if !after_brace.all(|rest| rest.starts_with(['"', '}'])) {
            return None;
        }
        all.push_str(caddis_config::Module::name(matcher));
        all.push_str(&json);
    }
    Some(all)
}

/// Whether a matcher looks at nothing but the request and its connection.
fn depends_on_request(matcher: &Matcher) -> bool {
    match matcher {
        Matcher::ClientIp(_)
        | Matcher::Header(_)
        | Matcher::HeaderRegexp(_)
        | Matcher::Host(_)
        | Matcher::Method(_)
        | Matcher::Path(_)
        | Matcher::PathRegexp(_)
        | Matcher::Protocol(_)
        | Matcher::Query(_)
        | Matcher::RemoteIp(_)
        | Matcher::Tls(_) => true,
        Matcher::Not(not) => not.0.iter().flat_map(MatcherSet::iter).all(depends_on_request),
        _ => false,
    }
}
