//! `order`: changes the place of a directive among the others.

use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    cx::{Cx, Parsed},
    errors,
    registry::Unknown,
};

/// Reads `order <directive> first|last` or `order <directive> before|after <directive>`. Later lines build on earlier
/// ones.
pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let [name, position, rest @ ..] = line.args() else {
        return Err(errors::missing_argument(line));
    };
    let registry = cx.registry;
    let Some(directive) = registry.directive(&name.text) else {
        let finding = errors::options::unknown_directive_in_order(name, registry.directive_names());
        return Err(cx.unless_skipped(finding, Unknown::SkipAll));
    };
    let mut order = options.order.clone().unwrap_or_else(|| cx.registry.order().to_vec());
    order.retain(|other| other != &directive.name);
    let at = match (&*position.text, rest) {
        ("first", []) => 0,
        ("last", []) => order.len(),
        ("before" | "after", []) => return Err(errors::missing_argument(line)),
        ("before" | "after", [other]) => {
            let Some(at) = order.iter().position(|known| **known == *other.text) else {
                return Err(errors::options::no_place_in_order(other, order.iter().map(AsRef::as_ref)));
            };
            if &*position.text == "after" { at + 1 } else { at }
        }
        ("first" | "last", [extra, ..]) | (_, [_, extra, ..]) => {
            return Err(errors::wrong_argument_count(extra));
        }
        _ => return Err(errors::options::unknown_position(position)),
    };
    order.insert(at, directive.name.clone());
    options.order = Some(order);
    Ok(())
}
