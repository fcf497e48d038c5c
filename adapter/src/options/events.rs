//! `events`: what is to be done when something happens in the server.

use caddis_config::events::{App, Subscription};
use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    args::Args,
    cx::{Cx, Parsed},
    directives::lenient::only_block,
    errors,
    table::{Row, Shape, block_row, read_block},
};

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let mut app = App::default();
    if only_block(cx, line) {
        read_block(cx, line, ROWS, &mut app);
    }
    options.events = Some(app);
    Ok(())
}

pub(crate) static ROWS: &[Row<App>] = &[block_row("on", Shape::Some("event handler"), |app, line, cx| {
    let [event, _handler, ..] = line.args() else {
        return Err(errors::missing_argument(line));
    };
    // The empty name stands for every event.
    let event = if &*event.text == "*" { String::new() } else { event.text.to_string() };
    let handler = cx.module(&line.from(2))?;
    app.subscriptions.push(Subscription {
        events: vec![event],
        handlers: vec![handler],
        ..Subscription::default()
    });
    Ok(())
})];
