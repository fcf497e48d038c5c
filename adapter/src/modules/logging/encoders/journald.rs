//! The encoder `journald`.

use caddis_config::logging::{Encoder, encoders::Journald};

use crate::{
    args::Args,
    modules::Module,
    table::{Row, Shape, block_row, read_block},
};

/// See `fixtures/modules/logging/encoders/journald.md`.
pub(crate) const MODULE: Module<Encoder> = Module {
    name: "journald",
    read: |cx, line| {
        line.none()?;
        let mut journald = Journald::default();
        read_block(cx, line, ROWS, &mut journald);
        Ok(journald.into())
    },
};

pub(crate) static ROWS: &[Row<Journald>] =
    &[block_row("wrap", Shape::Some("encoder"), |journald, line, cx| {
        journald.wrap = Some(Box::new(cx.module_argument(line)?));
        Ok(())
    })];
