//! The top level: addresses and what belongs to them, snippets, named routes, global options.

use std::rc::Rc;

use crate::{
    BlockKind, Diagnostic, Quote, ServerBlock, Span, Statement, errors,
    expand::{Expander, cursor::Tok, statements},
};

/// What stands before a block.
#[derive(Default)]
struct Head {
    keys: Vec<Tok>,
    has_braces: bool,
    /// The text ended here.
    at_end: bool,
    /// A brace that was part of the last address, in error.
    open: Option<Span>,
}

/// What stands between two braces, or after a head without braces.
#[derive(Default)]
struct Body {
    statements: Vec<Statement>,
    end: Option<Span>,
    /// Some statement reached the end of the text and was reported for it.
    cut_off: bool,
}

impl Expander<'_> {
    pub(super) fn all_blocks(&mut self) {
        while self.cursor.peek().is_some() {
            self.block();
        }
    }

    fn block(&mut self) {
        let head = self.head();
        if head.at_end {
            return self.push_block(BlockKind::Site, head, Body::default(), None);
        }
        if let [key] = head.keys.as_slice() {
            let text = key.token.text.clone();
            if let Some(name) = text.strip_prefix("&(").and_then(|rest| rest.strip_suffix(')')) {
                let mut key = key.clone();
                key.token.text = name.into();
                return self.named_route(Head { keys: vec![key], ..head });
            }
            if let Some(name) = snippet_name(&text) {
                return self.snippet(key, &name.into());
            }
        }
        self.site(head);
    }

    /// Reads site addresses up to the block or the end of the line. A comma continues on the next line.
    fn head(&mut self) -> Head {
        let mut head = Head::default();
        let mut expecting = false;
        loop {
            let Some(tok) = self.cursor.peek() else {
                if expecting {
                    self.report_end();
                }
                head.at_end = true;
                return head;
            };
            if tok.text().starts_with('@') {
                let tok = tok.clone();
                self.report_at(&tok, |span| errors::matcher_outside_site(span, tok.text()));
                self.skip_statement();
                return head;
            }
            if tok.text() == "import" && self.cursor.at_line_start() {
                self.import(0);
                // Whatever was imported belongs to the head, even if it begins a line.
                continue;
            }
            if tok.opens() {
                if expecting {
                    let tok = tok.clone();
                    self.report_at(&tok, |span| errors::expected_address(span, tok.text()));
                }
                head.has_braces = true;
                return head;
            }
            let Some(tok) = self.cursor.next() else { continue };
            if tok.token.quote == Quote::None && tok.text().ends_with('{') {
                self.report_at(&tok, |span| errors::address_with_brace(span, tok.text()));
                head.open = Some(Span { start: tok.token.span.end.saturating_sub(1), ..tok.token.span });
                head.has_braces = true;
                self.address(&tok, &tok.text()[..tok.text().len() - 1], &mut head.keys);
                return head;
            }
            if !tok.text().is_empty() {
                expecting = tok.text().ends_with(',');
                self.address(&tok, tok.text().strip_suffix(',').unwrap_or(tok.text()), &mut head.keys);
            }
            if !expecting && self.cursor.peek().is_some() && self.cursor.at_line_start() {
                return head;
            }
        }
    }

    /// Adds one address to `keys`.
    fn address(&mut self, tok: &Tok, address: &str, keys: &mut Vec<Tok>) {
        if address.contains(',') {
            self.report_at(tok, |span| errors::address_with_comma(span, address));
        }
        for part in address.split(',').filter(|part| !part.is_empty()) {
            let mut key = tok.clone();
            key.token.text = part.into();
            keys.push(key);
        }
    }

    /// Reports something about the token that comes next.
    fn report_next(&mut self, diagnostic: impl FnOnce(Span) -> Diagnostic) {
        if let Some(tok) = self.cursor.peek().cloned() {
            self.report_at(&tok, diagnostic);
        }
    }

    fn report_end(&mut self) {
        if let Some(last) = self.cursor.last().cloned() {
            self.report_at(&last, errors::unexpected_eof);
        }
    }

    /// Passes over a line that has no place here, with its block.
    fn skip_statement(&mut self) {
        self.cursor.next();
        while self.cursor.next_argument().is_some() {}
        self.cursor.next_block();
    }

    /// Takes the brace that has to come now. `None` is reported.
    fn open_brace(&mut self, key: &Tok, head: &Head) -> Option<Span> {
        if let Some(open) = head.open.or_else(|| self.cursor.next_if(Tok::opens).map(|tok| tok.token.span)) {
            return Some(open);
        }
        let tok = self.cursor.peek()?.clone();
        if tok.text() == "import" && snippet_name(key.text()).is_some() {
            self.report_at(&tok, errors::options_after_import);
        } else {
            self.report_at(&tok, |span| {
                errors::syntax(span, tok.text(), "{").label(key.token.span, "for this")
            });
        }
        None
    }

    /// Takes the tokens up to the brace that closes `open`, which is taken too. Only braces count here.
    fn raw_block(&mut self, open: Span) -> (Vec<Tok>, Option<Tok>) {
        let mut tokens = Vec::new();
        let mut depth = 1;
        while let Some(tok) = self.cursor.next() {
            if tok.closes() {
                depth -= 1;
                if depth == 0 {
                    return (tokens, Some(tok));
                }
            } else if tok.opens() {
                depth += 1;
            }
            tokens.push(tok);
        }
        if let Some(last) = self.cursor.last().cloned() {
            self.report_at(&last, |span| {
                errors::syntax(span, last.text(), "}").label(open, "this block is never closed")
            });
        }
        (tokens, None)
    }

    /// `(name) { … }`: kept for those who import it.
    fn snippet(&mut self, key: &Tok, name: &Rc<str>) {
        let Some(tok) = self.cursor.peek().cloned() else { return };
        let first = self.snippets.get(name).map(|snippet| snippet.declared);
        if first.is_some() {
            let place = if key.token.line == tok.token.line { key } else { &tok };
            self.report_at(place, |span| errors::snippet_redeclared(span, name, first));
        }
        let head = Head::default();
        let Some(open) = self.open_brace(key, &head) else { return };
        let (mut tokens, _) = self.raw_block(open);
        for tok in &mut tokens {
            tok.snippet = Some(name.clone());
        }
        if first.is_none() {
            self.define_snippet(key, name, tokens);
        }
    }

    /// `&(name) { … }`: the block is taken by its braces alone and its imports are followed afterwards.
    fn named_route(&mut self, head: Head) {
        let Some(open) = self.open_brace(&head.keys[0], &head) else { return };
        let before = self.cursor.last().cloned();
        let (tokens, close) = self.raw_block(open);
        let end = close.as_ref().map(|tok| tok.token.span);
        let rest = std::mem::take(&mut self.cursor);
        self.cursor.insert(tokens, before);
        let mut expanded = Vec::new();
        while let Some(tok) = self.cursor.peek() {
            if tok.text() == "import" && self.cursor.at_line_start() {
                self.import_in_route();
            } else {
                expanded.extend(self.cursor.next());
            }
        }
        self.cursor = rest;
        let built = statements::build_block(expanded);
        for diagnostic in built.diagnostics {
            self.report(diagnostic);
        }
        let body = Body { statements: built.statements, end, cut_off: false };
        self.push_block(BlockKind::NamedRoute, head, body, Some(open));
    }

    fn site(&mut self, head: Head) {
        let open = head.open.or_else(|| self.cursor.next_if(Tok::opens).map(|tok| tok.token.span));
        let mut body = self.body();
        match (open, body.end, self.cursor.last().cloned()) {
            (None, Some(end), _) => {
                self.report(errors::closing_brace_of_nothing(end));
                body.end = None;
            }
            // Caddy only looks whether the last word of the file is a brace, whatever it closed.
            (Some(open), None, Some(last)) if last.closes() && !body.cut_off => {
                self.report_at(&last, |span| errors::missing_last_brace(span, open));
            }
            (Some(open), None, Some(last)) if !body.cut_off => self.report_at(&last, |span| {
                errors::syntax(span, last.text(), "}").label(open, "this block is never closed")
            }),
            _ => {}
        }
        let kind =
            if head.keys.is_empty() && self.blocks.is_empty() { BlockKind::Global } else { BlockKind::Site };
        self.push_block(kind, head, body, open);
    }

    /// Reads directives up to the brace that closes the site, or to the end.
    fn body(&mut self) -> Body {
        let mut body = Body::default();
        while let Some(tok) = self.cursor.peek() {
            if tok.closes() {
                body.end = self.cursor.next().map(|tok| tok.token.span);
                return body;
            }
            if tok.text() == "import" {
                self.import(1);
                continue;
            }
            let (segment, cut_off) = self.segment();
            body.cut_off |= cut_off;
            let built = statements::build_segment(segment);
            for diagnostic in built.diagnostics {
                self.report(diagnostic);
            }
            body.statements.extend(built.statements);
        }
        body
    }

    /// Takes a directive: a line and the block that it opens. Says also whether the text ended inside the block.
    fn segment(&mut self) -> (Vec<Tok>, bool) {
        let mut segment: Vec<Tok> = self.cursor.next().into_iter().collect();
        let mut open = Vec::new();
        if let Some(first) = segment.first().filter(|tok| tok.opens()).cloned() {
            self.report_at(&first, errors::nameless_block);
            open.push(first.token.span);
        }
        while let Some(tok) = self.cursor.peek() {
            let line_start = self.cursor.at_line_start();
            if tok.opens() {
                open.push(tok.token.span);
                if !self.cursor.at_line_end() {
                    self.report_next(errors::word_after_brace);
                } else if line_start {
                    self.report_next(errors::brace_on_new_line);
                }
            } else if tok.token.is_bare("{}") {
                if self.cursor.at_line_end() {
                    self.report_next(errors::empty_braces);
                    self.cursor.next();
                    continue;
                }
            } else if line_start && open.is_empty() {
                break;
            } else if tok.closes() {
                if open.pop().is_none() {
                    // Most likely it was meant to close what is around this line.
                    self.report_next(errors::unmatched_brace);
                    break;
                }
            } else if line_start && tok.text() == "import" {
                self.import(1);
                continue;
            }
            segment.extend(self.cursor.next());
        }
        if let (Some(&open), Some(last)) = (open.last(), self.cursor.last().cloned()) {
            self.report_at(&last, |span| {
                errors::unexpected_eof(span).label(open, "this block is never closed")
            });
            return (segment, true);
        }
        (segment, false)
    }

    fn push_block(&mut self, kind: BlockKind, head: Head, body: Body, open: Option<Span>) {
        let keys: Vec<_> = head.keys.into_iter().map(|tok| tok.token).collect();
        if keys.is_empty() && body.statements.is_empty() {
            return;
        }
        let last = body.statements.last().map(Statement::full_span);
        let spans = keys.iter().map(|key| key.span).chain(open).chain(last).chain(body.end);
        let Some(span) = spans.reduce(Span::to) else { return };
        self.blocks.push(ServerBlock {
            kind,
            keys,
            has_braces: head.has_braces,
            span,
            statements: body.statements,
        });
    }
}

/// The name in `(name)`.
fn snippet_name(key: &str) -> Option<&str> {
    key.strip_prefix('(')?.strip_suffix(')')
}
