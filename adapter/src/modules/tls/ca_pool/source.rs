//! Where trusted certificates come from: `trust_pool <name> …` and its like.

use caddis_config::tls::{CaPool, ca_pool::source::System};
use caddis_grammar::{Statement, Token};

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    modules::{Module, Pluggable},
    table::{Row, read_block_or},
};

mod combined;
mod file;
mod http;
mod inline;
mod pki_intermediate;
mod pki_root;
mod storage;

impl Pluggable for CaPool {
    const NAMESPACE: &'static str = "tls.ca_pool.source";
    const TABLE: &'static [Module<Self>] = &[
        Module { name: "combined", read: combined::read },
        Module { name: "file", read: file::read },
        Module { name: "http", read: http::read },
        Module { name: "inline", read: inline::read },
        Module { name: "pki_intermediate", read: pki_intermediate::read },
        Module { name: "pki_root", read: pki_root::read },
        Module { name: "storage", read: storage::read },
        Module { name: "system", read: system },
    ];
}

fn system(_: &mut Cx<'_>, line: &Statement) -> Parsed<CaPool> {
    line.none()?;
    match &line.block {
        Some(block) if !block.statements.is_empty() => Err(errors::trust::system_with_block(block)),
        _ => Ok(System::default().into()),
    }
}

/// Reads the block of a source.
fn read_lines<T>(cx: &mut Cx<'_>, line: &Statement, rows: &'static [Row<T>], pool: &mut T) {
    read_block_or(cx, line, rows, pool, |_, line, _| {
        Err(errors::trust::unknown_directive(line.name(), rows.iter().map(|row| row.name)))
    });
}

fn strings(words: &[Token]) -> impl Iterator<Item = String> {
    words.iter().map(Value::string)
}
