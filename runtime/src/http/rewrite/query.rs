//! Queries: filling one in, and the operations on its parameters.

use std::{borrow::Cow, collections::BTreeMap};

use caddis_config::http::handlers::{QueryArgument, QueryOps as Config};
use regex::Regex;

use crate::{
    build::{Build, BuildError},
    http::uri,
    placeholder::{Key, Scope, Template},
    regexp,
};

/// A query whose values are escaped when they are filled in.
#[derive(Debug)]
pub(super) struct QueryTemplate(Vec<Part>);

#[derive(Debug)]
struct Part {
    template: Template,
    /// Whether it is a value, after an equals sign.
    is_value: bool,
}

impl QueryTemplate {
    pub(super) fn build(query: &str, cx: &Build) -> Result<Self, BuildError> {
        let mut parts = Vec::new();
        let mut is_value = false;
        for component in query.split_inclusive(['=', '&']) {
            let text = component.strip_suffix(['=', '&']).unwrap_or(component);
            parts.push(Part { template: Template::all(text, cx)?, is_value });
            is_value = component.ends_with('=');
        }
        Ok(Self(parts))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn render(&self, scope: &Scope<'_>) -> String {
        let mut query = String::new();
        for part in &self.0 {
            let component = part.template.render_mapped(*scope, |key, value| match key {
                // A whole query in the place of a name is escaped already.
                Key::Query { escaped: false } if !part.is_value => value,
                _ => Cow::Owned(uri::escape_query(&value).into_owned()),
            });
            if part.is_value {
                query.push('=');
            } else if !query.is_empty() && !component.is_empty() {
                query.push('&');
            }
            query.push_str(&component);
        }
        query
    }
}

/// Operations on the parameters of a query, which comes out sorted by name.
#[derive(Debug)]
pub(super) struct QueryOps {
    rename: Vec<(Template, Template)>,
    set: Vec<(Template, Template)>,
    add: Vec<(Template, Template)>,
    replace: Vec<Replace>,
    delete: Vec<Template>,
}

#[derive(Debug)]
struct Replace {
    name: Template,
    search: Search,
    replace: Template,
}

#[derive(Debug)]
enum Search {
    Text(Template),
    Regexp(Regex),
}

type Parameters = BTreeMap<String, Vec<String>>;

impl QueryOps {
    pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let pairs = |arguments: &[QueryArgument], cx: &Build| {
            let pairs = arguments
                .iter()
                .map(|argument| Ok((Template::all(&argument.key, cx)?, Template::all(&argument.val, cx)?)));
            pairs.collect::<Result<Vec<_>, BuildError>>()
        };
        let replace = config.replace.iter().map(|replace| {
            let search = if replace.search_regexp.is_empty() {
                Search::Text(Template::known(&replace.search, cx)?)
            } else {
                let regexp = regexp::compile(&replace.search_regexp);
                Search::Regexp(regexp.map_err(|error| {
                    cx.error(format!("replacement for query field '{}': {error}", replace.key))
                })?)
            };
            Ok(Replace {
                name: Template::all(&replace.key, cx)?,
                search,
                replace: Template::known(&replace.replace, cx)?,
            })
        });
        let replace = replace.collect::<Result<_, _>>()?;
        let delete = config.delete.iter().map(|name| Template::all(name, cx)).collect::<Result<_, _>>()?;
        Ok(Self {
            rename: pairs(&config.rename, cx)?,
            set: pairs(&config.set, cx)?,
            add: pairs(&config.add, cx)?,
            replace,
            delete,
        })
    }

    pub(super) fn apply(&self, scope: &Scope<'_>, query: &str) -> String {
        let mut parameters = Parameters::new();
        for (name, value) in uri::parameters(query).flatten() {
            parameters.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        for (name, new) in &self.rename {
            let (name, new) = (name.render(*scope), new.render(*scope));
            if name != new
                && !new.is_empty()
                && let Some(values) = parameters.remove(&*name)
            {
                parameters.insert(new.into_owned(), values);
            }
        }
        let named = |(name, value): &(Template, Template)| {
            let name = name.render(*scope).into_owned();
            (!name.is_empty()).then(|| (name, value.render(*scope).into_owned()))
        };
        for (name, value) in self.set.iter().filter_map(named) {
            parameters.insert(name, vec![value]);
        }
        for (name, value) in self.add.iter().filter_map(named) {
            parameters.entry(name).or_default().push(value);
        }
        for replace in &self.replace {
            replace.apply(scope, &mut parameters);
        }
        for name in &self.delete {
            parameters.remove(&*name.render(*scope));
        }
        encode(&parameters)
    }
}

impl Replace {
    fn apply(&self, scope: &Scope<'_>, parameters: &mut Parameters) {
        let (name, replace) = (self.name.render(*scope), self.replace.render(*scope));
        let change = |value: &mut String| match &self.search {
            Search::Text(text) => {
                let search = text.render(*scope);
                if !search.is_empty() {
                    *value = value.replace(&*search, &replace);
                }
            }
            Search::Regexp(regexp) => *value = regexp.replace_all(value, &*replace).into_owned(),
        };
        if name == "*" {
            parameters.values_mut().flatten().for_each(change);
        } else if let Some(values) = parameters.get_mut(&*name) {
            values.iter_mut().for_each(change);
        }
    }
}

fn encode(parameters: &Parameters) -> String {
    let mut query = String::new();
    for (name, values) in parameters {
        for value in values {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&uri::escape_query(name));
            query.push('=');
            query.push_str(&uri::escape_query(value));
        }
    }
    query
}
