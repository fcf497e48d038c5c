//! Statements to JSON, by the declaration of a plugin.

use caddis_config::{
    Encode, Module,
    dns::DnsProvider,
    go,
    http::{
        ip_sources::IpSource,
        reverse_proxy::{SelectionPolicy, Transport, UpstreamSource},
    },
    network_proxy::NetworkProxy,
    storage::Storage,
    tls::{CaPool, CertificateManager, Issuer},
};
use caddis_grammar::{Statement, Token};
use serde_json::{Map, Value as Json};

use super::{Field, Kind, Object, Words, values};
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors, matchers,
    modules::Pluggable,
    registry::Unknown,
    response_matchers,
};

/// What a statement becomes. `before` is the value so far, to which lists and objects are added.
pub(super) fn read(
    cx: &mut Cx<'_>,
    statement: &Statement,
    kind: &Kind,
    before: Option<Json>,
) -> Parsed<Json> {
    match kind {
        Kind::Flag(value) => {
            statement.none()?;
            statement.no_block()?;
            Ok(value.clone())
        }
        Kind::Word(word) => {
            statement.no_block()?;
            values::word(*word, statement.name(), statement.one()?)
        }
        Kind::Words(kind) => {
            statement.no_block()?;
            let items = statement.some()?.iter().map(|word| values::word(*kind, statement.name(), word));
            Ok(values::extended(before, items.collect::<Parsed<Vec<_>>>()?))
        }
        Kind::Pairs => {
            statement.no_block()?;
            let [name, value] = statement.exactly()?;
            Ok(values::with_member(before, &name.text, value.string().into()))
        }
        Kind::Headers => {
            statement.no_block()?;
            values::list(statement, before, go::header::canonical)
        }
        Kind::Lists => {
            statement.no_block()?;
            values::list(statement, before, str::to_owned)
        }
        Kind::Object(shape) => object(cx, statement, shape, before),
        Kind::List(shape) => {
            let item = object(cx, statement, shape, None)?;
            Ok(values::extended(before, [item]))
        }
        Kind::Map(shape) => {
            let [name, ..] = statement.some()? else { return Err(errors::missing_argument(statement)) };
            if before.as_ref().is_some_and(|before| before.get(&*name.text).is_some()) {
                return Err(errors::already_specified(name, &format!("'{}'", name.text)));
            }
            let member = object(cx, &statement.from(1), shape, None)?;
            Ok(values::with_member(before, &name.text, member))
        }
        Kind::Matchers => {
            let set = matchers::nested_set(cx, statement)?;
            Ok(values::extended(before, [values::json(&set)]))
        }
        Kind::ResponseMatcher => Ok(values::json(&response_matchers::read(cx, statement)?)),
        Kind::Routes => {
            statement.none()?;
            let routes = cx.subroute(statement.children(), true)?.routes;
            Ok(values::extended(before, routes.iter().map(values::json)))
        }
        Kind::Module { namespace, key } => {
            statement.some()?;
            module(cx, &statement.from(1), namespace, key)
        }
        Kind::Raw => {
            cx.skip(errors::plugins::raw(statement, None), Unknown::SkipRaw)?;
            Ok(Json::Null)
        }
    }
}

fn object(cx: &mut Cx<'_>, statement: &Statement, shape: &Object, before: Option<Json>) -> Parsed<Json> {
    let mut members = match before {
        Some(Json::Object(members)) => members,
        _ => shape.defaults.clone(),
    };
    match &shape.words {
        Words::Line if !statement.args().is_empty() => {
            // The block belongs to the directive, not to the line in its words.
            let inline = Statement { words: statement.args().to_vec(), block: None };
            line(cx, &inline, shape, &mut members)?;
        }
        Words::Line => {}
        Words::Members(fields) => {
            let mut words = statement.args();
            for member in fields {
                if words.is_empty() && member.optional {
                    break;
                }
                let taken = if matches!(member.field.kind, Kind::Words(_)) {
                    words.len()
                } else {
                    1.min(words.len())
                };
                let (mine, rest) = words.split_at(taken);
                words = rest;
                let mine = std::iter::once(statement.name()).chain(mine).cloned().collect();
                let single = Statement { words: mine, block: None };
                set(cx, &single, shape, &member.field, &mut members)?;
            }
            if let Some(extra) = words.first() {
                return Err(errors::wrong_argument_count(extra));
            }
        }
    }
    if shape.lines.is_empty() && shape.other.is_none() {
        statement.no_block()?;
    }
    for child in statement.children() {
        let outcome = line(cx, child, shape, &mut members);
        cx.keep(outcome);
    }
    Ok(Json::Object(members))
}

/// Puts one line of a block into the members.
fn line(cx: &mut Cx<'_>, line: &Statement, shape: &Object, members: &mut Map<String, Json>) -> Parsed<()> {
    if let Some(field) = shape.lines.get(&*line.name().text) {
        return set(cx, line, shape, field, members);
    }
    let Some(field) = &shape.other else {
        return Err(errors::unknown_subdirective(line.name(), shape.lines.keys().map(String::as_str)));
    };
    // The name is a word like the others here, and something has to stand in its place.
    let words: Vec<Token> = std::iter::once(line.name()).chain(&line.words).cloned().collect();
    set(cx, &Statement { words, block: line.block.clone() }, shape, field, members)
}

fn set(
    cx: &mut Cx<'_>,
    line: &Statement,
    shape: &Object,
    field: &Field,
    members: &mut Map<String, Json>,
) -> Parsed<()> {
    let Some((name, outer)) = field.path.split_last() else {
        let before = field.kind.has_names().then(|| Json::Object(members.clone()));
        if let Json::Object(more) = read(cx, line, &field.kind, before)? {
            members.extend(more);
        }
        return Ok(());
    };
    let before = values::at(members, outer).and_then(|inner| inner.get(name)).cloned();
    let value = read(cx, line, &field.kind, before)?;
    let is_default = values::at(&shape.defaults, outer).is_some_and(|inner| inner.contains_key(name));
    if !values::is_empty(&value) || field.keep_empty || is_default {
        values::put(members, outer, name, Some(value));
    } else if values::at(members, outer).is_some() {
        values::put(members, outer, name, None);
    }
    Ok(())
}

/// The module that a statement names with its first word, as an object with the name under `key`.
fn module(cx: &mut Cx<'_>, statement: &Statement, namespace: &str, key: &str) -> Parsed<Json> {
    let standard = [
        standard::<CaPool>,
        standard::<CertificateManager>,
        standard::<DnsProvider>,
        standard::<IpSource>,
        standard::<Issuer>,
        standard::<NetworkProxy>,
        standard::<SelectionPolicy>,
        standard::<Storage>,
        standard::<Transport>,
        standard::<UpstreamSource>,
    ];
    for read in standard {
        if let Some(json) = read(cx, statement, namespace)? {
            return Ok(json);
        }
    }
    let registry = cx.registry;
    let name = statement.name();
    let Some(module) = registry.module(namespace, &name.text) else {
        let finding = errors::unknown_module(name, namespace, registry.module_names(namespace));
        cx.skip(finding, Unknown::SkipAll)?;
        return Ok(values::with_member(None, key, name.string().into()));
    };
    let module = module.read(cx, statement)?;
    Ok(values::with_member(Some(module.config), key, module.name.into()))
}

/// The same for a namespace of standard modules; `None` where it is another.
fn standard<T: Pluggable + Module + Encode>(
    cx: &mut Cx<'_>,
    statement: &Statement,
    namespace: &str,
) -> Parsed<Option<Json>> {
    if namespace != <T as Pluggable>::NAMESPACE {
        return Ok(None);
    }
    cx.module::<T>(statement).map(|module| Some(values::json(&module)))
}
