//! What matchers with a regular expression share: groups become placeholders.

use std::sync::Arc;

use caddis_config::http::RegexpMatch as Config;
use regex::Regex;

use crate::{
    build::{Build, BuildError},
    http::Exchange,
    regexp,
};

/// An expression, and the placeholders of its groups.
#[derive(Debug)]
pub(super) struct RegexpMatch {
    regexp: Regex,
    /// By group; the names of placeholders that show it.
    names: Vec<Vec<Arc<str>>>,
}

/// What the groups have captured, by placeholder.
pub(super) type Captures = Vec<(Arc<str>, String)>;

impl RegexpMatch {
    pub(super) fn build(config: &Config, cx: &Build) -> Result<Self, BuildError> {
        let built = Self::compile(config).map_err(|message| cx.error(message))?;
        if !config.name.is_empty() && !config.name.contains(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            let message = "invalid regexp name (must contain only word characters)";
            return Err(cx.error(format!("{message}: {}", config.name)));
        }
        Ok(built)
    }

    /// The same, with any name.
    pub(super) fn compile(config: &Config) -> Result<Self, String> {
        let regexp = regexp::compile(&config.pattern)
            .map_err(|error| format!("compiling matcher regexp {}: {error}", config.pattern))?;
        let mut names = Vec::new();
        for (index, group) in regexp.capture_names().enumerate() {
            let mut of_group = Vec::new();
            for key in std::iter::once(index.to_string()).chain(group.map(str::to_owned)) {
                of_group.push(Arc::from(format!("http.regexp.{key}")));
                if !config.name.is_empty() {
                    of_group.push(Arc::from(format!("http.regexp.{}.{key}", config.name)));
                }
            }
            names.push(of_group);
        }
        Ok(Self { regexp, names })
    }

    /// `None` if the text does not match.
    pub(super) fn captures(&self, text: &str) -> Option<Captures> {
        let captures = self.regexp.captures(text)?;
        let groups = captures.iter().zip(&self.names).flat_map(|(group, names)| {
            let text = group.map_or("", |group| group.as_str());
            names.iter().map(|name| (Arc::clone(name), text.to_owned()))
        });
        Some(groups.collect())
    }
}

/// Shows what was captured; whether anything was matched.
pub(super) fn show(exchange: &mut Exchange, captures: Option<Captures>) -> bool {
    let Some(captures) = captures else { return false };
    for (name, text) in captures {
        exchange.set_placeholder(name, text);
    }
    true
}
