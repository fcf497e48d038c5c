//! `pki`: certificate authorities of the server's own.

use caddis_config::pki::{Authority, KeyPair};
use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directives::lenient::only_block,
    errors,
    table::{Row, Shape, block_row, read_block_or, row},
    values::duration,
};

/// The authority that is meant where none is named.
const DEFAULT_ID: &str = "local";

type Authorities = std::collections::BTreeMap<String, Authority>;

/// A second `pki` replaces the first.
pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let mut authorities = Authorities::new();
    if only_block(cx, line) {
        read_block_or(cx, line, ROWS, &mut authorities, |_, line, _| {
            Err(errors::options::unknown_in("pki option", line.name(), ROWS))
        });
    }
    options.pki.certificate_authorities = authorities;
    Ok(())
}

pub(crate) static ROWS: &[Row<Authorities>] =
    &[block_row("ca", Shape::Optional("id"), |authorities, line, cx| {
        let id = line.optional()?.filter(|id| !id.text.is_empty());
        let id = id.map_or_else(|| DEFAULT_ID.to_owned(), Value::string);
        let mut authority = Authority::default();
        read_block_or(cx, line, CA, &mut authority, |_, line, _| {
            Err(errors::options::unknown_in("pki ca option", line.name(), CA))
        });
        authorities.insert(id, authority);
        Ok(())
    })];

pub(crate) static CA: &[Row<Authority>] = &[
    row("name", Shape::One("name"), |ca, line, _| set(&mut ca.name, line)),
    row("root_cn", Shape::One("name"), |ca, line, _| set(&mut ca.root_common_name, line)),
    row("intermediate_cn", Shape::One("name"), |ca, line, _| set(&mut ca.intermediate_common_name, line)),
    row("intermediate_lifetime", Shape::One("duration"), |ca, line, _| {
        ca.intermediate_lifetime = duration(line.one()?, "bad intermediate_lifetime")?;
        Ok(())
    }),
    row("maintenance_interval", Shape::One("duration"), |ca, line, _| {
        ca.maintenance_interval = duration(line.one()?, "bad maintenance_interval")?;
        Ok(())
    }),
    row("renewal_window_ratio", Shape::One("ratio"), |ca, line, _| {
        let word = line.one()?;
        let ratio = caddis_config::go::number::parse_float(&word.text)
            .ok()
            .filter(|ratio| *ratio > 0.0 && *ratio <= 1.0);
        ca.renewal_window_ratio = ratio.ok_or_else(|| errors::options::bad_ca_ratio(word))?;
        Ok(())
    }),
    block_row("root", Shape::Flag, |ca, line, cx| {
        let pair = ca.root.get_or_insert_default();
        read_block_or(cx, line, KEY_PAIR, pair, |_, line, _| {
            Err(errors::options::unknown_in("pki ca root option", line.name(), KEY_PAIR))
        });
        Ok(())
    }),
    block_row("intermediate", Shape::Flag, |ca, line, cx| {
        let pair = ca.intermediate.get_or_insert_default();
        read_block_or(cx, line, KEY_PAIR, pair, |_, line, _| {
            Err(errors::options::unknown_in("pki ca intermediate option", line.name(), KEY_PAIR))
        });
        Ok(())
    }),
];

pub(crate) static KEY_PAIR: &[Row<KeyPair>] = &[
    row("cert", Shape::One("path"), |pair, line, _| set(&mut pair.certificate, line)),
    row("key", Shape::One("path"), |pair, line, _| set(&mut pair.private_key, line)),
    row("format", Shape::One("format"), |pair, line, _| set(&mut pair.format, line)),
];

fn set(field: &mut String, line: &Statement) -> Parsed<()> {
    *field = line.one()?.string();
    Ok(())
}
