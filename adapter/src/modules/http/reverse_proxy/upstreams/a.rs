//! `dynamic a`: upstreams from A and AAAA records.

use caddis_config::http::reverse_proxy::{
    UpstreamSource,
    upstreams::{A, IpVersions},
};
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
    let mut source = A::default();
    match line.args() {
        [] => {}
        [name] => source.name = name.string(),
        [name, port] => (source.name, source.port) = (name.string(), port.string()),
        [_, _, extra, ..] => return Err(errors::wrong_argument_count(extra)),
    }
    read_block_or(cx, line, ROWS, &mut source, |_, line, _| {
        Err(errors::options::unknown_in("a option", line.name(), ROWS))
    });
    Ok(source.into())
}

pub(crate) static ROWS: &[Row<A>] = &[
    row("name", Shape::One("name"), |source, line, _| {
        if !source.name.is_empty() {
            return Err(errors::proxy::source_option_twice(line, "a name"));
        }
        source.name = line.one()?.string();
        Ok(())
    }),
    row("port", Shape::One("port"), |source, line, _| {
        if !source.port.is_empty() {
            return Err(errors::proxy::source_option_twice(line, "a port"));
        }
        source.port = line.one()?.string();
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
    row("versions", Shape::Any("ipv4|ipv6"), |source, line, _| {
        if line.args().is_empty() {
            return Err(errors::proxy::no_ip_version(line));
        }
        let versions: &mut IpVersions = source.versions.get_or_insert_default();
        for version in line.args() {
            match &*version.text {
                "ipv4" => versions.ipv4 = Some(true),
                "ipv6" => versions.ipv6 = Some(true),
                _ => return Err(errors::proxy::bad_ip_version(version)),
            }
        }
        Ok(())
    }),
];
