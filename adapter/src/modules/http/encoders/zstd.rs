//! `zstd` in `encode`.

use caddis_config::http::encoders::{Encoder, Zstd};
use caddis_grammar::{Statement, Token};

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, read_block, row},
};

/// Reads `zstd [<level>] { … }`.
pub(crate) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<Encoder> {
    let mut zstd = Zstd::default();
    if let Some(word) = line.optional()? {
        zstd.level = level(word)?;
    }
    read_block(cx, line, ROWS, &mut zstd);
    Ok(zstd.into())
}

pub(crate) static ROWS: &[Row<Zstd>] = &[
    row("level", Shape::One("level"), |zstd, line, _| {
        if !zstd.level.is_empty() {
            return Err(errors::already_specified(line.name(), "compression level"));
        }
        zstd.level = level(&line.words[1])?;
        Ok(())
    }),
    row("disable_checksum", Shape::Flag, |zstd, line, _| {
        if zstd.checksum.is_some() {
            return Err(errors::already_specified(line.name(), "checksum"));
        }
        zstd.checksum = Some(false);
        Ok(())
    }),
];

/// Levels are compared without regard to case and kept as written.
fn level(word: &Token) -> Parsed<String> {
    let known = ["fastest", "better", "best", "default"];
    if known.iter().any(|known| word.text.eq_ignore_ascii_case(known)) {
        return Ok(word.string());
    }
    Err(errors::handlers::unknown_level(word))
}
