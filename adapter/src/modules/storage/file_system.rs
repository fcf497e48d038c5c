//! `storage file_system`: files below a folder.

use caddis_config::storage::{FileSystem, Storage};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, read_block_or, row},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<Storage> {
    let mut storage = FileSystem::default();
    if let Some(root) = line.optional()? {
        storage.root = root.string();
    }
    read_block_or(cx, line, ROWS, &mut storage, |_, line, _| {
        Err(errors::options::unknown_parameter(line.name(), ROWS))
    });
    if storage.root.is_empty() {
        return Err(errors::options::storage_without_root(line));
    }
    Ok(storage.into())
}

pub(crate) static ROWS: &[Row<FileSystem>] = &[row("root", Shape::One("path"), |storage, line, _| {
    if !storage.root.is_empty() {
        return Err(errors::options::storage_root_twice(line));
    }
    storage.root = line.one()?.string();
    Ok(())
})];
