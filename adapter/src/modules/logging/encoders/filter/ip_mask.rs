//! The filter `ip_mask`.

use caddis_config::{
    go::number,
    logging::{FieldFilter, encoders::filter::IpMask},
};
use caddis_grammar::Token;

use crate::{
    cx::Parsed,
    errors,
    modules::Module,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/modules/logging/encoders/filter/ip_mask.md`.
pub(crate) const MODULE: Module<FieldFilter> = Module {
    name: "ip_mask",
    read: |cx, line| {
        let mut mask = IpMask::default();
        match line.args() {
            [] => {}
            [v4] => mask.ipv4_cidr = bits(v4)?,
            [v4, v6] => (mask.ipv4_cidr, mask.ipv6_cidr) = (bits(v4)?, bits(v6)?),
            [_, _, extra, ..] => return Err(errors::logging::too_many_arguments(extra)),
        }
        read_block(cx, line, ROWS, &mut mask);
        Ok(mask.into())
    },
};

pub(crate) static ROWS: &[Row<IpMask>] = &[
    row("ipv4", Shape::One("bits"), |mask, line, _| {
        mask.ipv4_cidr = bits(&line.words[1])?;
        Ok(())
    }),
    row("ipv6", Shape::One("bits"), |mask, line, _| {
        mask.ipv6_cidr = bits(&line.words[1])?;
        Ok(())
    }),
];

fn bits(word: &Token) -> Parsed<i64> {
    number::atoi(&word.text).map_err(|reason| errors::logging::bad_mask(word, &reason))
}
