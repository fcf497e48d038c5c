//! What differs, by route and field, with examples.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use http::{Method, Uri};

use super::{
    Finding, Kind,
    histogram::Histogram,
    secrets::{redact, shorten},
};

/// Most routes that are kept apart, for each mirror.
const ROUTES: usize = 100;
/// Most fields of which differences are kept apart, all routes together.
const FIELDS: usize = 256;
/// What comes after so many.
pub(super) const OTHERS: &str = "(others)";
/// Segments of a path that tell routes apart.
const SEGMENTS: usize = 8;

/// A request as log lines and reports show it.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) method: Method,
    pub(crate) host: String,
    pub(crate) uri: Uri,
    /// When it came.
    pub(crate) at: SystemTime,
}

impl About {
    /// The target without secrets, and not too long.
    pub(crate) fn target(&self) -> String {
        redact(&self.uri.to_string())
    }
}

/// A pair of answers that was compared.
#[derive(Debug)]
pub(crate) struct Compared {
    /// Which of the secondaries, from 0.
    pub(crate) secondary: usize,
    /// Until either side's head was there.
    pub(crate) first_byte: [Duration; 2],
    pub(crate) findings: Vec<Finding>,
    /// What differs, too, and is passed over.
    pub(crate) noise: Vec<(Kind, String)>,
}

/// Requests whose paths differ in nothing but ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) path: String,
}

/// What was found on a route.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) compared: u64,
    pub(super) equal: u64,
    /// By side.
    pub(super) first_byte: [Histogram; 2],
    pub(super) fields: BTreeMap<(Kind, String), Field>,
}

/// The differences of one field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) count: u64,
    pub(super) first: Example,
    /// `None` where there was only one.
    pub(super) last: Option<Example>,
}

/// A difference that was found.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) at: SystemTime,
    pub(super) method: String,
    pub(super) host: String,
    pub(super) uri: String,
    pub(super) secondary: usize,
    pub(super) primary: String,
    pub(super) shadow: String,
    /// Bytes before the difference, and whether that is exact.
    pub(super) offset: Option<(u64, bool)>,
}

/// Routes with what was found on them.
#[derive(Debug, Default)]
pub(super) struct Routes {
    pub(super) all: BTreeMap<Route, Found>,
    fields: usize,
    /// How often what is passed over differed, on all routes.
    pub(super) noise: BTreeMap<(Kind, String), u64>,
}

impl Field {
    /// Counts another pair. Pairs are compared side by side and may come in another order than their requests.
    fn note(&mut self, mut example: Example) {
        self.count += 1;
        if example.at < self.first.at {
            std::mem::swap(&mut self.first, &mut example);
        }
        if self.last.as_ref().is_none_or(|last| last.at <= example.at) {
            self.last = Some(example);
        }
    }
}

impl Routes {
    pub(super) fn add(&mut self, about: &About, compared: Compared) {
        for field in compared.noise {
            if self.noise.len() < FIELDS || self.noise.contains_key(&field) {
                *self.noise.entry(field).or_default() += 1;
            }
        }
        let room = FIELDS.saturating_sub(self.fields);
        let found = self.route(about);
        found.compared += 1;
        found.equal += u64::from(compared.findings.is_empty());
        found.first_byte.iter().zip(compared.first_byte).for_each(|(histogram, time)| histogram.add(time));
        if compared.findings.is_empty() {
            return;
        }
        let (known, target) = (found.fields.len(), about.target());
        let mut seen = BTreeMap::<_, bool>::new();
        for Finding { kind, field, primary, shadow, offset } in compared.findings {
            let mut key = (kind, field);
            if found.fields.len() - known >= room && !found.fields.contains_key(&key) {
                OTHERS.clone_into(&mut key.1);
            }
            let example = Example {
                at: about.at,
                method: shorten(about.method.as_str()),
                host: shorten(&about.host),
                uri: target.clone(),
                secondary: compared.secondary,
                primary,
                shadow,
                offset,
            };
            // A field of several elements is one difference of the pair.
            let counted = !std::mem::replace(seen.entry(key.clone()).or_default(), true);
            match found.fields.get_mut(&key) {
                Some(field) if counted => field.note(example),
                Some(_) => {}
                None => drop(found.fields.insert(key, Field { count: 1, first: example, last: None })),
            }
        }
        self.fields += found.fields.len() - known;
    }

    /// The route of a request; that of all others where there are too many.
    fn route(&mut self, about: &About) -> &mut Found {
        let mut route = Route { method: shorten(about.method.as_str()), path: pattern(about.uri.path()) };
        if self.all.len() >= ROUTES && !self.all.contains_key(&route) {
            route = Route { method: String::new(), path: OTHERS.to_owned() };
        }
        self.all.entry(route).or_insert_with(|| Found {
            compared: 0,
            equal: 0,
            first_byte: [Histogram::new(1), Histogram::new(1)],
            fields: BTreeMap::new(),
        })
    }
}

/// A path with `{id}` in the place of what is an id by its looks: numbers, dates, hashes, UUIDs, and long words with digits.
fn pattern(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len().min(256));
    for (at, segment) in path.split('/').enumerate() {
        if at > SEGMENTS {
            pattern.push_str("/…");
            break;
        }
        if at > 0 {
            pattern.push('/');
        }
        pattern.push_str(if is_id(segment) { "{id}" } else { segment });
    }
    shorten(&pattern)
}

fn is_id(segment: &str) -> bool {
    let has_digit = segment.bytes().any(|byte| byte.is_ascii_digit());
    let no_letter = !segment.bytes().any(|byte| byte.is_ascii_alphabetic());
    let hash = segment.len() >= 8 && segment.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    has_digit && (no_letter || hash || segment.len() > 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_paths_make_no_routes() {
        for (path, expected) in [
            ("/", "/"),
            ("*", "*"),
            ("/v2/items/17", "/v2/items/{id}"),
            ("/2024-12-31/a", "/{id}/a"),
            ("/u/6fa459ea-ee8a-3ca4-894e-db77e160355e/", "/u/{id}/"),
            ("/deadbeef/0deadbeef/facade", "/deadbeef/{id}/facade"),
            ("/oauth2/s3-bucket", "/oauth2/s3-bucket"),
            ("/x/abcdefghijklmnopqrstuvwxyz-1", "/x/{id}"),
            ("/1/2/3/4/5/6/7/8/9/10", "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/…"),
        ] {
            assert_eq!(pattern(path), expected);
        }
        assert!(pattern(&format!("/{}", "ä".repeat(5000))).len() < 1000);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut routes = Routes::default();
        let long = |number: usize| format!("{number}{}", "x".repeat(100_000));
        for number in 0..3 * FIELDS {
            let path = format!("/a{}?token=secret&{}", number % (2 * ROUTES), "q".repeat(5000));
            let about = About {
                method: Method::GET,
                host: long(0),
                uri: path.parse().unwrap(),
                at: SystemTime::UNIX_EPOCH,
            };
            let findings = [number, number + 1, 7].map(|field| Finding {
                kind: Kind::Body,
                field: format!(".f{field}"),
                primary: "1".to_owned(),
                shadow: "2".to_owned(),
                offset: None,
            });
            let noise = vec![(Kind::Body, format!(".n{number}"))];
            let compared =
                Compared { secondary: 0, first_byte: <_>::default(), findings: findings.into(), noise };
            routes.add(&about, compared);
        }
        assert_eq!((routes.all.len(), routes.noise.len()), (ROUTES + 1, FIELDS));
        let fields: Vec<_> = routes.all.values().flat_map(|found| &found.fields).collect();
        assert!((FIELDS..=FIELDS + ROUTES + 1).contains(&fields.len()), "{}", fields.len());
        let of_pairs = |found: &Found| found.fields.values().all(|field| field.count <= found.compared);
        assert!(routes.all.values().all(of_pairs), "each pair counts once for a field");
        for (_, field) in fields {
            let shown = field.last.as_ref().unwrap_or(&field.first);
            assert!(shown.uri.contains("token=REDACTED&q") && shown.uri.len() + shown.host.len() < 1000);
        }
        let others = &routes.all[&Route { method: String::new(), path: OTHERS.to_owned() }];
        assert!(others.compared > 0 && others.fields.contains_key(&(Kind::Body, OTHERS.to_owned())));
    }
}
