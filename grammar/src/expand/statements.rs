//! Tokens to statements: a line of words, and the block that its last `{` opens.

use crate::{
    Block, Diagnostic, Span, Statement, errors,
    expand::cursor::{Cursor, Tok},
};

/// Deeper than anybody nests, and shallow enough for every function that walks the tree.
const MAX_DEPTH: usize = 128;

/// Statements and what was wrong with them.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) statements: Vec<Statement>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Builds the statement of one directive.
pub(super) fn build_segment(tokens: Vec<Tok>) -> Built {
    let mut builder = Builder { cursor: Cursor::new(tokens), built: Built::default(), open: Vec::new() };
    builder.run(1);
    // What is left stands behind a block that was closed at once, or begins with `{}`.
    if let Some(tok) = builder.cursor.next() {
        builder.built.diagnostics.push(errors::ignored_words(tok.token.span));
    }
    builder.built
}

/// Builds the statements between two braces.
pub(super) fn build_block(tokens: Vec<Tok>) -> Built {
    let mut builder = Builder { cursor: Cursor::new(tokens), built: Built::default(), open: Vec::new() };
    builder.run(usize::MAX);
    builder.built
}

struct Builder {
    cursor: Cursor,
    built: Built,
    /// The blocks around the cursor, outermost first, each with the words before its brace.
    open: Vec<Statement>,
}

impl Builder {
    /// Reads up to `count` statements at the top level.
    fn run(&mut self, count: usize) {
        while self.cursor.peek().is_some() && (!self.open.is_empty() || self.built.statements.len() < count) {
            if self.cursor.peek().is_some_and(Tok::closes) {
                self.closing_brace();
            } else {
                self.line();
            }
        }
        while let Some(statement) = self.open.pop() {
            self.push(statement);
        }
    }

    fn closing_brace(&mut self) {
        let alone = self.cursor.at_line_end();
        let Some(brace) = self.cursor.next() else { return };
        let span = brace.token.span;
        if !alone {
            // Caddy reads what follows as if it stood inside the block. A second brace it takes for a directive.
            if self.cursor.peek().is_some_and(Tok::closes) {
                self.report(&brace, errors::unmatched_brace);
            } else {
                self.report(&brace, errors::word_after_closing_brace);
                return;
            }
        }
        self.close(&brace, span);
    }

    fn close(&mut self, brace: &Tok, span: Span) {
        match self.open.pop() {
            Some(mut statement) => {
                if let Some(block) = &mut statement.block {
                    block.close = span;
                }
                self.push(statement);
            }
            None => self.report(brace, errors::unmatched_brace),
        }
    }

    /// Reads a line of words and, if it ends with one, the brace that opens its block.
    fn line(&mut self) {
        let Some(first) = self.cursor.next() else { return };
        if first.opens() {
            self.report(&first, errors::nameless_block);
        }
        let mut open = first.opens().then_some(first.token.span);
        let mut words = Vec::with_capacity(1 + self.cursor.count_arguments());
        words.push(first.token);
        while open.is_none() {
            if let Some(tok) = self.cursor.next_argument() {
                words.push(tok.token);
                continue;
            }
            let new_line = self.cursor.at_line_start();
            let Some(brace) = self.cursor.next_if(Tok::opens) else { break };
            if new_line {
                self.report(&brace, errors::brace_on_new_line);
            }
            open = Some(brace.token.span);
        }
        let Some(open) = open else {
            return self.push(Statement { words, block: None });
        };
        if self.open.len() == MAX_DEPTH {
            self.built.diagnostics.push(errors::nested_too_deep(open, MAX_DEPTH));
            // Nothing in there can be represented.
            while self.cursor.next().is_some() {}
            return;
        }
        let block = Block { open, close: self.end(open), statements: Vec::new() };
        self.open.push(Statement { words, block: Some(block) });
        // A block that is closed at once is closed even if something follows.
        if let Some(brace) = self.cursor.next_if(Tok::closes) {
            self.close(&brace, brace.token.span);
        }
    }

    /// The end of the text, as far as it is known here, for blocks that are never closed.
    fn end(&self, open: Span) -> Span {
        self.cursor
            .farthest()
            .filter(|span| span.source == open.source)
            .map_or(open, |span| Span { start: span.end, ..span })
    }

    fn push(&mut self, statement: Statement) {
        if statement.name().is_bare("{") {
            // What stands in a block without a name can still be checked.
            let inner = statement.block.into_iter().flat_map(|block| block.statements);
            return inner.for_each(|statement| self.push(statement));
        }
        match self.open.last_mut().and_then(|parent| parent.block.as_mut()) {
            Some(block) => block.statements.push(statement),
            None => self.built.statements.push(statement),
        }
    }

    fn report(&mut self, tok: &Tok, diagnostic: impl FnOnce(Span) -> Diagnostic) {
        self.built.diagnostics.push(diagnostic(tok.token.span).brought_by(tok.token.origin.clone()));
    }
}
