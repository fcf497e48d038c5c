//! `transport fastcgi`: the protocol of PHP-FPM and its kin.

use caddis_config::http::reverse_proxy::{Transport, transport::FastCgi};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directives::lenient::{lone_value, only_block},
    table::{Row, Shape, read_block, row},
    values::{duration, integer},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<Transport> {
    let mut transport = FastCgi::default();
    if only_block(cx, line) {
        read_block(cx, line, ROWS, &mut transport);
    }
    Ok(transport.into())
}

/// What can stand in the block. `php_fastcgi` takes these lines too.
pub(crate) static ROWS: &[Row<FastCgi>] = &[
    row("root", Shape::One("path"), |transport, line, _| {
        transport.root = line.one()?.string();
        Ok(())
    }),
    row("split", Shape::Some("extension"), |transport, line, _| {
        transport.split_path = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
    row("env", Shape::Any("name value"), |transport, line, _| {
        let [name, value] = line.exactly()?;
        transport.env.insert(name.string(), value.string());
        Ok(())
    }),
    row("resolve_root_symlink", Shape::Flag, |transport, _, _| {
        transport.resolve_root_symlink = true;
        Ok(())
    }),
    row("dial_timeout", Shape::Some("duration"), |transport, line, _| {
        transport.dial_timeout = duration(lone_value(line)?, "bad timeout value")?;
        Ok(())
    }),
    row("read_timeout", Shape::Some("duration"), |transport, line, _| {
        transport.read_timeout = duration(lone_value(line)?, "bad timeout value")?;
        Ok(())
    }),
    row("write_timeout", Shape::Some("duration"), |transport, line, _| {
        transport.write_timeout = duration(lone_value(line)?, "bad timeout value")?;
        Ok(())
    }),
    row("capture_stderr", Shape::Flag, |transport, _, _| {
        transport.capture_stderr = true;
        Ok(())
    }),
    row("reuse_connections", Shape::Any("idle_timeout [count]"), |transport, line, _| {
        let keep = transport.keep_alive.get_or_insert_default();
        if let [timeout, more @ ..] = line.args() {
            keep.idle_timeout = duration(timeout, "bad duration value")?;
            if let [count, ..] = more {
                line.from(2).none()?;
                keep.max_idle_conns = integer(count, "bad count of connections")?;
            }
        }
        Ok(())
    }),
];
