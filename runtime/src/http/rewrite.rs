//! Changes of method and target, for the handler `rewrite` and for requests to upstreams.

mod query;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use caddis_config::http::handlers::Rewrite as Config;
use http::{Method, Uri};
use regex::Regex;

use self::query::{QueryOps, QueryTemplate};
use super::uri;
use crate::{
    build::{Build, BuildError},
    placeholder::{Key, Scope, Template},
    regexp,
};

/// Changes of method and target, ready to be applied.
///
/// Placeholders show the request as it was before any of the changes.
#[derive(Debug)]
pub struct Rewrite {
    method: Option<Template>,
    path: Option<Template>,
    query: Option<QueryTemplate>,
    strip_prefix: Option<Template>,
    strip_suffix: Option<Template>,
    substrings: Vec<Substring>,
    regexps: Vec<(Regex, Template)>,
    query_ops: Option<QueryOps>,
}

#[derive(Debug)]
struct Substring {
    find: Template,
    replace: Template,
    limit: usize,
}

impl Rewrite {
    /// Makes changes ready.
    ///
    /// # Errors
    /// When an expression or a placeholder is invalid.
    pub fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let optional =
            |text: &str, cx: &Build| (!text.is_empty()).then(|| Template::all(text, cx)).transpose();
        // A fragment is never sent; Caddy accepts one and it has no effect on what later handlers see.
        let target = config.uri.split('#').next().unwrap_or_default();
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(QueryTemplate::build(query, cx)?)),
            None => (target, None),
        };
        let substrings = config.uri_substring.iter().filter(|substring| !substring.find.is_empty());
        let substrings = substrings.map(|substring| {
            Ok(Substring {
                find: Template::all(&substring.find, cx)?,
                replace: Template::all(&substring.replace, cx)?,
                limit: usize::try_from(substring.limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX),
            })
        });
        let substrings = substrings.collect::<Result<_, _>>()?;
        let regexps = config.path_regexp.iter().enumerate().filter(|(_, change)| !change.find.is_empty());
        let regexps = regexps.map(|(index, change)| {
            cx.at("path_regexp", |cx| {
                cx.at(index, |cx| {
                    let regexp = regexp::compile(&change.find).map_err(|error| cx.error(error))?;
                    Ok((regexp, Template::all(&change.replace, cx)?))
                })
            })
        });
        let regexps = regexps.collect::<Result<_, _>>()?;
        let query_ops = match &config.query {
            Some(ops) => Some(cx.at("query", |cx| QueryOps::build(ops, cx))?),
            None => None,
        };
        Ok(Self {
            method: optional(&config.method, cx)?,
            path: optional(path, cx)?,
            query,
            strip_prefix: optional(&config.strip_path_prefix, cx)?,
            strip_suffix: optional(&config.strip_path_suffix, cx)?,
            substrings,
            regexps,
            query_ops,
        })
    }

    /// Applies the changes in Caddy's order: method, path and query, prefix, suffix, substrings, expressions, and the
    /// operations on the query.
    pub fn apply(&self, scope: &Scope<'_>, method: &mut Method, target: &mut Uri) {
        if let Some(template) = &self.method
            && let Ok(new) = Method::from_bytes(template.render(*scope).to_uppercase().as_bytes())
        {
            *method = new;
        }
        let changed = self.change_path(scope, target.path(), target.query());
        let (path, query) = changed;
        if path != target.path() || query.as_deref() != target.query() {
            let new = uri::target(&path, query.as_deref());
            *target = match target.authority().cloned() {
                Some(authority) => with_authority(new, target.scheme_str(), &authority),
                None => new,
            };
        }
    }

    fn change_path<'a>(
        &'a self,
        scope: &Scope<'a>,
        path: &str,
        query: Option<&'a str>,
    ) -> (String, Option<Cow<'a, str>>) {
        let mut path = path.to_owned();
        let mut query = query.map(Cow::Borrowed);
        let mut injected = None;
        if let Some(template) = &self.path {
            let new = self.new_path(template, scope);
            let (new, rest) = new.split_once('?').map_or((&*new, None), |(new, rest)| (new, Some(rest)));
            injected = rest.map(|rest| rest.replace('{', "%7B").replace('}', "%7D"));
            let decoded = uri::unescape(new, false).unwrap_or(Cow::Borrowed(new));
            path = uri::escape_path(&decoded).into_owned();
        }
        if let Some(template) = &self.query {
            let new = if template.is_empty() { injected.unwrap_or_default() } else { template.render(scope) };
            query = (!new.is_empty()).then_some(Cow::Owned(new));
        }
        if let Some(prefix) = &self.strip_prefix {
            let prefix = prefix.render(*scope);
            let prefix = if prefix.starts_with('/') { prefix } else { format!("/{prefix}").into() };
            let cleaned = uri::clean(&path, !prefix.contains("//"));
            path = strip_prefix(&cleaned, &prefix).to_owned();
        }
        if let Some(suffix) = &self.strip_suffix {
            let suffix = suffix.render(*scope);
            let cleaned = uri::clean(&path, !suffix.contains("//"));
            path = strip_suffix(&cleaned, &suffix).to_owned();
        }
        for substring in &self.substrings {
            let (find, replace) = (substring.find.render(*scope), substring.replace.render(*scope));
            if !find.is_empty() {
                let cleaned = uri::clean(&path, !find.contains("//"));
                path = cleaned.replacen(&*find, &replace, substring.limit);
                query = query.map(|query| Cow::Owned(query.replacen(&*find, &replace, substring.limit)));
            }
        }
        for (regexp, replace) in &self.regexps {
            path = regexp.replace_all(&path, &*replace.render(*scope)).into_owned();
        }
        if let Some(ops) = &self.query_ops {
            let new = ops.apply(scope, query.as_deref().unwrap_or_default());
            query = (!new.is_empty()).then_some(Cow::Owned(new));
        }
        (path, query)
    }

    /// What a path was is put in as it was escaped: a `?` or `%` of the path is not one of the target.
    fn new_path<'a>(&self, template: &'a Template, scope: &Scope<'a>) -> Cow<'a, str> {
        let before = scope.exchange.request.uri.path();
        template.render_mapped(*scope, |key, value| match key {
            Key::Path(part) if part.is_whole() => Cow::Borrowed(before),
            Key::Set(name) if **name == *"http.matchers.file.relative" => {
                Cow::Owned(uri::escape_path(&value).into_owned())
            }
            _ => value,
        })
    }
}

fn with_authority(target: Uri, scheme: Option<&str>, authority: &http::uri::Authority) -> Uri {
    let mut parts = target.into_parts();
    parts.scheme = scheme.and_then(|scheme| scheme.parse().ok()).or(Some(http::uri::Scheme::HTTP));
    parts.authority = Some(authority.clone());
    Uri::from_parts(parts).unwrap_or_else(|_| Uri::from_static("/"))
}

/// Compares without regard to case, and decodes the path where the prefix is not escaped.
fn strip_prefix<'a>(path: &'a str, prefix: &str) -> &'a str {
    let bytes = path.as_bytes();
    let mut at = 0;
    for expected in prefix.bytes() {
        let (found, length) = match (bytes.get(at), expected) {
            (None, _) => return path,
            (Some(b'%'), expected) if expected != b'%' => {
                let digits = path.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                match digits {
                    Some(byte) => (byte, 3),
                    None => return path,
                }
            }
            (Some(byte), _) => (*byte, 1),
        };
        if !found.eq_ignore_ascii_case(&expected) {
            return path;
        }
        at += length;
    }
    path.get(at..).unwrap_or(path)
}

fn strip_suffix<'a>(path: &'a str, suffix: &str) -> &'a str {
    let start = path.len().checked_sub(suffix.len());
    match start.and_then(|start| path.split_at_checked(start)) {
        Some((rest, end)) if end.eq_ignore_ascii_case(suffix) => rest,
        _ => path,
    }
}
