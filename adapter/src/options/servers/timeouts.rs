//! `servers { timeouts { … } }`: how long clients may take.

use caddis_config::{http::Server, value::Duration};
use caddis_grammar::Statement;

use super::ServerOptions;
use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, read_block_or, row},
    values::{duration, size},
};

pub(super) fn read(settings: &mut ServerOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    read_block_or(cx, line, ROWS, &mut settings.server, |_, line, _| {
        Err(errors::options::unknown_in("timeouts option", line.name(), ROWS))
    });
    Ok(())
}

pub(crate) static ROWS: &[Row<Server>] = &[
    row("read_body", Shape::One("duration"), |server, line, _| {
        server.read_timeout = duration(line.one()?, "bad read_body timeout")?;
        Ok(())
    }),
    row("read_body_idle", Shape::Some("duration [rate]"), |server, line, _| {
        (server.read_idle_timeout, server.read_min_rate) = stall(line, server.read_min_rate)?;
        Ok(())
    }),
    row("read_header", Shape::One("duration"), |server, line, _| {
        server.read_header_timeout = duration(line.one()?, "bad read_header timeout")?;
        Ok(())
    }),
    row("write", Shape::One("duration"), |server, line, _| {
        server.write_timeout = duration(line.one()?, "bad write timeout")?;
        Ok(())
    }),
    row("write_idle", Shape::Some("duration [rate]"), |server, line, _| {
        (server.write_idle_timeout, server.write_min_rate) = stall(line, server.write_min_rate)?;
        Ok(())
    }),
    row("write_max_chunk", Shape::One("size"), |server, line, _| {
        server.max_write_chunk = size(line.one()?, "bad write_max_chunk")?;
        Ok(())
    }),
    row("idle", Shape::One("duration"), |server, line, _| {
        server.idle_timeout = duration(line.one()?, "bad idle timeout")?;
        Ok(())
    }),
];

/// How long data may stall, and how many bytes a second must come at least.
fn stall(line: &Statement, former_rate: i64) -> Parsed<(Duration, i64)> {
    let (time, rate) = match line.some()? {
        [time] => (time, former_rate),
        [time, rate] => {
            let number = caddis_config::go::number::parse_int(&rate.text);
            (
                time,
                number
                    .map_err(|reason| errors::proxy::bad_value(rate, "bad rate in bytes/second", &reason))?,
            )
        }
        [_, _, extra, ..] => return Err(errors::wrong_argument_count(extra)),
        [] => return Err(errors::missing_argument(line)),
    };
    Ok((duration(time, "bad timeout")?, rate))
}
