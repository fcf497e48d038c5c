//! `preferred_chains`: which of several chains that an authority offers to take.

use caddis_config::tls::issuance::ChainPreference;
use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, read_block_or, row},
};

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    options.preferred_chains = Some(read_preference(cx, line)?);
    Ok(())
}

/// Reads `smallest` or a block. The ACME issuer takes the same.
pub(crate) fn read_preference(cx: &mut Cx<'_>, line: &Statement) -> Parsed<ChainPreference> {
    let mut preference = ChainPreference::default();
    if let Some(word) = line.optional()? {
        if &*word.text != "smallest" {
            return Err(errors::options::bad_chain_preference(word));
        }
        if let Some(block) = line.block.as_ref().filter(|block| !block.statements.is_empty()) {
            return Err(errors::options::smallest_chain_with_block(block));
        }
        preference.smallest = Some(true);
        return Ok(preference);
    }
    read_block_or(cx, line, ROWS, &mut preference, |_, line, _| {
        Err(errors::options::unknown_chain_parameter(line.name(), ROWS))
    });
    if line.children().is_empty() {
        return Err(errors::options::no_chain_preference(line));
    }
    Ok(preference)
}

pub(crate) static ROWS: &[Row<ChainPreference>] = &[
    row("root_common_name", Shape::Some("name"), |preference, line, _| {
        if !preference.any_common_name.is_empty() {
            return Err(errors::options::both_common_names(line.name(), "any_common_name"));
        }
        preference.root_common_name.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("any_common_name", Shape::Some("name"), |preference, line, _| {
        if !preference.root_common_name.is_empty() {
            return Err(errors::options::both_common_names(line.name(), "root_common_name"));
        }
        preference.any_common_name.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
];
