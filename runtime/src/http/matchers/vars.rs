//! The matcher `vars`: variables and placeholders by value.

use std::borrow::Cow;

use caddis_config::http::matchers::Vars as Config;

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, route::Matcher},
    placeholder::{Key, Scope, Template},
};

struct Vars(Vec<(Key, Vec<Template>)>);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    let variables = config.0.iter().map(|(name, values)| {
        let values = values.iter().map(|value| Template::all(value, cx)).collect::<Result<_, _>>()?;
        Ok((key(name, cx)?, values))
    });
    Ok(Box::new(Vars(variables.collect::<Result<_, _>>()?)))
}

/// A placeholder in braces, or else the variable of that name.
pub(super) fn key(name: &str, cx: &Build) -> Result<Key, BuildError> {
    match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(placeholder) if !placeholder.contains('{') => Key::parse(placeholder, cx),
        _ => Key::parse(&format!("http.vars.{name}"), cx),
    }
}

impl Matcher for Vars {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        let scope = Scope::from(&*exchange);
        Ok(self.0.is_empty()
            || self.0.iter().any(|(key, values)| {
                let actual = key.text(&scope).unwrap_or(Cow::Borrowed(""));
                values.iter().any(|value| value.render(scope) == actual)
            }))
    }
}
