//! The environment that configurations see: the process's own, completed by `--envfile`s.

use std::{collections::BTreeMap, fs};

use crate::failure::Failure;

/// Variables by name. The process's own always win over those of files, as in Caddy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// Whether what is not set stays a placeholder for the time of a request.
    keeps_unset: bool,
}

impl Environment {
    /// The process's environment and what the files add to it. Variables that are not UTF-8 are left out.
    pub(crate) fn load(files: &[String]) -> Result<Self, Failure> {
        let mut variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        for file in files {
            let text = fs::read_to_string(file)
                .map_err(|error| Failure::new(format!("reading environment file: {file}: {error}")))?;
            let parsed = parse(&text)
                .map_err(|error| Failure::new(format!("parsing environment file: {file}: {error}")))?;
            for (name, value) in parsed {
                variables.entry(name).or_insert(value);
            }
        }
        Ok(Self { variables, keeps_unset: false })
    }

    /// All variables, sorted by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As a map for the runtime's `{env.*}`.
    pub(crate) fn into_map(self) -> BTreeMap<String, String> {
        self.variables
    }

    /// With further variables, which win over all others, and perhaps with placeholders for those that are not set.
    pub(crate) fn with(
        mut self,
        further: impl IntoIterator<Item = (String, String)>,
        keeps_unset: bool,
    ) -> Self {
        self.variables.extend(further);
        self.keeps_unset = keeps_unset;
        self
    }
}

impl caddis_grammar::Environment for Environment {
    fn var(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// Alone on its line a variable may stand for any lines, of which nothing can be known.
    fn unset(&self, name: &str, alone: bool) -> String {
        if self.keeps_unset && !alone { format!("{{env.{name}}}") } else { String::new() }
    }
}

/// `KEY=VALUE` lines with `export`, comments, and quoted values that may span lines. A later line wins.
fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let (number, line) = (number + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| format!("can't parse line {number}; line should be in KEY=VALUE format"))?;
        let key = key.strip_prefix("export ").unwrap_or(key);
        if key.is_empty() {
            return Err(format!("missing or empty key on line {number}"));
        }
        if key.contains(' ') {
            return Err(format!("invalid key on line {number}: contains whitespace: {key}"));
        }
        if value.starts_with([' ', '\t']) {
            return Err(format!("invalid value on line {number}: whitespace before value: '{value}'"));
        }
        let value = match value.chars().next().filter(|first| ['"', '\''].contains(first)) {
            Some(quote) => quoted(quote, value, || lines.next().map(|(_, line)| line)),
            None => value
                .split_once('#')
                .map_or(value, |(before, _)| before.trim_end_matches([' ', '\t']))
                .to_owned(),
        };
        variables.insert(key.to_owned(), value);
    }
    Ok(variables)
}

/// The value that starts with `quote` and ends at a line that ends with it unescaped, or at the end of the file.
/// A `#` after the closing quote starts a comment; Caddy cuts at any `#`, even inside the quotes.
fn quoted<'a>(quote: char, first: &str, mut next: impl FnMut() -> Option<&'a str>) -> String {
    let escaped = format!("\\{quote}");
    let mut value = String::new();
    let mut line = first[1..].to_owned();
    loop {
        if let Some(end) = closing(quote, &line) {
            value.push_str(&line[..end].replace(&escaped, &quote.to_string()));
            return value;
        }
        value.push_str(&line.replace(&escaped, &quote.to_string()));
        match next() {
            Some(more) => {
                value.push('\n');
                line = more.to_owned();
            }
            None => return value,
        }
    }
}

/// Where the closing quote of a line stands: unescaped, with nothing but a comment after it.
fn closing(quote: char, line: &str) -> Option<usize> {
    line.match_indices(quote).map(|(at, _)| at).find(|&at| {
        let rest = line[at + 1..].trim_start();
        !line[..at].ends_with('\\') && (rest.is_empty() || rest.starts_with('#'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_kind() {
        let text = "\u{feff}# comment\nA=1\nexport B=two # note\nC=\"x\ny\\\"z\"\nD='a # b'\n\nE=\n";
        let variables = parse(text).unwrap();
        let expected = [("A", "1"), ("B", "two"), ("C", "x\ny\"z"), ("D", "a # b"), ("E", "")]
            .map(|(k, v)| (k.into(), v.into()));
        assert_eq!(variables, BTreeMap::from(expected));
    }

    #[test]
    fn mistakes_name_their_line() {
        let error = |text: &str| parse(text).unwrap_err();
        assert_eq!(error("A=1\nnope\n"), "can't parse line 2; line should be in KEY=VALUE format");
        assert_eq!(error("=1"), "missing or empty key on line 1");
        assert_eq!(error("A B=1"), "invalid key on line 1: contains whitespace: A B");
        assert_eq!(error("A= 1"), "invalid value on line 1: whitespace before value: ' 1'");
    }
}
