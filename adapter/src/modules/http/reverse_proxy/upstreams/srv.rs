//! `dynamic srv`: upstreams from SRV records.

use caddis_config::http::reverse_proxy::{UpstreamSource, upstreams::Srv};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    modules::http::reverse_proxy::resolver,
    table::{Row, Shape, read_block_or, row},
    values::duration,
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<UpstreamSource> {
    let mut source = Srv::default();
    if let Some(name) = line.optional()? {
        source.name = name.string();
    }
    read_block_or(cx, line, ROWS, &mut source, |_, line, _| {
        Err(errors::options::unknown_in("srv option", line.name(), ROWS))
    });
    Ok(source.into())
}

pub(crate) static ROWS: &[Row<Srv>] = &[
    row("service", Shape::One("service"), |source, line, _| {
        if !source.service.is_empty() {
            return Err(errors::proxy::source_option_twice(line, "srv service"));
        }
        source.service = line.one()?.string();
        Ok(())
    }),
    row("proto", Shape::One("protocol"), |source, line, _| {
        if !source.proto.is_empty() {
            return Err(errors::proxy::source_option_twice(line, "srv proto"));
        }
        source.proto = line.one()?.string();
        Ok(())
    }),
    row("name", Shape::One("name"), |source, line, _| {
        if !source.name.is_empty() {
            return Err(errors::proxy::source_option_twice(line, "srv name"));
        }
        source.name = line.one()?.string();
        Ok(())
    }),
    row("refresh", Shape::One("duration"), |source, line, _| {
        source.refresh = duration(line.one()?, "bad refresh interval value")?;
        Ok(())
    }),
    row("resolvers", Shape::Any("address"), |source, line, _| {
        source.resolver = Some(resolver(line)?);
        Ok(())
    }),
    row("dial_timeout", Shape::One("duration"), |source, line, _| {
        source.dial_timeout = duration(line.one()?, "bad timeout value")?;
        Ok(())
    }),
    row("dial_fallback_delay", Shape::One("duration"), |source, line, _| {
        source.dial_fallback_delay = duration(line.one()?, "bad delay value")?;
        Ok(())
    }),
    row("grace_period", Shape::One("duration"), |source, line, _| {
        source.grace_period = duration(line.one()?, "bad grace period value")?;
        Ok(())
    }),
];
