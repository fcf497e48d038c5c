//! `proxy_protocol`: the client's address as a load balancer in front of the server tells it.

use caddis_config::listeners::{FallbackPolicy, ListenerWrapper, ProxyProtocol};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, read_block, row},
    values::duration,
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<ListenerWrapper> {
    line.none()?;
    let mut wrapper = ProxyProtocol::default();
    read_block(cx, line, ROWS, &mut wrapper);
    Ok(wrapper.into())
}

pub(crate) static ROWS: &[Row<ProxyProtocol>] = &[
    row("timeout", Shape::One("duration"), |wrapper, line, _| {
        wrapper.timeout = duration(line.one()?, "bad proxy_protocol timeout value")?;
        Ok(())
    }),
    row("allow", Shape::Any("range"), |wrapper, line, _| {
        wrapper.allow.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("deny", Shape::Any("range"), |wrapper, line, _| {
        wrapper.deny.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("fallback_policy", Shape::One("policy"), |wrapper, line, _| {
        let word = line.one()?;
        wrapper.fallback_policy = FallbackPolicy::parse(&word.text)
            .map_err(|reason| errors::options::bad_fallback_policy(word, &reason))?;
        Ok(())
    }),
];
