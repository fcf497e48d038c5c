//! Texts to statements: follows imports and substitutes variables and arguments until only statements are left.
//!
//! Every token is read once, in the order in which Caddy reads it, because what an import means depends on what
//! stands before it. An error never ends the work: the parser decides what was most likely meant and goes on.

mod arguments;
mod blocks;
mod cursor;
mod graph;
mod import;
mod paths;
mod snippets;
mod statements;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    Diagnostic, Environment, Expanded, Files, ServerBlock, SourceId, Sources, Span, environment, errors,
    expand::{
        cursor::{Cursor, Tok},
        graph::ImportGraph,
        snippets::Snippet,
    },
    lexer,
    token::Token,
};

/// Expands the Caddyfile `text`, which the user knows as `name`. Relative imports in it are relative to the folder
/// of `name`.
#[must_use]
pub fn expand(name: &str, text: &str, files: &dyn Files, env: &dyn Environment) -> Expanded {
    expand_within(name, text, files, env, MAX_IMPORTED)
}

/// No Caddyfile written by people imports this many words; one that does was written to exhaust the memory.
const MAX_IMPORTED: usize = 4_000_000;
/// Nor do the words with arguments in them have this many bytes.
const MAX_SUBSTITUTED: usize = 128 << 20;

fn expand_within(
    name: &str,
    text: &str,
    files: &dyn Files,
    env: &dyn Environment,
    max_imported: usize,
) -> Expanded {
    let mut expander = Expander {
        files,
        env,
        sources: Sources::default(),
        diagnostics: Vec::new(),
        reported: HashSet::new(),
        read: HashMap::new(),
        snippets: HashMap::new(),
        hidden: Vec::new(),
        looked_for: HashSet::new(),
        complete: true,
        imports: ImportGraph::default(),
        imported: 0,
        max_imported,
        substituted: 0,
        exhausted: false,
        cursor: Cursor::default(),
        blocks: Vec::new(),
    };
    let main = expander.sources.add(name, text);
    let (tokens, problems) = expander.tokens(main);
    for problem in problems {
        expander.report(problem);
    }
    expander.cursor = Cursor::new(tokens);
    expander.all_blocks();
    expander.judge_snippets();
    Expanded { sources: expander.sources, blocks: expander.blocks, diagnostics: expander.diagnostics }
}

struct Expander<'a> {
    files: &'a dyn Files,
    env: &'a dyn Environment,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    /// What was reported, so that a snippet that is used twice does not complain twice.
    reported: HashSet<(&'static str, Option<Span>, String)>,
    /// The files read so far, by absolute path.
    read: HashMap<String, SourceId>,
    snippets: HashMap<Arc<str>, Snippet>,
    /// Files that a snippet of the same name hid from an import, with the import.
    hidden: Vec<(String, Diagnostic)>,
    /// The names of snippets by the files that import them, so that each is looked for among the files once.
    looked_for: HashSet<(SourceId, Arc<str>)>,
    /// Whether every import is known to be the one that is meant when the file is used.
    complete: bool,
    imports: ImportGraph,
    /// How much has been imported so far, in words and imports.
    imported: usize,
    max_imported: usize,
    /// The bytes of all words in which arguments were replaced.
    substituted: usize,
    exhausted: bool,
    cursor: Cursor,
    blocks: Vec<ServerBlock>,
}

impl Expander<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.reported.insert((diagnostic.code.0, diagnostic.span, diagnostic.message.clone())) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports something about a token, with the imports that brought it.
    fn report_at(&mut self, tok: &Tok, diagnostic: impl FnOnce(Span) -> Diagnostic) {
        self.report(diagnostic(tok.token.span).brought_by(tok.token.origin.clone()));
    }

    /// The words of a source, and what was wrong with them.
    fn tokens(&self, id: SourceId) -> (Vec<Tok>, Vec<Diagnostic>) {
        let substituted = environment::substitute(&self.sources.get(id).text, self.env);
        let span = |range| {
            let range = substituted.original(range);
            Span { source: id, start: range.start, end: range.end }
        };
        let mut tokens: Vec<Tok> = Vec::new();
        let problems = lexer::lex_into(&substituted.text, &mut |lexeme| {
            let Some(quote) = lexeme.quote() else { return };
            let token = Token {
                text: lexeme.text.as_ref().into(),
                quote,
                span: span(lexeme.start..lexeme.end()),
                line: lexeme.line,
                origin: None,
            };
            tokens.push(Tok { token, chain: None, snippet: None });
        });
        let problems = problems.iter();
        let mut diagnostics: Vec<_> =
            problems.map(|problem| errors::lexer(&problem.kind, span(problem.range.clone()))).collect();
        for (range, name, default) in environment::shell_defaults(&self.sources.get(id).text) {
            let place = Span { source: id, start: range.start as u32, end: range.end as u32 };
            let at = tokens.partition_point(|tok| tok.token.span.end <= place.start);
            // What belongs to no word stands in a comment.
            if tokens.get(at).is_some_and(|tok| tok.token.span.start < place.end) {
                diagnostics.push(errors::default_of_shell(place, name, default));
            }
        }
        if substituted.text.is_empty() {
            diagnostics.push(errors::empty_text(span(0..0)));
        }
        (tokens, diagnostics)
    }
}
