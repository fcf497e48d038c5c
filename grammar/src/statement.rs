//! What expansion leaves: blocks of statements, each a line of words and perhaps a nested block.

use crate::{
    diagnostic::Diagnostic,
    source::{Sources, Span},
    token::Token,
};

/// A line of words with the block that it opens, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// At least one word.
    pub words: Vec<Token>,
    /// The block between `{` at the end of the line and its `}`.
    pub block: Option<Block>,
}

/// Statements between braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The opening brace.
    pub open: Span,
    /// The closing brace; the end of the text where it is missing.
    pub close: Span,
    /// The lines between them.
    pub statements: Vec<Statement>,
}

impl Statement {
    /// The first word.
    #[must_use]
    pub fn name(&self) -> &Token {
        &self.words[0]
    }

    /// The words after the first.
    #[must_use]
    pub fn args(&self) -> &[Token] {
        &self.words[1..]
    }

    /// The lines of the nested block; none where there is no block.
    #[must_use]
    pub fn children(&self) -> &[Statement] {
        self.block.as_ref().map_or(&[], |block| &block.statements)
    }

    /// From the first word to the last.
    #[must_use]
    pub fn span(&self) -> Span {
        self.words.iter().fold(self.name().span, |span, word| span.to(word.span))
    }

    /// From the first word to the closing brace.
    #[must_use]
    pub fn full_span(&self) -> Span {
        self.block.as_ref().map_or(self.span(), |block| self.span().to(block.close))
    }
}

/// What a block at the top level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Without any key and first in the file: global options.
    Global,
    /// `&(name) { … }`. Its only key is the name, without the decoration.
    NamedRoute,
    /// Everything else, including a keyless block that is not first (the adapter rejects it).
    Site,
}

/// A block at the top level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerBlock {
    /// What it is.
    pub kind: BlockKind,
    /// The site addresses, without the commas between them.
    pub keys: Vec<Token>,
    /// Whether it was written with braces; a single site need not be.
    pub has_braces: bool,
    /// From the first key (or the brace) to the last statement.
    pub span: Span,
    /// The directives, matcher definitions or options.
    pub statements: Vec<Statement>,
}

/// A Caddyfile with nothing left to import or substitute.
#[derive(Debug, Clone, Default)]
pub struct Expanded {
    /// The main text first, then each imported file in the order of first use.
    pub sources: Sources,
    /// The blocks in source order; snippets are gone.
    pub blocks: Vec<ServerBlock>,
    /// What was wrong, in the order in which it was found. Blocks hold what could be understood all the same.
    pub diagnostics: Vec<Diagnostic>,
    /// Caddy's warning for a main text that its formatter would change.
    pub unformatted: Option<Diagnostic>,
}
