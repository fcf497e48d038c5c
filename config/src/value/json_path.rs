//! Paths to values in JSON documents, written like those of jq: `.data.items[].id`.

use std::fmt;

/// Where values are in a document. `[]` is every item of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JsonPath(pub Vec<Step>);

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// To a member of an object.
    Member(String),
    /// To any item of an array.
    Items,
}

impl JsonPath {
    /// Reads a path. `.` is the whole document; names other than letters, digits, `_` and `-` stand between quotes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = |reason: &str| format!("bad path '{text}': {reason}; paths look like .data.items[].id");
        let mut steps = Vec::new();
        let mut rest = text.strip_prefix('.').ok_or_else(|| bad("it begins with a dot"))?;
        let mut after_dot = true;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("[]") {
                (rest, after_dot) = (after, false);
                steps.push(Step::Items);
                continue;
            }
            if !after_dot {
                rest = rest.strip_prefix('.').ok_or_else(|| bad("a dot stands between names"))?;
            }
            let (name, after) = name(rest).ok_or_else(|| bad("a name is missing"))?;
            (rest, after_dot) = (after, false);
            steps.push(Step::Member(name.to_owned()));
        }
        Ok(Self(steps))
    }
}

/// The name that a text begins with, and what follows it.
fn name(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"');
    }
    let is_end = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'));
    let (name, rest) = text.split_at(text.find(is_end).unwrap_or(text.len()));
    (!name.is_empty()).then_some((name, rest))
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !matches!(self.0.first(), Some(Step::Member(_))) {
            f.write_str(".")?;
        }
        for step in &self.0 {
            match step {
                Step::Items => f.write_str("[]")?,
                Step::Member(member) if name(member) == Some((member.as_str(), "")) => {
                    write!(f, ".{member}")?;
                }
                Step::Member(member) => write!(f, ".\"{member}\"")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonPath, Step};

    #[test]
    fn paths_are_read_and_written() {
        for text in [".", ".a", ".a.b-c[].d", ".[].x", ".a[][]", ".\"a b\".c", ".\"[]\""] {
            assert_eq!(JsonPath::parse(text).unwrap().to_string(), text);
        }
        let path = JsonPath::parse(".a.[].b").unwrap_err();
        assert!(path.contains("a name is missing"), "{path}");
        let items = JsonPath::parse(".a[]").unwrap();
        assert_eq!(items.0, [Step::Member("a".into()), Step::Items]);
        for bad in ["", "a", ".a b", ".a..b", ".a[1]", ".a]", ".\"a"] {
            assert!(JsonPath::parse(bad).is_err(), "{bad}");
        }
    }
}
