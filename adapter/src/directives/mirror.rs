//! `mirror`: answers from one block of directives and sends a copy of the request through others.

use caddis_config::{
    go::number::parse_float,
    http::handlers::{Mirror, Subroute},
};
use caddis_grammar::{Statement, Token};

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    source_map::Origin,
    table::{Row, Shape, block_row, read_block, row},
    values::{duration, integer, size},
};

/// See `fixtures/directives/mirror.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "mirror",
    summary: "Answers from one block of directives and sends a copy of the request through others.",
    takes_matcher: true,
    ordered: true,
    read,
};

#[rustfmt::skip]
pub(crate) static ROWS: &[Row<Draft>] = &[
    // Who gets the request.
    block_row("primary", Shape::Flag, |draft, line, cx| branch(&mut draft.primary, line, cx)),
    block_row("secondary", Shape::Flag, secondary),
    block_row("baseline", Shape::Flag, |draft, line, cx| branch(&mut draft.baseline, line, cx)),
    // What is mirrored.
    row("mirror_rate", Shape::One("percent"), mirror_rate),
    row("mirror_by", Shape::One("placeholders"), |draft, line, _| {
        draft.mirror.mirror_by = line.one()?.string();
        Ok(())
    }),
    row("methods", Shape::Some("method"), |draft, line, _| {
        draft.mirror.methods.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("mirror_body", Shape::One("on|off"), mirror_body),
    row("max_body", Shape::One("size"), |draft, line, _| {
        draft.mirror.max_body = size(line.one()?, "bad max_body")?;
        Ok(())
    }),
    row("max_lag", Shape::One("size"), |draft, line, _| {
        draft.mirror.max_lag = size(line.one()?, "bad max_lag")?;
        Ok(())
    }),
    row("max_in_flight", Shape::One("count"), |draft, line, _| {
        draft.mirror.max_in_flight = integer(line.one()?, "bad max_in_flight")?;
        Ok(())
    }),
    row("secondary_timeout", Shape::One("duration"), |draft, line, _| {
        let word = line.one()?;
        duration(word, "error parsing timeout")?;
        draft.mirror.secondary_timeout = word.string();
        Ok(())
    }),
    // What is compared.
    row("compare_status", Shape::Flag, |draft, _, _| set(&mut draft.mirror.compare_status)),
    row("compare_headers", Shape::Some("field"), |draft, line, _| {
        draft.mirror.compare_headers.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("compare_body", Shape::Flag, |draft, _, _| set(&mut draft.mirror.compare_body)),
    row("compare_jq", Shape::Some("query"), |draft, line, _| {
        draft.mirror.compare_jq.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    block_row("compare_json", Shape::Flag, compare_json),
    row("compare_max_size", Shape::One("size"), |draft, line, _| {
        draft.mirror.compare_max_size = size(line.one()?, "bad compare_max_size")?;
        Ok(())
    }),
    row("learn", Shape::One("count"), |draft, line, _| {
        draft.mirror.learn = integer(line.one()?, "bad learn count")?;
        Ok(())
    }),
    // How it is told.
    row("no_log", Shape::Flag, |draft, _, _| set(&mut draft.mirror.no_log)),
    row("log_level", Shape::One("level"), log_level),
    row("metrics", Shape::One("prefix"), |draft, line, _| {
        draft.mirror.metrics_name = line.one()?.string();
        Ok(())
    }),
];

static JSON: &[Row<caddis_config::http::handlers::CompareJson>] = &[
    row("ignore", Shape::Some("path"), |json, line, _| {
        json.ignore.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("unordered", Shape::Some("path"), |json, line, _| {
        json.unordered.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
];

/// A mirror while its lines are read.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    mirror: Mirror,
    primary: Option<Branch>,
    secondaries: Vec<Branch>,
    baseline: Option<Branch>,
}

/// A block of directives, and where its routes come from.
#[derive(Debug)]
struct Branch {
    routes: Subroute,
    origins: Vec<Origin>,
}

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    call.line.none()?;
    let mut draft = Draft::default();
    read_block(cx, call.line, ROWS, &mut draft);
    Ok(call.route(draft.finish(cx, call.line)?))
}

impl Draft {
    /// # Errors
    /// The primary or the secondary is missing.
    fn finish(mut self, cx: &mut Cx<'_>, line: &Statement) -> Parsed<Mirror> {
        let missing = |name| errors::handlers::branch_required(line, name);
        // The origins go into the order in which `source_map` lists the routes, whatever order they were written in.
        let mut settle = |branch: Branch| {
            cx.nested.push(branch.origins);
            branch.routes
        };
        self.mirror.primary = Some(settle(self.primary.ok_or_else(|| missing("primary"))?));
        let mut secondaries = self.secondaries.into_iter();
        self.mirror.secondary = Some(settle(secondaries.next().ok_or_else(|| missing("secondary"))?));
        self.mirror.more_secondaries = secondaries.map(&mut settle).collect();
        self.mirror.baseline = self.baseline.map(settle);
        Ok(self.mirror)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the end of a setter")]
fn set(setting: &mut bool) -> Parsed<()> {
    *setting = true;
    Ok(())
}

fn branch(slot: &mut Option<Branch>, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    if slot.is_some() {
        return Err(errors::already_specified(line.name(), &line.name().text));
    }
    *slot = Some(read_branch(line, cx)?);
    Ok(())
}

fn secondary(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    draft.secondaries.push(read_branch(line, cx)?);
    Ok(())
}

fn read_branch(line: &Statement, cx: &mut Cx<'_>) -> Parsed<Branch> {
    let routes = cx.subroute(line.children(), true)?;
    Ok(Branch { routes, origins: cx.nested.pop().unwrap_or_default() })
}

fn mirror_rate(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let word: &Token = line.one()?;
    let bad = |reason: &str| errors::proxy::bad_value(word, "bad mirror_rate", reason);
    let number = word.text.strip_suffix('%').unwrap_or(&word.text);
    let rate = parse_float(number).map_err(|reason| bad(&reason))?;
    if !rate.is_finite() {
        return Err(bad("it is a number of percent"));
    }
    draft.mirror.mirror_rate = Some(rate);
    Ok(())
}

fn mirror_body(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let word = line.one()?;
    draft.mirror.mirror_body = match &*word.text {
        "on" => None,
        "off" => Some(false),
        _ => return Err(errors::proxy::bad_value(word, "bad mirror_body", "it is `on` or `off`")),
    };
    Ok(())
}

fn compare_json(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    read_block(cx, line, JSON, draft.mirror.compare_json.get_or_insert_default());
    Ok(())
}

fn log_level(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let word = line.one()?;
    if !Mirror::LOG_LEVELS.contains(&&*word.text) {
        let reason = format!("it is one of {}", Mirror::LOG_LEVELS.join(", "));
        return Err(errors::proxy::bad_value(word, "bad log_level", &reason));
    }
    draft.mirror.log_level = word.string();
    Ok(())
}
