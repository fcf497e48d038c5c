//! The matcher `path`: on the decoded and cleaned path, or on the escaped one where a pattern has a `%`.

use std::borrow::Cow;

use caddis_config::http::matchers::Path as Config;

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    glob,
    http::{Exchange, route::Matcher, uri},
    placeholder::Template,
};

#[derive(Debug)]
struct Path(Vec<Pattern>);

#[derive(Debug)]
enum Pattern {
    Fixed(Fixed),
    Computed(Template),
}

/// A pattern in lower case.
#[derive(Debug)]
struct Fixed {
    kind: Kind,
    text: Box<str>,
    /// Whether slashes that follow one another are one; a pattern that has such slashes itself keeps them.
    merge_slashes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Any,
    Exact,
    Prefix,
    Suffix,
    Part,
    Glob,
    Escaped,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    let patterns = config.0.iter().map(|pattern| {
        let template = Template::all(&pattern.to_lowercase(), cx)?;
        Ok(match template.constant() {
            Some(text) => Pattern::Fixed(Fixed::parse(text)),
            None => Pattern::Computed(template),
        })
    });
    Ok(Box::new(Path(patterns.collect::<Result<_, _>>()?)))
}

/// Whether the path of a request meets a pattern without placeholders.
pub(super) fn is_met(pattern: &str, exchange: &Exchange) -> bool {
    let target = &exchange.request.uri;
    Fixed::parse(&pattern.to_lowercase()).fits(&lower(uri::path(target)), target.path())
}

impl Matcher for Path {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        let target = &exchange.request.uri;
        let path = lower(uri::path(target));
        Ok(self.0.iter().any(|pattern| match pattern {
            Pattern::Fixed(fixed) => fixed.fits(&path, target.path()),
            Pattern::Computed(template) => {
                Fixed::parse(&template.render(&*exchange)).fits(&path, target.path())
            }
        }))
    }
}

fn lower(path: Cow<'_, str>) -> Cow<'_, str> {
    if path.chars().any(char::is_uppercase) { Cow::Owned(path.to_lowercase()) } else { path }
}

impl Fixed {
    fn parse(pattern: &str) -> Self {
        let (kind, text) = match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            _ if pattern == "*" => (Kind::Any, pattern),
            _ if pattern.contains('%') => (Kind::Escaped, pattern),
            (Some(rest), Some(_)) if pattern.matches('*').count() == 2 => {
                (Kind::Part, rest.strip_suffix('*').unwrap_or(rest))
            }
            (Some(suffix), None) if !suffix.contains('*') => (Kind::Suffix, suffix),
            (None, Some(prefix)) if !prefix.contains('*') => (Kind::Prefix, prefix),
            _ if glob::is_pattern(pattern) => (Kind::Glob, pattern),
            _ => (Kind::Exact, pattern),
        };
        Self { kind, text: text.into(), merge_slashes: !pattern.contains("//") }
    }

    fn fits(&self, path: &str, escaped: &str) -> bool {
        if self.kind == Kind::Any {
            return true;
        }
        if self.kind == Kind::Escaped {
            return fits_escaped(&self.text, &uri::clean(escaped, self.merge_slashes).to_lowercase());
        }
        let path = uri::clean(path, self.merge_slashes);
        match self.kind {
            Kind::Exact => *path == *self.text,
            Kind::Prefix => path.starts_with(&*self.text),
            Kind::Suffix => path.ends_with(&*self.text),
            Kind::Part => path.contains(&*self.text),
            Kind::Glob => glob::matches(&self.text, &path),
            Kind::Any | Kind::Escaped => unreachable!("handled above"),
        }
    }
}

/// Compares in escaped space where the pattern has `%` and in decoded space elsewhere. `%*` stands for escaped text,
/// `*` for text that is decoded first; both end at the next character of the pattern.
fn fits_escaped(pattern: &str, escaped: &str) -> bool {
    let (bytes, mut rest) = (pattern.as_bytes(), escaped);
    let mut compared = String::with_capacity(escaped.len());
    let mut at = 0;
    while at < bytes.len() && !rest.is_empty() {
        let Some((unit, decoded, after)) = next_unit(rest) else { return false };
        let raw_star = bytes[at] == b'%' && bytes.get(at + 1) == Some(&b'*');
        if bytes[at] == b'*' || raw_star {
            at += usize::from(raw_star);
            let end = match bytes.get(at + 1) {
                Some(end) => match rest.bytes().position(|byte| byte == *end) {
                    Some(position) => position,
                    None => return false,
                },
                None => rest.len(),
            };
            let (span, after) = rest.split_at(end);
            match raw_star {
                true => compared.push_str(span),
                false => match uri::unescape(span, false) {
                    Some(span) => compared.push_str(&span),
                    None => return false,
                },
            }
            rest = after;
        } else if bytes[at] == b'%' && bytes.len() >= at + 3 {
            // Only an escape can be compared with an escape; a plain character has no such form.
            if unit.starts_with('%') {
                compared.push_str(unit);
            }
            at += 2;
            rest = after;
        } else {
            compared.push_str(&decoded);
            rest = after;
        }
        at += 1;
    }
    compared.push_str(&uri::unescape(rest, false).unwrap_or(Cow::Borrowed(rest)));
    glob::matches(&pattern.replace("%*", "*"), &compared.to_lowercase())
}

/// The first character or escape of a path, what it stands for, and the rest. Escapes of several bytes that form one
/// character are taken together.
fn next_unit(path: &str) -> Option<(&str, Cow<'_, str>, &str)> {
    if !path.starts_with('%') || path.len() < 3 {
        let end = path.chars().next().map_or(0, char::len_utf8);
        let (unit, rest) = path.split_at(end);
        return Some((unit, Cow::Borrowed(unit), rest));
    }
    let lead = u8::from_str_radix(path.get(1..3)?, 16).ok()?;
    let bytes = match lead {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
        _ => 1,
    };
    let end = (0..bytes).take_while(|index| path.as_bytes().get(index * 3) == Some(&b'%')).count() * 3;
    let end = if path.is_char_boundary(end) && end <= path.len() { end } else { 3 };
    let (unit, rest) = path.split_at(end);
    Some((unit, uri::unescape(unit, false)?, rest))
}
