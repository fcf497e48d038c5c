//! Tokens one after another, with what the parser needs to know about each besides its text.

use std::rc::Rc;

use crate::{
    source::{SourceId, Span},
    token::{Quote, Token},
};

/// A token with the parts of its history that decide where Caddy sees a line end.
#[derive(Debug, Clone)]
pub(crate) struct Tok {
    pub(crate) token: Token,
    /// The imports as Caddy remembers them: those that brought the definition of the token, then the one that used it.
    pub(crate) chain: Option<Rc<Link>>,
    /// The snippet whose block the token was written in.
    pub(crate) snippet: Option<Rc<str>>,
}

/// One import in the memory of Caddy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) source: SourceId,
    pub(crate) line: u32,
    pub(crate) snippet: Option<Rc<str>>,
    pub(crate) parent: Option<Rc<Link>>,
}

impl Tok {
    pub(crate) fn text(&self) -> &str {
        &self.token.text
    }

    pub(crate) fn opens(&self) -> bool {
        self.token.is_bare("{")
    }

    pub(crate) fn closes(&self) -> bool {
        self.token.is_bare("}")
    }

    /// Whether `next` stands on another line: of another file, of another import, or further down.
    pub(crate) fn ends_line_before(&self, next: &Tok) -> bool {
        self.token.span.source != next.token.span.source
            || !same_chain(self.chain.as_ref(), next.chain.as_ref())
            || (self.token.line < next.token.line && self.last_line() < next.token.line)
    }

    fn last_line(&self) -> u32 {
        let breaks = self.token.text.bytes().filter(|&byte| byte == b'\n').count() as u32;
        // The opening of a heredoc and its last line feed are not in the text.
        let hidden = if self.token.quote == Quote::Heredoc { 2 } else { 0 };
        self.token.line + breaks + hidden
    }
}

fn same_chain(left: Option<&Rc<Link>>, right: Option<&Rc<Link>>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => Rc::ptr_eq(left, right) || left == right,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// A place in a list of tokens that grows where it is read.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    /// What is to come, last first.
    pending: Vec<Tok>,
    last: Option<Tok>,
}

impl Cursor {
    pub(crate) fn new(mut tokens: Vec<Tok>) -> Self {
        tokens.reverse();
        Self { pending: tokens, last: None }
    }

    /// The token that was taken last.
    pub(crate) fn last(&self) -> Option<&Tok> {
        self.last.as_ref()
    }

    pub(crate) fn peek(&self) -> Option<&Tok> {
        self.pending.last()
    }

    /// Whether the word `text` is still to come.
    pub(crate) fn comes(&self, text: &str) -> bool {
        self.pending.iter().any(|tok| tok.text() == text)
    }

    /// The place of the very last token.
    pub(crate) fn farthest(&self) -> Option<Span> {
        self.pending.first().or(self.last.as_ref()).map(|tok| tok.token.span)
    }

    pub(crate) fn next(&mut self) -> Option<Tok> {
        let tok = self.pending.pop()?;
        self.last = Some(tok.clone());
        Some(tok)
    }

    pub(crate) fn next_if(&mut self, wanted: impl FnOnce(&Tok) -> bool) -> Option<Tok> {
        if wanted(self.peek()?) { self.next() } else { None }
    }

    /// Puts tokens before what is to come. `last` becomes the token that counts as taken before them.
    pub(crate) fn insert(&mut self, tokens: Vec<Tok>, last: Option<Tok>) {
        self.pending.extend(tokens.into_iter().rev());
        self.last = last;
    }

    /// Whether the next token begins a line.
    pub(crate) fn at_line_start(&self) -> bool {
        match (&self.last, self.peek()) {
            (None, _) => true,
            (Some(last), Some(next)) => last.ends_line_before(next),
            (Some(_), None) => false,
        }
    }

    /// Whether nothing follows the last token on its line.
    fn at_break(&self) -> bool {
        self.peek().is_none() || self.at_line_start()
    }

    /// Whether nothing follows the next token on its line.
    pub(crate) fn at_line_end(&self) -> bool {
        match self.pending.as_slice() {
            [.., after, next] => next.ends_line_before(after),
            _ => true,
        }
    }

    /// How many arguments follow the last token.
    pub(crate) fn count_arguments(&self) -> usize {
        let Some(mut last) = self.last.as_ref() else { return 0 };
        let arguments = self.pending.iter().rev().take_while(|tok| {
            let on_line = !tok.opens() && !last.ends_line_before(tok);
            last = tok;
            on_line
        });
        arguments.count()
    }

    /// Takes the next token if it is an argument: on the same line, and no `{`.
    pub(crate) fn next_argument(&mut self) -> Option<Tok> {
        if self.at_line_start() {
            return None;
        }
        self.next_if(|tok| !tok.opens())
    }

    /// Takes the block that opens on this line, if one does, and returns what is between its braces.
    ///
    /// A brace that something follows on the same line is no brace: it is dropped. That is Caddy's rule inside
    /// blocks, and files rely on it without knowing. `None` where there is no block; the block is not closed when the
    /// tokens run out.
    pub(crate) fn next_block(&mut self) -> Option<Taken> {
        if self.at_line_start() {
            return None;
        }
        let open = self.next_if(Tok::opens)?;
        let mut taken = Taken { open, tokens: Vec::new(), closed: false };
        if self.next_if(Tok::closes).is_some() {
            taken.closed = true;
            return Some(taken);
        }
        // Whatever comes first is a word, even a brace.
        taken.tokens.extend(self.next());
        let mut depth = 1;
        while let Some(mut tok) = self.next() {
            if tok.closes() && self.at_break() {
                depth -= 1;
                if depth == 0 {
                    taken.closed = true;
                    break;
                }
            } else {
                if tok.closes() {
                    tok = self.next().unwrap_or(tok);
                }
                if tok.opens() && self.at_break() {
                    depth += 1;
                } else if tok.opens() {
                    tok = self.next().unwrap_or(tok);
                }
            }
            taken.tokens.push(tok);
        }
        Some(taken)
    }
}

/// A block that was taken whole.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) open: Tok,
    pub(crate) tokens: Vec<Tok>,
    pub(crate) closed: bool,
}
