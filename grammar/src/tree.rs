//! The lossless tree of one text: lines, the blocks they open, and every space between.

use crate::{diagnostic::Diagnostic, lexer::Lexeme};

/// What [`parse`](crate::parse) returns.
#[derive(Debug, Clone)]
pub struct Parse<'a> {
    /// The whole text.
    pub tree: Tree<'a>,
    /// What is wrong with it, as far as one text alone can tell. Spans lie in [`SourceId::FIRST`](crate::SourceId::FIRST).
    pub diagnostics: Vec<Diagnostic>,
}

/// A text as nested lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree<'a> {
    /// Everything at the top level.
    pub nodes: Vec<Node<'a>>,
}

/// A line or what stands between lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node<'a> {
    /// White space, a comment on a line of its own, a line feed.
    Trivia(Lexeme<'a>),
    /// From the first word of a line to its end.
    Line(Line<'a>),
}

/// A line of words; its block, if it has one, belongs to it, and so does what follows the closing brace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// Words, blocks and what stands between them.
    pub parts: Vec<Part<'a>>,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// A word or trivia.
    Lexeme(Lexeme<'a>),
    /// A block.
    Braces(Box<Braces<'a>>),
}

/// A block with its braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Braces<'a> {
    /// `{`
    pub open: Lexeme<'a>,
    /// What is between them.
    pub nodes: Vec<Node<'a>>,
    /// `}`, unless the text ends before it.
    pub close: Option<Lexeme<'a>>,
}

impl<'a> Tree<'a> {
    /// All lexemes in the order of the text.
    #[must_use]
    pub fn lexemes(&self) -> Vec<&Lexeme<'a>> {
        let mut out = Vec::new();
        collect(&self.nodes, &mut out);
        out
    }

    /// The text that was parsed.
    #[must_use]
    pub fn text(&self) -> String {
        self.lexemes().into_iter().map(|lexeme| lexeme.raw).collect()
    }
}

/// The depth is bounded by the parser.
fn collect<'t, 'a>(nodes: &'t [Node<'a>], out: &mut Vec<&'t Lexeme<'a>>) {
    for node in nodes {
        match node {
            Node::Trivia(lexeme) => out.push(lexeme),
            Node::Line(line) => {
                for part in &line.parts {
                    match part {
                        Part::Lexeme(lexeme) => out.push(lexeme),
                        Part::Braces(braces) => {
                            out.push(&braces.open);
                            collect(&braces.nodes, out);
                            out.extend(&braces.close);
                        }
                    }
                }
            }
        }
    }
}
