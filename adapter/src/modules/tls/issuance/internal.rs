//! The issuer `internal`.

use caddis_config::tls::{Issuer, issuance::Internal};

use crate::{
    args::{Args, Value},
    errors,
    modules::Module,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/modules/tls/issuance/internal.md`.
pub(crate) const MODULE: Module<Issuer> = Module {
    name: "internal",
    read: |cx, line| {
        let mut internal = Internal::default();
        match line.args().first() {
            // Caddy passes over the block too then.
            Some(extra) => cx.report(errors::handlers::ignored_argument(extra)),
            None => read_block(cx, line, ROWS, &mut internal),
        }
        Ok(internal.into())
    },
};

pub(crate) static ROWS: &[Row<Internal>] = &[
    row("ca", Shape::One("id"), |internal, line, _| {
        internal.ca = line.one()?.string();
        Ok(())
    }),
    row("lifetime", Shape::One("duration"), |internal, line, _| {
        internal.lifetime = line.one()?.duration()?;
        Ok(())
    }),
    row("sign_with_root", Shape::Flag, |internal, _, _| {
        internal.sign_with_root = true;
        Ok(())
    }),
];
