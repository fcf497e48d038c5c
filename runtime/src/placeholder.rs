//! Texts with `{placeholders}`, taken apart when the configuration is built so that a request only fills in values.
//!
//! The rules are those of Caddy's replacer: a backslash before a brace makes it plain text, a brace that is never
//! closed is plain text, and what happens to a placeholder that nobody knows is the [`Unknown`] that the field asks
//! for. What cannot change while the process lives (`{env.*}`, `{system.*}`) is filled in at build.

mod clock;
mod key;
mod request;
mod tls;
mod value;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt};

use http::HeaderMap;

pub(crate) use self::request::{cookie, parameter, variable};
pub use self::{key::Key, value::Value};
use crate::{build::Build, build::BuildError, http::Exchange};

/// What becomes of placeholders that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// They stay as they are written.
    Keep,
    /// They vanish.
    Empty,
}

/// A text with placeholders, ready to be filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
    unknown: Unknown,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(Box<str>),
    /// A placeholder, and what it is replaced by when it is unknown and stays.
    Value(Key, Box<str>),
}

/// Values that a handler offers beside those of the exchange, under names that are set while a request runs, such as
/// `http.reverse_proxy.upstream.hostport`.
pub trait Values {
    /// The value; `None` if the name is not known here.
    fn value(&self, name: &str) -> Option<Cow<'_, str>>;
}

impl<F: Fn(&str) -> Option<String>> Values for F {
    fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        self(name).map(Cow::Owned)
    }
}

/// Placeholders that a handler defines for the rest of the request.
pub trait Provider: fmt::Debug {
    /// The value; `None` if the name is not one of them.
    fn value<'a>(&'a self, name: &str, scope: &Scope<'a>) -> Option<Value<'a>>;
}

/// Where values come from.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The request.
    pub exchange: &'a Exchange,
    /// The response as far as it is known; `None` reads the headers set ahead of it.
    pub response: Option<&'a HeaderMap>,
    /// Further values.
    pub extra: Option<&'a dyn Values>,
}

impl<'a> From<&'a Exchange> for Scope<'a> {
    fn from(exchange: &'a Exchange) -> Self {
        Self { exchange, response: None, extra: None }
    }
}

/// A placeholder that must have a value has none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MissingValue {
    /// Nobody knows the name.
    #[error("unrecognized placeholder {{{0}}}")]
    Unrecognized(String),
    /// The value is empty.
    #[error("evaluated placeholder {{{0}}} is empty")]
    Empty(String),
}

impl Template {
    /// Takes a text apart.
    ///
    /// # Errors
    /// When it has a placeholder that this server cannot fill in.
    pub fn new(text: &str, unknown: Unknown, cx: &Build) -> Result<Self, BuildError> {
        let parts =
            if text.contains(['{', '}']) { scan(text, unknown, cx)? } else { vec![Part::Text(text.into())] };
        Ok(Self { parts, unknown })
    }

    /// A text whose unknown placeholders stay as they are written.
    ///
    /// # Errors
    /// When it has a placeholder that this server cannot fill in.
    pub fn known(text: &str, cx: &Build) -> Result<Self, BuildError> {
        Self::new(text, Unknown::Keep, cx)
    }

    /// A text whose unknown placeholders vanish.
    ///
    /// # Errors
    /// When it has a placeholder that this server cannot fill in.
    pub fn all(text: &str, cx: &Build) -> Result<Self, BuildError> {
        Self::new(text, Unknown::Empty, cx)
    }

    /// A text that stays as it is whatever braces it has.
    #[must_use]
    pub fn verbatim(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.into())], unknown: Unknown::Keep }
    }

    /// The text where it must be the same for every request.
    ///
    /// # Errors
    /// Says with the words of `otherwise` that it is not. A survey that does not know the environment leaves out what
    /// depends on it.
    pub fn fixed(&self, cx: &Build, otherwise: impl Into<String>) -> Result<&str, BuildError> {
        let of_environment = |part: &Part| matches!(part, Part::Value(key, _) if key.is_of_environment());
        match self.constant() {
            Some(text) => Ok(text),
            None if cx.reads_nothing() && self.parts.iter().any(of_environment) => Err(cx.left_out()),
            None => Err(cx.error(otherwise)),
        }
    }

    /// The text when it is the same for every request.
    #[must_use]
    pub fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Fills in values. Borrows where the text has no placeholders, or is nothing but one.
    pub fn render<'a>(&'a self, scope: impl Into<Scope<'a>>) -> Cow<'a, str> {
        let scope = scope.into();
        match self.parts.as_slice() {
            [] => Cow::Borrowed(""),
            [part] => self.part(part, &scope),
            parts => {
                let mut text = String::with_capacity(64);
                for part in parts {
                    text.push_str(&self.part(part, &scope));
                }
                Cow::Owned(text)
            }
        }
    }

    fn part<'a>(&self, part: &'a Part, scope: &Scope<'a>) -> Cow<'a, str> {
        match part {
            Part::Text(text) => Cow::Borrowed(text),
            Part::Value(key, raw) => key.text(scope).unwrap_or(Cow::Borrowed(match self.unknown {
                Unknown::Keep => raw,
                Unknown::Empty => "",
            })),
        }
    }

    /// Fills in values, each changed by `map`.
    pub fn render_mapped<'a>(
        &'a self,
        scope: impl Into<Scope<'a>>,
        map: impl Fn(&Key, Cow<'a, str>) -> Cow<'a, str>,
    ) -> Cow<'a, str> {
        let scope = scope.into();
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => Cow::Borrowed(&**text),
            Part::Value(key, _) => map(key, self.part(part, &scope)),
        });
        Cow::Owned(parts.collect())
    }

    /// The texts around the placeholders.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(&**text),
            Part::Value(..) => None,
        })
    }

    /// Fills in values, all of which must be known and not empty.
    ///
    /// # Errors
    /// Names the first placeholder without a value.
    pub fn render_strict<'a>(&'a self, scope: impl Into<Scope<'a>>) -> Result<Cow<'a, str>, MissingValue> {
        let scope = scope.into();
        let mut text = Cow::Borrowed("");
        for part in &self.parts {
            let next = match part {
                Part::Text(text) => Cow::Borrowed(&**text),
                Part::Value(key, _) => match key.text(&scope) {
                    None => return Err(MissingValue::Unrecognized(key.to_string())),
                    Some(value) if value.is_empty() => return Err(MissingValue::Empty(key.to_string())),
                    Some(value) => value,
                },
            };
            if text.is_empty() {
                text = next;
            } else {
                text.to_mut().push_str(&next);
            }
        }
        Ok(text)
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("exchange", self.exchange).finish_non_exhaustive()
    }
}

/// More braces than this without an end, and Caddy gives up on a text and takes it as empty.
const MAX_UNCLOSED: usize = 100;

fn scan(text: &str, unknown: Unknown, cx: &Build) -> Result<Vec<Part>, BuildError> {
    let mut parts = Vec::new();
    let bytes = text.as_bytes();
    let (mut at, mut written, mut unclosed) = (0, 0, 0);
    while at < bytes.len() {
        if at > 0 && bytes[at - 1] == b'\\' && matches!(bytes[at], b'{' | b'}') {
            push_text(&mut parts, &text[written..at - 1]);
            written = at;
            at += 1;
            continue;
        }
        if bytes[at] != b'{' {
            at += 1;
            continue;
        }
        if unclosed > MAX_UNCLOSED {
            return Ok(Vec::new());
        }
        let Some(end) = closing_brace(text, at) else {
            unclosed += 1;
            at += 1;
            continue;
        };
        let name = &text[at + 1..end];
        let key = Key::parse(name, cx)?;
        if key.is_impossible() && unknown == Unknown::Keep {
            // Stays as text, but another placeholder may begin inside of it.
            push_text(&mut parts, &text[written..at]);
            written = at;
            at += 1;
            continue;
        }
        push_text(&mut parts, &text[written..at]);
        match key {
            Key::Constant(value) => push_text(&mut parts, &value),
            key => parts.push(Part::Value(key, unescape_braces(&text[at..=end]).into())),
        }
        at = end + 1;
        written = at;
    }
    push_text(&mut parts, &text[written..]);
    Ok(parts)
}

/// The first closing brace after `open` that no backslash precedes; a last character always closes.
fn closing_brace(text: &str, open: usize) -> Option<usize> {
    let mut end = open + text[open..].find('}')?;
    while end < text.len() - 1 && text.as_bytes()[end - 1] == b'\\' {
        end += 1 + text[end + 1..].find('}')?;
    }
    Some(end)
}

fn unescape_braces(text: &str) -> String {
    text.replace("\\{", "{").replace("\\}", "}")
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Part::Text(last)) = parts.last_mut() {
        *last = format!("{last}{text}").into();
    } else {
        parts.push(Part::Text(text.into()));
    }
}
