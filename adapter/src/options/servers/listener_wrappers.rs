//! `servers { listener_wrappers { … } }` and `packet_conn_wrappers`: what stands between socket and server.

use caddis_config::listeners::PacketConnWrapper;
use caddis_grammar::Statement;

use super::ServerOptions;
use crate::{
    cx::{Cx, Parsed},
    modules::{Module, Pluggable},
};

pub(super) fn read(settings: &mut ServerOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    for wrapper in line.children() {
        let wrapper = cx.module(wrapper);
        settings.server.listener_wrappers.extend(cx.keep(wrapper));
    }
    Ok(())
}

pub(super) fn read_packet_conn_wrappers(
    settings: &mut ServerOptions,
    line: &Statement,
    cx: &mut Cx<'_>,
) -> Parsed<()> {
    for wrapper in line.children() {
        let wrapper = cx.module(wrapper);
        settings.server.packet_conn_wrappers.extend(cx.keep(wrapper));
    }
    Ok(())
}

/// The standard distribution has none.
impl Pluggable for PacketConnWrapper {
    const NAMESPACE: &'static str = "caddy.packetconns";
    const TABLE: &'static [Module<Self>] = &[];
}
