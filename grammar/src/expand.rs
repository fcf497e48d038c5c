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
mod word_cache;

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use crate::{
    Diagnostic, Environment, Expanded, Files, ServerBlock, SourceId, Sources, Span, environment, errors,
    expand::{
        cursor::{Cursor, Tok},
        graph::ImportGraph,
        snippets::Snippet,
        word_cache::WordCache,
    },
    format::{self, Formatter, format, unix_lines},
    lexer::{self, Lexeme},
    token::Token,
};

/// Expands the Caddyfile `text`, which the user knows as `name`. Relative imports in it are relative to the folder
/// of `name`.
#[must_use]
pub fn expand(name: &str, text: &str, files: &dyn Files, env: &dyn Environment) -> Expanded {
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
        written: text.len(),
        substituted: 0,
        exhausted: false,
        words: WordCache::default(),
        cursor: Cursor::default(),
        blocks: Vec::new(),
    };
    let main = expander.sources.add(name, text);
    let (tokens, problems, unformatted) = expander.main_tokens(main);
    for problem in problems {
        expander.report(problem);
    }
    expander.cursor = Cursor::new(tokens);
    expander.all_blocks();
    expander.judge_snippets();
    Expanded {
        sources: expander.sources,
        blocks: expander.blocks,
        diagnostics: expander.diagnostics,
        unformatted,
    }
}

/// The most bytes of a word: more than anybody writes into a configuration.
const MAX_WORD: usize = 16 << 20;
/// The most bytes of a text, so that every place in it fits into a [`Span`].
const MAX_TEXT: usize = u32::MAX as usize;

struct Expander<'a> {
    files: &'a dyn Files,
    env: &'a dyn Environment,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    /// What was reported, so that a snippet that is used twice does not complain twice.
    reported: HashSet<(&'static str, Option<Span>, String)>,
    /// The files read so far, by absolute path.
    read: HashMap<String, SourceId>,
    snippets: HashMap<Rc<str>, Snippet>,
    /// Files that a snippet of the same name hid from an import, with the import.
    hidden: Vec<(String, Diagnostic)>,
    /// The names of snippets by the files that import them, so that each is looked for among the files once.
    looked_for: HashSet<(SourceId, Rc<str>)>,
    /// Whether every import is known to be the one that is meant when the file is used.
    complete: bool,
    imports: ImportGraph,
    /// How much has been imported so far, in words and imports.
    imported: usize,
    /// The bytes of all texts that were read.
    written: usize,
    /// The bytes of all words in which arguments were replaced.
    substituted: usize,
    exhausted: bool,
    words: WordCache,
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

    /// The words of the main text, what was wrong with them, and the warning for a text that is not in house style.
    fn main_tokens(&mut self, id: SourceId) -> (Vec<Tok>, Vec<Diagnostic>, Option<Diagnostic>) {
        let source = self.sources.shared(id);
        let mut formatter = Formatter::default();
        let (tokens, problems, is_text) = self.tokens(id, &mut |lexeme| formatter.push(lexeme));
        let formatted = if is_text { formatter.finish() } else { format(&unix_lines(&source.text)) };
        (tokens, problems, format::lint(id, &source.text, &formatted))
    }

    /// The words of a source, what was wrong with them, and whether they were read from the text as it is. `also` gets the
    /// lexemes with what lies between the words.
    fn tokens(
        &mut self,
        id: SourceId,
        also: &mut dyn FnMut(&Lexeme<'_>),
    ) -> (Vec<Tok>, Vec<Diagnostic>, bool) {
        let source = self.sources.shared(id);
        let substituted = environment::substitute(&source.text, self.env);
        let is_text = matches!(substituted.text, Cow::Borrowed(_)) && !source.text.contains("\r\n");
        if substituted.text.len().max(source.text.len()) > MAX_TEXT {
            let finding = errors::text_too_long(substituted.text.len().max(source.text.len()), MAX_TEXT);
            return (Vec::new(), vec![finding], true);
        }
        let words = &mut self.words;
        let mut too_long = None;
        let span = |range| {
            let range = substituted.original(range);
            Span { source: id, start: range.start, end: range.end }
        };
        // House style has more bytes for each word.
        let mut tokens: Vec<Tok> = Vec::with_capacity(substituted.text.len() / 8);
        let problems = lexer::lex_into(&substituted.text, &mut |lexeme| {
            if is_text {
                also(&lexeme);
            }
            let Some(quote) = lexeme.quote() else { return };
            if lexeme.text.len() > MAX_WORD && too_long.is_none() {
                // Its beginning is enough to find it, and to show.
                too_long = Some((lexeme.start..lexeme.start + 1, lexeme.text.len()));
            }
            let token = Token {
                text: words.share(&lexeme.text),
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
        diagnostics
            .extend(too_long.map(|(range, length)| errors::word_too_long(span(range), length, MAX_WORD)));
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
        (tokens, diagnostics, is_text)
    }
}
