//! `map`: sets variables by what another value is.

use caddis_config::http::handlers::{Map, Mapping};
use caddis_grammar::Statement;
use serde_json::Value as Json;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors, placeholders,
    scalar::scalar,
};

/// See `fixtures/directives/map.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "map",
    summary: "Sets variables by what another value is.",
    takes_matcher: true,
    ordered: true,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let [source, destinations @ ..] = call.line.args() else {
        return Err(errors::missing_argument(call.line));
    };
    if destinations.is_empty() {
        return Err(errors::handlers::map_without_destination(call.line));
    }
    for word in destinations {
        if let Some(shorthand) = placeholders::short_form_of(&word.text) {
            return Err(errors::handlers::map_to_shorthand(word, shorthand));
        }
    }
    let mut map = Map {
        source: source.string(),
        destinations: destinations.iter().map(Value::string).collect(),
        ..Map::default()
    };
    for line in call.line.children() {
        let outcome = read_line(&mut map, line);
        cx.keep(outcome);
    }
    Ok(call.route(map))
}

/// A line `default <outputs…>`, `<input> <outputs…>` or `~<expression> <outputs…>`.
fn read_line(map: &mut Map, line: &Statement) -> Parsed<()> {
    line.no_braces()?;
    let count = map.destinations.len();
    if &*line.name().text == "default" {
        if !map.defaults.is_empty() {
            return Err(errors::handlers::defaults_twice(line.name()));
        }
        map.defaults = line.args().iter().map(Value::string).collect();
        map.defaults.resize(count.max(map.defaults.len()), String::new());
        return Ok(());
    }
    if let Some(extra) = line.args().get(count) {
        return Err(errors::handlers::too_many_outputs(extra, count));
    }
    let mut outputs = Vec::with_capacity(count);
    for word in line.args() {
        // `-` leaves a destination to the default, quoted or not.
        outputs.push(if &*word.text == "-" { Json::Null } else { scalar(word)? });
    }
    outputs.resize(count, Json::Null);
    let (input, input_regexp) = match line.name().text.strip_prefix('~') {
        Some(expression) => (String::new(), expression.to_owned()),
        None => (line.name().string(), String::new()),
    };
    map.mappings.push(Mapping { input, input_regexp, outputs });
    Ok(())
}
