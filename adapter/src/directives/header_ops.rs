//! The changes to a header that `header`, `request_header`, `header_up`, `header_down` and `push` share.

use caddis_config::{
    go::header::canonical,
    http::{
        ResponseMatcher,
        handlers::{HeaderOps, HeaderReplacement},
    },
};
use caddis_grammar::Token;

use crate::{args::Value, cx::Parsed, errors};

/// A field with its value and replacement, as one line writes them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// The word that names the field, for findings.
    pub(crate) token: &'a Token,
    /// The field with its prefix (`+`, `-`, `?`, `>`).
    pub(crate) name: &'a str,
    /// The second word; with a replacement, the expression to look for.
    pub(crate) value: Option<&'a Token>,
    /// The third word.
    pub(crate) replacement: Option<&'a Token>,
}

/// What makes changes to a response different: they may wait for the response, and depend on it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    /// Whether the changes wait until the header is written.
    pub(crate) deferred: bool,
    /// What the response must be like.
    pub(crate) require: Option<ResponseMatcher>,
}

impl<'a> Field<'a> {
    /// Takes a field and up to two further words; `None` where there is no word.
    pub(crate) fn of(words: &'a [Token]) -> Option<Self> {
        let token = words.first()?;
        Some(Self { token, name: &token.text, value: words.get(1), replacement: words.get(2) })
    }

    /// The same field without the colon that people who think of HTTP write after it.
    pub(crate) fn without_colon(self) -> Self {
        Self { name: self.name.strip_suffix(':').unwrap_or(self.name), ..self }
    }

    /// Adds the change to `operations`.
    ///
    /// # Errors
    /// `?` outside a response.
    pub(crate) fn apply(self, operations: &mut HeaderOps, conditions: Option<&mut Conditions>) -> Parsed<()> {
        let value = self.value.map(Value::string).unwrap_or_default();
        let mut set = |name: &str| {
            operations.set.insert(canonical(name), vec![value.clone()]);
        };
        if let Some(name) = self.name.strip_prefix('+') {
            operations.add.entry(canonical(name)).or_default().push(value);
        } else if let Some(name) = self.name.strip_prefix('-') {
            operations.delete.push(name.to_owned());
            if let Some(conditions) = conditions {
                conditions.deferred = true;
            }
        } else if let Some(name) = self.name.strip_prefix('?') {
            let Some(conditions) = conditions else {
                return Err(errors::handlers::default_header_outside_response(self.token, self.name));
            };
            let require = conditions.require.get_or_insert_default();
            require.headers.insert(name.to_owned(), None);
            set(name);
        } else if let Some(replacement) = self.replacement {
            if let Some(conditions) = conditions.filter(|_| self.name.starts_with('>')) {
                conditions.deferred = true;
            }
            let name = self.name.trim_start_matches(['+', '-', '?', '>']);
            let replacement = HeaderReplacement {
                search_regexp: value,
                replace: replacement.string(),
                ..HeaderReplacement::default()
            };
            operations.replace.entry(name.to_owned()).or_default().push(replacement);
        } else if let Some(name) = self.name.strip_prefix('>') {
            set(name);
            if let Some(conditions) = conditions {
                conditions.deferred = true;
            }
        } else {
            set(self.name);
        }
        Ok(())
    }
}
