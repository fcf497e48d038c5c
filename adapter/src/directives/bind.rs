//! `bind`: the interfaces that a site listens on.

use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    lint,
    listeners::Bind,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/directives/bind.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "bind",
    summary: "Sets the interfaces that a site listens on.",
    takes_matcher: false,
    ordered: false,
    read: |cx, call: &Call<'_>| Ok(vec![Item::Bind(read_line(cx, call.line)?)]),
};

pub(crate) static ROWS: &[Row<Bind>] = &[row("protocols", Shape::Some("h1|h2|h2c|h3"), |bind, line, _| {
    bind.protocols = line.some()?.iter().map(Value::string).collect();
    Ok(())
})];

/// Reads a line of addresses with the protocols in its block.
pub(crate) fn read_line(cx: &mut Cx<'_>, line: &Statement) -> Parsed<Bind> {
    lint::judge_listeners(cx, line.args());
    let addresses = line.args().iter().map(Value::string).collect();
    let mut bind = Bind { addresses, protocols: Vec::new() };
    read_block(cx, line, ROWS, &mut bind);
    Ok(bind)
}
