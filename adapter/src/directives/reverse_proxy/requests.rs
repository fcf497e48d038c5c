//! The lines of `reverse_proxy` that change the request on its way up and the header of the response.

use caddis_grammar::Statement;

use super::Draft;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directives::header_ops::Field,
    errors,
    values::ip_ranges,
};

pub(super) fn trusted_proxies(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.trusted_proxies.extend(ip_ranges(line.args().iter().map(|word| &word.text)));
    Ok(())
}

pub(super) fn method(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.rewrite.get_or_insert_default().method = line.one()?.string();
    Ok(())
}

pub(super) fn rewrite(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.rewrite.get_or_insert_default().uri = line.one()?.string();
    Ok(())
}

pub(super) fn header_up(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let field = field(line)?;
    if is_default(field) {
        cx.report(errors::proxy::needless_header_up(line, field.name));
    }
    let headers = draft.proxy.headers.get_or_insert_default();
    field.apply(headers.request.get_or_insert_default(), None)
}

pub(super) fn header_down(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    field(line)?.apply(draft.header_down.get_or_insert_default(), None)
}

fn field(line: &Statement) -> Parsed<Field<'_>> {
    if let Some(extra) = line.args().get(3) {
        return Err(errors::wrong_argument_count(extra));
    }
    Field::of(line.args()).ok_or_else(|| errors::missing_argument(line))
}

/// Whether the proxy does by itself what this operation asks for.
fn is_default(field: Field<'_>) -> bool {
    let (Some(value), None) = (field.value, field.replacement) else { return false };
    let value = value.text.trim_matches(['{', '}']);
    let value = value.strip_prefix("http.request.").unwrap_or(value);
    match field.name.to_ascii_lowercase().as_str() {
        "x-forwarded-for" => matches!(value, "remote" | "remote_host" | "remote.host"),
        "x-forwarded-proto" => value == "scheme",
        "x-forwarded-host" => matches!(value, "host" | "hostport"),
        _ => false,
    }
}
