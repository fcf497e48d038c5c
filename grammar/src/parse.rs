//! One text to its lossless tree, without following imports or substituting anything.

#[cfg(test)]
mod tests;

use crate::{
    SourceId, Span, errors,
    lexer::{Lexeme, LexemeKind, lex_into},
    tree::{Braces, Line, Node, Parse, Part, Tree},
};

/// Braces below this depth are words, so that walking a tree cannot exhaust the stack.
const MAX_DEPTH: usize = 128;

/// Parses `text`. Never fails: whatever is wrong is in the diagnostics, and every byte is in the tree.
#[must_use]
pub fn parse(text: &str) -> Parse<'_> {
    let span = |start, end| Span { source: SourceId::FIRST, start, end };
    let mut parser = Parser { levels: vec![Level::default()] };
    let mut unmatched = Vec::new();
    let problems = lex_into(text, &mut |lexeme| {
        if parser.levels.len() == 1 && lexeme.is_bare("}") {
            unmatched.push(errors::unmatched_brace(span(lexeme.start, lexeme.end())));
        }
        parser.push(lexeme);
    });
    let problems = problems.iter();
    let mut diagnostics: Vec<_> = problems
        .map(|problem| errors::lexer(&problem.kind, span(problem.range.start, problem.range.end)))
        .chain(unmatched)
        .collect();
    for level in &parser.levels {
        if let Some(open) = &level.open {
            diagnostics.push(errors::never_closed(span(open.start, open.end())));
        }
    }
    while parser.levels.len() > 1 {
        parser.close(None);
    }
    Parse { tree: Tree { nodes: parser.levels.pop().map(Level::finish).unwrap_or_default() }, diagnostics }
}

struct Parser<'a> {
    /// The blocks around the current place; the first is the text itself.
    levels: Vec<Level<'a>>,
}

#[derive(Default)]
struct Level<'a> {
    open: Option<Lexeme<'a>>,
    nodes: Vec<Node<'a>>,
    line: Line<'a>,
}

impl<'a> Level<'a> {
    fn end_line(&mut self) {
        if !self.line.parts.is_empty() {
            self.nodes.push(Node::Line(std::mem::take(&mut self.line)));
        }
    }

    fn finish(mut self) -> Vec<Node<'a>> {
        self.end_line();
        self.nodes
    }
}

impl<'a> Parser<'a> {
    fn push(&mut self, lexeme: Lexeme<'a>) {
        let depth = self.levels.len();
        if lexeme.is_bare("{") && depth <= MAX_DEPTH {
            return self.levels.push(Level { open: Some(lexeme), ..Level::default() });
        }
        if lexeme.is_bare("}") && depth > 1 {
            return self.close(Some(lexeme));
        }
        let Some(level) = self.levels.last_mut() else { return };
        if lexeme.kind == LexemeKind::Newline {
            level.end_line();
        }
        let is_word = matches!(lexeme.kind, LexemeKind::Word(_) | LexemeKind::Void);
        if is_word || !level.line.parts.is_empty() {
            level.line.parts.push(Part::Lexeme(lexeme));
        } else {
            level.nodes.push(Node::Trivia(lexeme));
        }
    }

    /// Ends the innermost block and adds it to the line that opened it.
    fn close(&mut self, close: Option<Lexeme<'a>>) {
        let Some(mut level) = self.levels.pop() else { return };
        let (Some(open), Some(parent)) = (level.open.take(), self.levels.last_mut()) else { return };
        parent.line.parts.push(Part::Braces(Box::new(Braces { open, nodes: level.finish(), close })));
    }
}
