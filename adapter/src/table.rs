//! Sub-directives as tables: one row a name, from which come the parser, "did you mean" and the page's syntax box.

use caddis_grammar::{Diagnostic, Statement, Token};

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    directives::lenient::ignore_block,
    errors,
};

/// The arguments a row takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// None.
    Flag,
    /// Exactly one, named for the reader.
    One(&'static str),
    /// None or one.
    Optional(&'static str),
    /// At least one.
    Some(&'static str),
    /// Any number, none included; the setter checks further.
    Any(&'static str),
}

/// Whether a row takes a nested block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nested {
    /// A block is an error.
    No,
    /// A block may follow; the setter reads it.
    Yes,
    /// A block is not looked at, as in Caddy, and gets a warning.
    Ignored,
}

/// One sub-directive of a directive, option or module that is being read into a `T`.
pub struct Row<T: 'static> {
    /// The word at the start of the line.
    pub name: &'static str,
    /// Its arguments.
    pub shape: Shape,
    /// Its block.
    pub nested: Nested,
    /// Puts the line into the value. Shape and block were checked before.
    pub set: fn(&mut T, &Statement, &mut Cx<'_>) -> Parsed<()>,
}

/// A row without a block.
pub const fn row<T>(
    name: &'static str,
    shape: Shape,
    set: fn(&mut T, &Statement, &mut Cx<'_>) -> Parsed<()>,
) -> Row<T> {
    Row { name, shape, nested: Nested::No, set }
}

/// A row that may have a block.
pub const fn block_row<T>(
    name: &'static str,
    shape: Shape,
    set: fn(&mut T, &Statement, &mut Cx<'_>) -> Parsed<()>,
) -> Row<T> {
    Row { name, shape, nested: Nested::Yes, set }
}

/// A row that passes over a block.
pub(crate) const fn lenient_row<T>(
    name: &'static str,
    shape: Shape,
    set: fn(&mut T, &Statement, &mut Cx<'_>) -> Parsed<()>,
) -> Row<T> {
    Row { name, shape, nested: Nested::Ignored, set }
}

impl Shape {
    fn check(self, statement: &Statement) -> Parsed<()> {
        match self {
            Shape::Flag => statement.none(),
            Shape::One(_) => statement.one().map(|_| ()),
            Shape::Optional(_) => statement.optional().map(|_| ()),
            Shape::Some(_) => statement.some().map(|_| ()),
            Shape::Any(_) => Ok(()),
        }
    }
}

/// Reads every line of a statement's block by the table. A bad line is reported and the next one read.
pub fn read_block<T>(cx: &mut Cx<'_>, statement: &Statement, table: &'static [Row<T>], value: &mut T) {
    read_block_or(cx, statement, table, value, |_, line, _| Err(unknown(table, line)));
}

/// Reads one line by the table.
///
/// # Errors
/// An unknown name (with the nearest known one as help), a wrong number of arguments, an unexpected block, or what the
/// row's setter says.
pub fn read_line<T>(
    cx: &mut Cx<'_>,
    line: &Statement,
    table: &'static [Row<T>],
    value: &mut T,
) -> Parsed<()> {
    let Some(row) = find(table, line.name()) else { return Err(unknown(table, line)) };
    row.shape.check(line)?;
    match row.nested {
        Nested::No => line.no_block()?,
        Nested::Yes => {}
        Nested::Ignored => ignore_block(cx, line),
    }
    (row.set)(value, line, cx)
}

/// As [`read_line`], for lines that `table` or else `otherwise` knows.
///
/// # Errors
/// As [`read_line`], or what `otherwise` says.
pub fn read_line_or<T>(
    cx: &mut Cx<'_>,
    line: &Statement,
    table: &'static [Row<T>],
    value: &mut T,
    otherwise: impl FnOnce(&mut Cx<'_>, &Statement, &mut T) -> Parsed<()>,
) -> Parsed<()> {
    if find(table, line.name()).is_none() {
        otherwise(cx, line, value)
    } else {
        read_line(cx, line, table, value)
    }
}

/// As [`read_block`], for lines that `table` or else `otherwise` knows.
pub fn read_block_or<T>(
    cx: &mut Cx<'_>,
    statement: &Statement,
    table: &'static [Row<T>],
    value: &mut T,
    mut otherwise: impl FnMut(&mut Cx<'_>, &Statement, &mut T) -> Parsed<()>,
) {
    for line in statement.children() {
        cx.at(line.name(), |cx| {
            let outcome = read_line_or(cx, line, table, value, &mut otherwise);
            cx.keep(outcome);
        });
    }
}

fn unknown<T>(table: &'static [Row<T>], line: &Statement) -> Box<Diagnostic> {
    errors::unknown_subdirective(line.name(), table.iter().map(|row| row.name))
}

fn find<T>(table: &'static [Row<T>], name: &Token) -> Option<&'static Row<T>> {
    table.iter().find(|row| *row.name == *name.text)
}
