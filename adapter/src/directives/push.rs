//! `push`: sends resources before the client asks for them.

use caddis_config::http::handlers::{Push, PushResource};
use caddis_grammar::Statement;

use super::header_ops::Field;
use crate::{
    args::Args,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::lenient::ignore_from,
    errors,
};

/// See `fixtures/directives/push.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "push",
    summary: "Sends resources before the client asks for them.",
    takes_matcher: true,
    ordered: true,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut push = Push::default();
    if let Some(target) = call.line.args().first() {
        push.resources.push(resource("", &target.text));
    }
    // Caddy looks for a block right after the first argument only.
    if !ignore_from(cx, call.line, 1) {
        for line in call.line.children() {
            let outcome = read_line(cx, line, &mut push);
            cx.keep(outcome);
        }
    }
    Ok(call.route(push))
}

/// A line `headers { … }`, or targets, each with an optional method before it.
fn read_line(cx: &mut Cx<'_>, line: &Statement, push: &mut Push) -> Parsed<()> {
    if &*line.name().text == "headers" {
        line.none()?;
        for field in line.children() {
            let outcome = read_field(field, push);
            cx.keep(outcome);
        }
        return Ok(());
    }
    line.no_braces()?;
    let mut words = line.words.iter();
    while let Some(word) = words.next() {
        push.resources.push(match &*word.text {
            method @ ("GET" | "HEAD") => {
                let target = words.next().ok_or_else(|| errors::missing_argument(line))?;
                resource(method, &target.text)
            }
            target => resource("", target),
        });
    }
    Ok(())
}

fn read_field(line: &Statement, push: &mut Push) -> Parsed<()> {
    line.no_braces()?;
    if let Some(extra) = line.words.get(3) {
        return Err(errors::wrong_argument_count(extra));
    }
    let operations = push.headers.get_or_insert_default();
    Field::of(&line.words).map_or(Ok(()), |field| field.apply(operations, None))
}

fn resource(method: &str, target: &str) -> PushResource {
    PushResource { method: method.to_owned(), target: target.to_owned() }
}
