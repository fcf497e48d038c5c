//! `default_bind`: where sites without `bind` listen.

use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    args::Value,
    cx::{Cx, Parsed},
    errors, lint,
    listeners::Bind,
    table::{Row, Shape, read_block_or, row},
};

/// Several lines add up.
pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    lint::judge_listeners(cx, line.args());
    let mut bind = Bind { addresses: line.args().iter().map(Value::string).collect(), ..Bind::default() };
    if bind.addresses.is_empty() {
        bind.addresses.push(String::new());
    }
    read_block_or(cx, line, ROWS, &mut bind, |_, line, _| {
        Err(errors::options::unknown_bind_subdirective(line.name()))
    });
    options.default_bind.get_or_insert_default().push(bind);
    Ok(())
}

pub(crate) static ROWS: &[Row<Bind>] = &[row("protocols", Shape::Any("h1|h2|h2c|h3"), |bind, line, _| {
    if line.args().is_empty() {
        return Err(errors::options::no_protocols(line));
    }
    bind.protocols = line.args().iter().map(Value::string).collect();
    Ok(())
})];
