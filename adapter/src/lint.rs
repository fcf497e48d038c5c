//! Warnings about what is right and does nothing: it is never reached, replaced at once, or never used.
//!
//! They are looked for in what was built, where the order of routes is known, and only where nothing else is wrong.

mod addresses;
mod conditions;
mod listeners;
mod matchers;
mod reach;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use caddis_config::http::Server;
use caddis_grammar::{Diagnostic, Origin, Sources, Span, Statement, Token};

use self::reach::Walk;
pub(crate) use self::{
    addresses::Addresses,
    listeners::judge_listeners,
    matchers::{judge_matchers, judge_set},
    reach::By,
};
use crate::{errors, servers::Origins};

/// The findings in servers, each with where it comes from. `imported` are the imports that brought directives.
pub(crate) fn routes<'s>(
    servers: impl Iterator<Item = (&'s Server, &'s Origins)> + Clone,
    imported: &HashMap<Span, Arc<Origin>>,
    sources: &Sources,
) -> Vec<Diagnostic> {
    // What an import brings serves its purpose elsewhere, and is judged only against what came with it.
    let together = |a: Span, b: Span| {
        // In another environment these lines may say something else.
        if [a, b].iter().any(|span| sources.has_variable(sources.lines(*span))) {
            return false;
        }
        match (imported.get(&a), imported.get(&b)) {
            (None, _) => true,
            (Some(a), b) => b.is_some_and(|b| a.at == b.at && a.kind == b.kind),
        }
    };
    let Walk { unreached, overwritten, .. } = reach::walk(servers);
    let unreached = unreached.into_iter().filter(|(span, by)| together(*span, by.span()));
    let overwritten = overwritten.into_iter().filter(|(span, by)| together(*span, *by));
    let unreached = unreached.map(|(span, by)| *errors::lint::unreached(span, by));
    unreached.chain(overwritten.map(|(span, by)| *errors::lint::overwritten(span, by))).collect()
}

/// What words and the block behind them say, as a number.
pub(crate) fn content(words: &[Token], block: &[Statement]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for word in words {
        (&word.text, word.quote).hash(&mut hasher);
    }
    for statement in block {
        content(&statement.words, statement.children()).hash(&mut hasher);
    }
    (words.len(), block.len()).hash(&mut hasher);
    hasher.finish()
}
