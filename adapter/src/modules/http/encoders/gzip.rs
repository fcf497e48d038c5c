//! `gzip` in `encode`.

use caddis_config::{
    go::number::atoi,
    http::encoders::{Encoder, Gzip},
};
use caddis_grammar::Statement;

use crate::{
    cx::{Cx, Parsed},
    errors,
};

/// Reads `gzip [<level>]`.
pub(crate) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<Encoder> {
    let mut gzip = Gzip::default();
    if let Some(word) = line.args().first() {
        gzip.level = atoi(&word.text).map_err(|error| errors::handlers::bad_integer(word, &error))?;
    }
    if let Some(extra) = line.args().get(1) {
        cx.report(errors::handlers::ignored_argument(extra));
    }
    Ok(gzip.into())
}
