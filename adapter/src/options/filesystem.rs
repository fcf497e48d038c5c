//! `filesystem`: a file system under a name, for the directive `fs`.

use caddis_config::filesystems::NamedFileSystem;
use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
};

/// Several lines add up.
pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let [name, _module, ..] = line.args() else {
        return Err(errors::missing_argument(line));
    };
    let file_system = cx.module(&line.from(2))?;
    options.filesystem.push(NamedFileSystem { name: name.string(), file_system: Some(file_system) });
    Ok(())
}
