//! What a proxy does with responses: named response matchers, `handle_response` and `replace_status`, shared with
//! `intercept`.

use std::collections::BTreeMap;

use caddis_config::{
    http::{ResponseHandler, ResponseMatcher},
    value::WeakString,
};
use caddis_grammar::{Statement, Token};

use super::Draft;
use crate::{
    args::Value,
    cx::{Cx, Parsed},
    errors, response_matchers,
};

/// Response handlers while the lines of a directive are read.
#[derive(Debug, Default)]
pub(crate) struct Responses {
    matchers: BTreeMap<String, ResponseMatcher>,
    handlers: Vec<ResponseHandler>,
    /// `handle_response` lines: read last, so that they may name matchers that are defined below them.
    deferred: Vec<Statement>,
}

pub(super) fn handle_response(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.responses.handle_response(line);
    Ok(())
}

pub(super) fn replace_status(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.responses.replace_status(line)
}

impl Responses {
    /// Reads `@name status …`, `@name header …` or a block of such lines.
    pub(crate) fn define_matcher(&mut self, cx: &mut Cx<'_>, line: &Statement) -> Parsed<()> {
        let name = line.name();
        if self.matchers.contains_key(&*name.text) {
            return Err(errors::proxy::response_matcher_twice(name));
        }
        let matcher = response_matchers::read(cx, line)?;
        self.matchers.insert(name.string(), matcher);
        Ok(())
    }

    /// Remembers a `handle_response` line.
    pub(crate) fn handle_response(&mut self, line: &Statement) {
        self.deferred.push(line.clone());
    }

    /// Reads a `replace_status` line.
    pub(crate) fn replace_status(&mut self, line: &Statement) -> Parsed<()> {
        let (matcher, status) = match line.args() {
            [status] => (None, status),
            [matcher, status] => (Some(self.find(matcher)?), status),
            _ => return Err(errors::proxy::replace_status_arguments(line)),
        };
        if let Some(first) = line.children().first() {
            return Err(errors::proxy::replace_status_block(first));
        }
        let status_code = WeakString::from(status.string());
        self.handlers.push(ResponseHandler { matchers: matcher, status_code, ..ResponseHandler::default() });
        Ok(())
    }

    /// All handlers; those without a matcher come last, because nothing after them is reached.
    pub(crate) fn finish(mut self, cx: &mut Cx<'_>) -> Vec<ResponseHandler> {
        for line in std::mem::take(&mut self.deferred) {
            let handler = self.read_deferred(cx, &line);
            self.handlers.extend(cx.keep(handler));
        }
        let (mut handlers, fallbacks): (Vec<_>, Vec<_>) =
            self.handlers.into_iter().partition(|handler| handler.matchers.is_some());
        handlers.extend(fallbacks);
        handlers
    }

    fn read_deferred(&self, cx: &mut Cx<'_>, line: &Statement) -> Parsed<ResponseHandler> {
        let matcher = match line.args() {
            [] => None,
            [matcher] => Some(self.find(matcher)?),
            words => return Err(errors::proxy::handle_response_arguments(words)),
        };
        let routes = cx.subroute(line.children(), true)?.routes;
        Ok(ResponseHandler { matchers: matcher, routes, ..ResponseHandler::default() })
    }

    fn find(&self, word: &Token) -> Parsed<ResponseMatcher> {
        if !word.text.starts_with('@') {
            return Err(errors::proxy::response_matcher_expected(word));
        }
        self.matchers.get(&*word.text).cloned().ok_or_else(|| {
            errors::proxy::unknown_response_matcher(word, self.matchers.keys().map(String::as_str))
        })
    }
}
