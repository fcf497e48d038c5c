//! Two JSON documents compared value by value.

use std::cmp::Ordering;

use caddis_config::{
    http::handlers::CompareJson as Config,
    value::{JsonPath, Step},
};
use serde_json::{Number, Value};

/// Most differences that are told of one pair of documents.
const MOST: usize = 64;

/// What does not count as a difference.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    ignore: Vec<JsonPath>,
    unordered: Vec<JsonPath>,
}

/// Values at the same place that are not the same.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) path: JsonPath,
    /// `None` where a side has no such value.
    pub(super) primary: Option<String>,
    pub(super) shadow: Option<String>,
}

impl Rules {
    /// # Errors
    /// A path that cannot be read.
    pub(super) fn new(config: &Config) -> Result<Self, String> {
        let paths =
            |texts: &[String]| texts.iter().map(|text| JsonPath::parse(text)).collect::<Result<_, _>>();
        Ok(Self { ignore: paths(&config.ignore)?, unordered: paths(&config.unordered)? })
    }

    /// The differences, in the order of the documents; `None` where neither body is JSON.
    pub(super) fn compare(&self, bodies: [Option<&[u8]>; 2]) -> Option<Vec<Difference>> {
        let mut walk = Walk { rules: self, path: JsonPath::default(), found: Vec::new() };
        match bodies.map(|body| serde_json::from_slice(body?).ok()) {
            [Some(mut primary), Some(mut shadow)] => {
                walk.normalize(&mut primary);
                walk.normalize(&mut shadow);
                walk.values(&primary, &shadow);
            }
            [None, None] => return None,
            [primary, shadow] => {
                let show = |value: Option<Value>| {
                    value.map_or_else(|| "not JSON".to_owned(), |value| value.to_string())
                };
                walk.add(Some(show(primary)), Some(show(shadow)));
            }
        }
        Some(walk.found)
    }
}

struct Walk<'r> {
    rules: &'r Rules,
    path: JsonPath,
    found: Vec<Difference>,
}

impl Walk<'_> {
    fn within<T>(&mut self, step: Step, act: impl FnOnce(&mut Self) -> T) -> T {
        self.path.0.push(step);
        let result = act(self);
        self.path.0.pop();
        result
    }

    fn add(&mut self, primary: Option<String>, shadow: Option<String>) {
        if self.found.len() < MOST {
            self.found.push(Difference { path: self.path.clone(), primary, shadow });
        }
    }

    /// Takes out what is ignored, and sorts arrays whose order does not matter.
    fn normalize(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, member| {
                    self.within(Step::Member(name.clone()), |walk| {
                        let kept = !walk.rules.ignore.contains(&walk.path);
                        if kept {
                            walk.normalize(member);
                        }
                        kept
                    })
                });
            }
            Value::Array(items) => {
                self.within(Step::Items, |walk| {
                    if walk.rules.ignore.contains(&walk.path) {
                        items.clear();
                    }
                    items.iter_mut().for_each(|item| walk.normalize(item));
                });
                if self.rules.unordered.contains(&self.path) {
                    items.sort_by_cached_key(Value::to_string);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn values(&mut self, primary: &Value, shadow: &Value) {
        match (primary, shadow) {
            (Value::Object(ours), Value::Object(theirs)) => {
                for (name, value) in ours {
                    self.within(Step::Member(name.clone()), |walk| match theirs.get(name) {
                        Some(other) => walk.values(value, other),
                        None => walk.add(Some(value.to_string()), None),
                    });
                }
                for (name, value) in theirs.iter().filter(|(name, _)| !ours.contains_key(*name)) {
                    self.within(Step::Member(name.clone()), |walk| walk.add(None, Some(value.to_string())));
                }
            }
            (Value::Array(ours), Value::Array(theirs)) => {
                let unordered = self.rules.unordered.contains(&self.path);
                self.within(Step::Items, |walk| {
                    if unordered {
                        let (ours, theirs) = without_common(ours, theirs);
                        walk.items(&ours, &theirs);
                    } else {
                        let (ours, theirs): (Vec<_>, Vec<_>) =
                            (ours.iter().collect(), theirs.iter().collect());
                        walk.items(&ours, &theirs);
                    }
                });
            }
            (Value::Number(one), Value::Number(other)) if same_number(one, other) => {}
            (one, other) if one == other => {}
            (one, other) => self.add(Some(one.to_string()), Some(other.to_string())),
        }
    }

    fn items(&mut self, ours: &[&Value], theirs: &[&Value]) {
        for (one, other) in ours.iter().zip(theirs) {
            self.values(one, other);
        }
        let common = ours.len().min(theirs.len());
        for item in &ours[common..] {
            self.add(Some(item.to_string()), None);
        }
        for item in &theirs[common..] {
            self.add(None, Some(item.to_string()));
        }
    }
}

/// `2` and `2.0` are the same; integers are not rounded to find out.
fn same_number(one: &Number, other: &Number) -> bool {
    let is_integer = |number: &Number| number.is_i64() || number.is_u64();
    one == other || (!(is_integer(one) && is_integer(other)) && one.as_f64() == other.as_f64())
}

/// What is left of two sorted arrays once the items that both have are taken out.
fn without_common<'v>(ours: &'v [Value], theirs: &'v [Value]) -> (Vec<&'v Value>, Vec<&'v Value>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let keyed = |items: &'v [Value]| items.iter().map(|item| (item.to_string(), item)).peekable();
    let (mut ours, mut theirs) = (keyed(ours), keyed(theirs));
    loop {
        let order = match (ours.peek(), theirs.peek()) {
            (None, None) => return (left, right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((one, _)), Some((other, _))) => one.cmp(other),
        };
        if order != Ordering::Greater {
            let item = ours.next().map(|(_, item)| item);
            left.extend(item.filter(|_| order == Ordering::Less));
        }
        if order != Ordering::Less {
            let item = theirs.next().map(|(_, item)| item);
            right.extend(item.filter(|_| order == Ordering::Greater));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(ignore: &[&str], unordered: &[&str], primary: &str, shadow: &str) -> Vec<String> {
        let texts = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect();
        let rules = Rules::new(&Config { ignore: texts(ignore), unordered: texts(unordered) }).unwrap();
        let found = rules.compare([Some(primary.as_bytes()), Some(shadow.as_bytes())]).unwrap();
        let show = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
        found.iter().map(|one| format!("{} {} {}", one.path, show(&one.primary), show(&one.shadow))).collect()
    }

    #[test]
    fn differences_have_places() {
        let same: [&str; 0] = [];
        assert_eq!(compare(&[], &[], r#"{"a":1,"b":[1,2]}"#, r#" { "b":[1,2.0],"a":1}"#), same);
        let primary = r#"{"a":{"b":[{"c":1},{"c":2}]},"d":null,"e":true,"n":10000000000000001}"#;
        let shadow = r#"{"a":{"b":[{"c":1},{"c":"2"},{"c":3}]},"e":true,"f g":{},"n":10000000000000002}"#;
        let expected = [
            r#".a.b[].c 2 "2""#,
            r#".a.b[] - {"c":3}"#,
            ".d null -",
            ".n 10000000000000001 10000000000000002",
            r#"."f g" - {}"#,
        ];
        assert_eq!(compare(&[], &[], primary, shadow), expected);
        assert_eq!(compare(&[], &[], "[1]", "<html>"), [". [1] not JSON"]);
        assert_eq!(Rules::default().compare([Some(b"<p>"), None]), None);
    }

    #[test]
    fn noise_is_passed_over() {
        let primary =
            r#"{"at":1,"items":[{"id":1,"etag":"x","v":5},{"id":2,"etag":"y","v":6}],"tags":["b","a"]}"#;
        let shadow =
            r#"{"at":2,"items":[{"id":2,"etag":"p","v":6},{"id":1,"etag":"q","v":7}],"tags":["a","b"]}"#;
        let ignore = [".at", ".items[].etag"];
        let found = compare(&ignore, &[".items", ".tags"], primary, shadow);
        assert_eq!(found, [".items[].v 5 7"]);
        assert_eq!(compare(&ignore, &[], primary, shadow).len(), 6);
        let more = compare(&[], &["."], "[1,2,2,3]", "[3,2,1]");
        assert_eq!(more, [".[] 2 -"]);
    }
}
