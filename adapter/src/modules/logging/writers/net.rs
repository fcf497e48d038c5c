//! The writer `net`.

use caddis_config::{
    logging::{Writer, writers::Net},
    value::Duration,
};

use crate::{
    args::{Args, Value},
    errors,
    modules::Module,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/modules/logging/writers/net.md`.
pub(crate) const MODULE: Module<Writer> = Module {
    name: "net",
    read: |cx, line| {
        let mut net = Net { address: line.one()?.string(), ..Net::default() };
        read_block(cx, line, ROWS, &mut net);
        Ok(net.into())
    },
};

pub(crate) static ROWS: &[Row<Net>] = &[
    row("dial_timeout", Shape::One("duration"), |net, line, _| {
        let word = line.one()?;
        net.dial_timeout =
            Duration::parse(&word.text).map_err(|_| errors::logging::invalid_duration(word))?;
        Ok(())
    }),
    row("soft_start", Shape::Flag, |net, _, _| {
        net.soft_start = true;
        Ok(())
    }),
];
