//! Changes of header fields, of requests and of responses: adding, setting, deleting, replacing.
//!
//! The order is Caddy's: delete everything (`*`), add, set, delete, replace.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap};

use caddis_config::http::handlers::{HeaderOps as Config, HeaderReplacement, ResponseHeaderOps};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use regex::Regex;

use crate::{
    build::{Build, BuildError},
    http::Exchange,
    placeholder::{Scope, Template, Values},
    regexp,
};

/// Changes of a header, ready to be applied.
#[derive(Debug, Default)]
pub struct HeaderOps {
    clear: bool,
    add: Vec<(Name, Value)>,
    set: Vec<(Name, Value)>,
    delete: Vec<Delete>,
    replace: Vec<Replace>,
    /// Nothing depends on the request.
    constant: bool,
}

#[derive(Debug)]
enum Name {
    Fixed(HeaderName),
    Computed(Template),
}

#[derive(Debug)]
enum Value {
    Fixed(HeaderValue),
    /// Texts with commas between them.
    Computed(Vec<Template>),
}

#[derive(Debug)]
enum Delete {
    Field(HeaderName),
    Like(Wildcard, String),
    Computed(Template),
}

#[derive(Debug, Clone, Copy)]
enum Wildcard {
    Prefix,
    Suffix,
    Part,
}

#[derive(Debug)]
struct Replace {
    /// `None` for every field.
    field: Option<Name>,
    search: Search,
    replace: Template,
}

#[derive(Debug)]
enum Search {
    Text(Template),
    Regexp(Regex),
    /// An expression with placeholders.
    Computed(Template),
}

impl HeaderOps {
    /// Makes changes ready.
    ///
    /// # Errors
    /// When a name can be no field, or an expression or a placeholder is invalid.
    pub fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let clear = config.delete.iter().any(|name| name == "*");
        let add = cx.at("add", |cx| {
            let mut add = Vec::new();
            for (name, values) in &config.add {
                for value in values {
                    add.push((Name::build(name, cx)?, Value::build(std::slice::from_ref(value), cx)?));
                }
            }
            Ok(add)
        })?;
        let set = cx.at("set", |cx| {
            let set = config
                .set
                .iter()
                .map(|(name, values)| Ok((Name::build(name, cx)?, Value::build(values, cx)?)));
            set.collect::<Result<Vec<_>, _>>()
        })?;
        let delete = cx.at("delete", |cx| {
            let names = config.delete.iter().filter(|name| *name != "*");
            names.map(|name| Delete::build(name, cx)).collect::<Result<Vec<_>, _>>()
        })?;
        let replace = cx.at("replace", |cx| build_replacements(&config.replace, cx))?;
        let fixed = |(name, value): &(Name, Value)| name.is_fixed() && matches!(value, Value::Fixed(_));
        let constant = add.iter().chain(&set).all(fixed)
            && !delete.iter().any(|delete| matches!(delete, Delete::Computed(_)))
            && replace.iter().all(Replace::is_constant);
        Ok(Self { clear, add, set, delete, replace, constant })
    }

    /// Makes changes of a response ready; what its `require` and `deferred` say is up to the caller.
    ///
    /// # Errors
    /// As [`HeaderOps::build`].
    pub fn build_response(config: &ResponseHeaderOps, cx: &mut Build) -> Result<Self, BuildError> {
        let ResponseHeaderOps { add, set, delete, replace, require: _, deferred: _ } = config.clone();
        Self::build(&Config { add, set, delete, replace }, cx)
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.clear
            && self.add.is_empty()
            && self.set.is_empty()
            && self.delete.is_empty()
            && self.replace.is_empty()
    }

    /// Whether the field may be added, set or deleted, as far as can be told without a request.
    #[must_use]
    pub fn touches(&self, field: &HeaderName) -> bool {
        let named = |(name, _): &(Name, Value)| match name {
            Name::Fixed(name) => name == field,
            Name::Computed(_) => true,
        };
        self.clear
            || self.add.iter().chain(&self.set).any(named)
            || self.delete.iter().any(|delete| match delete {
                Delete::Field(name) => name == field,
                Delete::Like(wildcard, text) => wildcard.fits(field.as_str(), text),
                Delete::Computed(_) => true,
            })
            || self.replace.iter().any(|replace| match &replace.field {
                Some(Name::Fixed(name)) => name == field,
                Some(Name::Computed(_)) | None => true,
            })
    }

    /// Changes the request of an exchange, its `Host` included.
    pub fn apply_to_request(&self, exchange: &mut Exchange) {
        let host = self.touches(&header::HOST).then(|| exchange.authority().to_owned());
        if let Some(host) = host.as_deref().and_then(|host| HeaderValue::from_str(host).ok()) {
            exchange.request.headers.insert(header::HOST, host);
        }
        // The header is away while it changes; placeholders need a copy of it to look at.
        let mut headers = match self.constant {
            true => std::mem::take(&mut exchange.request.headers),
            false => exchange.request.headers.clone(),
        };
        self.apply(&mut headers, &Scope::from(&*exchange));
        exchange.request.headers = headers;
        if let Some(host) = host {
            let changed = exchange.request.headers.get_all(header::HOST).iter().next_back().cloned();
            match changed {
                Some(changed) if changed == host.as_str() => {}
                changed => exchange.set_host(changed.unwrap_or(HeaderValue::from_static(""))),
            }
        }
    }

    /// Changes the header of a response. Placeholders see it as it was before.
    pub fn apply_to_response(
        &self,
        headers: &mut HeaderMap,
        exchange: &Exchange,
        extra: Option<&dyn Values>,
    ) {
        if self.constant {
            return self.apply(headers, &Scope::from(exchange));
        }
        let before = headers.clone();
        self.apply(headers, &Scope { exchange, response: Some(&before), extra });
    }

    /// Changes a header, with values from `scope`.
    pub fn apply(&self, headers: &mut HeaderMap, scope: &Scope<'_>) {
        if self.clear {
            headers.clear();
        }
        for (name, value) in &self.add {
            if let (Some(name), Some(value)) = (name.get(scope), value.get(scope)) {
                headers.append(name, value);
            }
        }
        for (name, value) in &self.set {
            if let (Some(name), Some(value)) = (name.get(scope), value.get(scope)) {
                headers.insert(name, value);
            }
        }
        for delete in &self.delete {
            delete.apply(headers, scope);
        }
        for replace in &self.replace {
            replace.apply(headers, scope);
        }
    }
}

impl Name {
    fn build(name: &str, cx: &Build) -> Result<Self, BuildError> {
        let template = Template::known(name, cx)?;
        let Some(name) = template.constant() else { return Ok(Name::Computed(template)) };
        let valid = HeaderName::from_bytes(name.as_bytes());
        valid
            .map(Name::Fixed)
            .map_err(|_| cx.error(format!("{name:?} is not a valid name of a header field")))
    }

    fn is_fixed(&self) -> bool {
        matches!(self, Name::Fixed(_))
    }

    /// `None` when a computed name can be no field.
    fn get(&self, scope: &Scope<'_>) -> Option<HeaderName> {
        match self {
            Name::Fixed(name) => Some(name.clone()),
            Name::Computed(template) => HeaderName::from_bytes(template.render(*scope).as_bytes()).ok(),
        }
    }
}

impl Value {
    fn build(values: &[String], cx: &Build) -> Result<Self, BuildError> {
        let templates: Vec<_> =
            values.iter().map(|value| Template::known(value, cx)).collect::<Result<_, _>>()?;
        let constants: Option<Vec<_>> = templates.iter().map(Template::constant).collect();
        let Some(constants) = constants else { return Ok(Value::Computed(templates)) };
        let joined = constants.join(",");
        let value = header_value(&joined);
        value
            .map(Value::Fixed)
            .ok_or_else(|| cx.error(format!("{joined:?} is not a valid value of a header field")))
    }

    fn get(&self, scope: &Scope<'_>) -> Option<HeaderValue> {
        match self {
            Value::Fixed(value) => Some(value.clone()),
            Value::Computed(templates) => match templates.as_slice() {
                [template] => header_value(&template.render(*scope)),
                templates => {
                    let values: Vec<_> = templates.iter().map(|template| template.render(*scope)).collect();
                    header_value(&values.join(","))
                }
            },
        }
    }
}

/// A value for the wire: line breaks become spaces, as Go's server makes them.
#[must_use]
pub fn header_value(text: &str) -> Option<HeaderValue> {
    let text = if text.contains(['\r', '\n']) {
        Cow::Owned(text.replace(['\r', '\n'], " "))
    } else {
        Cow::Borrowed(text)
    };
    HeaderValue::from_bytes(text.trim().as_bytes()).ok()
}

impl Delete {
    fn build(name: &str, cx: &Build) -> Result<Self, BuildError> {
        let template = Template::known(name, cx)?;
        match template.constant() {
            None => Ok(Delete::Computed(template)),
            Some(name) => Self::parse(name)
                .ok_or_else(|| cx.error(format!("{name:?} is not a valid name of a header field"))),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        Some(match (name.strip_prefix('*'), name.strip_suffix('*')) {
            (Some(part), Some(_)) => {
                Delete::Like(Wildcard::Part, part.strip_suffix('*').unwrap_or(part).to_owned())
            }
            (Some(suffix), None) => Delete::Like(Wildcard::Suffix, suffix.to_owned()),
            (None, Some(prefix)) => Delete::Like(Wildcard::Prefix, prefix.to_owned()),
            (None, None) => Delete::Field(HeaderName::from_bytes(name.as_bytes()).ok()?),
        })
    }

    fn apply(&self, headers: &mut HeaderMap, scope: &Scope<'_>) {
        match self {
            Delete::Field(name) => drop(headers.remove(name)),
            Delete::Like(wildcard, text) => {
                let fits = |name: &&HeaderName| wildcard.fits(name.as_str(), text);
                let names: Vec<_> = headers.keys().filter(fits).cloned().collect();
                for name in names {
                    headers.remove(name);
                }
            }
            Delete::Computed(template) => {
                // A star that comes out of a placeholder deletes everything, which is done first for others.
                if let Some(delete) = Delete::parse(&template.render(*scope)) {
                    delete.apply(headers, scope);
                }
            }
        }
    }
}

impl Wildcard {
    fn fits(self, name: &str, text: &str) -> bool {
        match self {
            Wildcard::Prefix => name.starts_with(text),
            Wildcard::Suffix => name.ends_with(text),
            Wildcard::Part => name.contains(text),
        }
    }
}

fn build_replacements(
    config: &BTreeMap<String, Vec<HeaderReplacement>>,
    cx: &mut Build,
) -> Result<Vec<Replace>, BuildError> {
    let mut replacements = Vec::new();
    for (field, of_field) in config {
        cx.at(field, |cx| {
            for (index, replacement) in of_field.iter().enumerate() {
                replacements.push(cx.at(index, |cx| Replace::build(field, replacement, cx))?);
            }
            Ok(())
        })?;
    }
    Ok(replacements)
}

impl Replace {
    fn build(field: &str, config: &HeaderReplacement, cx: &Build) -> Result<Self, BuildError> {
        if !config.search.is_empty() && !config.search_regexp.is_empty() {
            return Err(cx.error(format!(
                "cannot specify both a substring search and a regular expression search for field '{field}'"
            )));
        }
        let search = if config.search_regexp.is_empty() {
            Search::Text(Template::known(&config.search, cx)?)
        } else if has_placeholder(&config.search_regexp) {
            Search::Computed(Template::known(&config.search_regexp, cx)?)
        } else {
            Search::Regexp(regexp::compile(&config.search_regexp).map_err(|error| cx.error(error))?)
        };
        let field = if field == "*" { None } else { Some(Name::build(field, cx)?) };
        Ok(Self { field, search, replace: Template::known(&config.replace, cx)? })
    }

    fn is_constant(&self) -> bool {
        self.field.as_ref().is_none_or(Name::is_fixed)
            && self.replace.constant().is_some()
            && match &self.search {
                Search::Text(text) => text.constant().is_some(),
                Search::Regexp(_) => true,
                Search::Computed(_) => false,
            }
    }

    fn apply(&self, headers: &mut HeaderMap, scope: &Scope<'_>) {
        let replace = self.replace.render(*scope);
        let compiled;
        let regexp = match &self.search {
            Search::Text(text) => {
                let search = text.render(*scope);
                return self.each(headers, scope, |value| {
                    value.contains(&*search).then(|| value.replace(&*search, &replace))
                });
            }
            Search::Regexp(regexp) => regexp,
            Search::Computed(pattern) => match regexp::compile(&pattern.render(*scope)) {
                Ok(regexp) => {
                    compiled = regexp;
                    &compiled
                }
                // What a placeholder made of the expression is the request's doing; Caddy skips it too.
                Err(_) => return,
            },
        };
        self.each(headers, scope, |value| match regexp.replace_all(value, &*replace) {
            Cow::Borrowed(_) => None,
            Cow::Owned(changed) => Some(changed),
        });
    }

    fn each(&self, headers: &mut HeaderMap, scope: &Scope<'_>, change: impl Fn(&str) -> Option<String>) {
        let changed = |value: &HeaderValue| {
            change(&String::from_utf8_lossy(value.as_bytes())).and_then(|text| header_value(&text))
        };
        match &self.field {
            None => {
                for value in headers.values_mut() {
                    if let Some(changed) = changed(value) {
                        *value = changed;
                    }
                }
            }
            Some(name) => {
                let Some(name) = name.get(scope) else { return };
                if let header::Entry::Occupied(mut values) = headers.entry(name) {
                    for value in values.iter_mut() {
                        if let Some(changed) = changed(value) {
                            *value = changed;
                        }
                    }
                }
            }
        }
    }
}

/// Caddy's test for a placeholder in an expression: braces with something between them.
fn has_placeholder(pattern: &str) -> bool {
    pattern.split_once('{').is_some_and(|(_, after)| after.find('}').is_some_and(|end| end > 0))
}
