//! Requests that are taken care of, as the conditions on them, and whether a later route asks for any others.

use std::collections::HashMap;

use caddis_config::http::{
    Matcher, MatcherSet, Route,
    matchers::{Host, Path},
};

use super::reach::By;

/// Conditions whose requests go no further, with what takes them.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    everything: Option<By>,
    /// A condition each: `path`, `prefix` or `host` and its value, or a whole set of matchers.
    known: HashMap<(&'static str, String), By>,
}

impl Conditions {
    /// What takes every request, if anything does.
    pub(super) fn everything(&self) -> Option<By> {
        self.everything
    }

    /// Forgets all that depends on requests, which may have changed.
    pub(super) fn forget_requests(&mut self) {
        self.known.clear();
    }

    /// Notes that the requests of a route go no further.
    pub(super) fn add(&mut self, route: &Route, by: By) {
        if route.matchers.is_empty() {
            self.everything.get_or_insert(by);
        }
        for set in &route.matchers {
            for condition in conditions(set) {
                if condition.1.is_empty() || condition == ("path", "*".into()) {
                    self.everything.get_or_insert(by);
                } else {
                    self.known.entry(condition).or_insert(by);
                }
            }
        }
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
        let of_one = set.iter().find_map(|matcher| match matcher {
            Matcher::Path(Path(paths)) => self.cover_all(paths, Self::cover_path),
            Matcher::Host(Host(hosts)) => self.cover_all(hosts, Self::cover_host),
            matcher => self.get("set", text([matcher])?),
        });
        of_one.or_else(|| self.get("set", text(set.iter())?))
    }

    fn cover_all(&self, values: &[String], cover: fn(&Self, &str) -> Option<By>) -> Option<By> {
        let mut by = None;
        for value in values {
            by = by.or(Some(cover(self, &value.to_lowercase())?));
        }
        by
    }

    fn cover_path(&self, path: &str) -> Option<By> {
        let same = self.get("path", path.to_owned());
        if same.is_some() || path.contains(['{', '%']) || path.contains("//") {
            return same;
        }
        // Whatever matches begins with what stands before the first wildcard.
        let literal = path.split(['*', '?', '[', '\\']).next().unwrap_or_default();
        let ends = literal.char_indices().map(|(at, _)| at).chain([literal.len()]);
        ends.rev().find_map(|end| self.get("prefix", literal[..end].to_owned()))
    }

    fn cover_host(&self, host: &str) -> Option<By> {
        let wider = || host.split_once('.').and_then(|(_, rest)| self.get("host", format!("*.{rest}")));
        self.get("host", host.to_owned()).or_else(wider)
    }

    fn get(&self, kind: &'static str, value: String) -> Option<By> {
        self.known.get(&(kind, value)).copied()
    }
}

/// The conditions that a set of matchers stands for, any of which takes a request.
fn conditions(set: &MatcherSet) -> Vec<(&'static str, String)> {
    let mut matchers = set.iter();
    let fixed = |values: &[String]| -> Vec<String> {
        values.iter().filter(|value| !value.contains('{')).map(|value| value.to_lowercase()).collect()
    };
    match (matchers.next(), matchers.len()) {
        (Some(Matcher::Path(Path(paths))), 0) => {
            let paths = fixed(paths);
            let prefix = |path: &String| {
                let rest = path.strip_suffix('*')?;
                let simple =
                    !rest.is_empty() && !rest.contains(['*', '?', '[', '\\', '%']) && !rest.contains("//");
                simple.then(|| ("prefix", rest.to_owned()))
            };
            let prefixes: Vec<_> = paths.iter().filter_map(prefix).collect();
            paths.into_iter().map(|path| ("path", path)).chain(prefixes).collect()
        }
        (Some(Matcher::Host(Host(hosts))), 0) => {
            fixed(hosts).into_iter().map(|host| ("host", host)).collect()
        }
        (None, _) => vec![("set", String::new())],
        _ => text(set.iter()).map(|text| ("set", text)).into_iter().collect(),
    }
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
