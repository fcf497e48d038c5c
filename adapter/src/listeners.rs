//! Listener addresses: `network/host:port`, which of them a site listens on, and which share their sites.

use std::collections::{BTreeMap, BTreeSet};

use caddis_config::value::address::{AddressParts, NetworkAddress, join};

use crate::{
    cx::{Cx, Parsed},
    errors,
    options::GlobalOptions,
    sites::{Block, Key, Site},
};

/// Listener addresses with the protocols that they serve: one `bind` line, or the option `default_bind`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bind {
    /// Hosts or network addresses as written.
    pub addresses: Vec<String>,
    /// `h1`, `h2`, `h2c`, `h3`; empty for the default.
    pub protocols: Vec<String>,
}

/// Sites that are served by one server.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    /// Listener addresses, sorted, each with its protocols (an empty name: the default).
    pub(crate) listeners: Vec<(String, Vec<String>)>,
    /// The sites; none for the remains of an address with several protocols.
    pub(crate) sites: Vec<Site>,
}

impl Pairing {
    /// The listener addresses alone.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.listeners.iter().map(|(address, _)| address.as_str())
    }

    /// Whether any listener uses another port than this one.
    pub(crate) fn uses_other_port_than(&self, port: i64) -> bool {
        self.addresses()
            .filter_map(|address| NetworkAddress::parse(address).ok())
            .any(|address| port < address.start_port.into() || port > address.end_port.into())
    }
}

/// Listener address, then protocol, then the sites in source order.
type SitesByListener = BTreeMap<String, BTreeMap<String, Vec<Site>>>;

/// Finds the listeners of every site and pairs those listeners that serve the same sites.
pub(crate) fn pair(cx: &mut Cx<'_>, blocks: &[Block]) -> Vec<Pairing> {
    let mut by_listener = SitesByListener::new();
    for (at, block) in blocks.iter().enumerate() {
        let mut keys: BTreeMap<String, BTreeMap<String, Vec<Key>>> = BTreeMap::new();
        for key in &block.keys {
            let listeners = listeners_of(cx.options, block, key);
            for (address, protocols) in cx.keep(listeners).unwrap_or_default() {
                let by_protocol = keys.entry(address).or_default();
                for protocol in protocols {
                    by_protocol.entry(protocol).or_default().push(key.clone());
                }
            }
        }
        for (address, by_protocol) in keys {
            let sites = by_listener.entry(address).or_default();
            for (protocol, keys) in by_protocol {
                sites.entry(protocol).or_default().push(Site { block: at, keys });
            }
        }
    }
    reduce(by_listener)
}

/// Merges listeners with equal lists of sites, addresses and protocols in sorted order.
fn reduce(mut by_listener: SitesByListener) -> Vec<Pairing> {
    let mut pairings = Vec::new();
    let addresses: Vec<String> = by_listener.keys().cloned().collect();
    for address in &addresses {
        let protocols: Vec<String> = by_listener[address].keys().cloned().collect();
        for protocol in &protocols {
            // Caddy makes a server without listeners and sites from each protocol that an earlier one of the same
            // address has taken along.
            let Some(sites) = by_listener[address].get(protocol).cloned() else {
                pairings.push(Pairing::default());
                continue;
            };
            let mut listeners = Vec::new();
            for (other, by_protocol) in &mut by_listener {
                let same: Vec<String> = by_protocol
                    .iter()
                    .filter(|(_, others)| **others == sites)
                    .map(|(protocol, _)| protocol.clone())
                    .collect();
                by_protocol.retain(|protocol, _| !same.contains(protocol));
                if !same.is_empty() {
                    listeners.push((other.clone(), same));
                }
            }
            pairings.push(Pairing { listeners, sites });
        }
    }
    pairings
}

/// The listener addresses of one key of a block, each with its protocols.
fn listeners_of(
    options: &GlobalOptions,
    block: &Block,
    key: &Key,
) -> Parsed<BTreeMap<String, BTreeSet<String>>> {
    let address = &key.address;
    if let Some(instead) = match address.scheme.as_str() {
        "wss" => Some("https"),
        "ws" => Some("http"),
        _ => None,
    } {
        return Err(errors::sites::browser_scheme(&key.token, &address.scheme, instead));
    }
    if !matches!(address.scheme.as_str(), "" | "http" | "https") {
        return Err(errors::sites::unsupported_scheme(&key.token, &address.scheme));
    }
    let (http, https) = (options.http_port().to_string(), options.https_port().to_string());
    let port = address.listener_port(&http, &https);
    if (address.scheme == "http" && port == https) || (address.scheme == "https" && port == http) {
        return Err(errors::sites::scheme_against_port(&key.token, &address.to_string()));
    }
    let everywhere = [Bind { addresses: vec![String::new()], protocols: Vec::new() }];
    let binds = match (block.pile.binds.as_slice(), &options.default_bind) {
        ([], None) => everywhere.as_slice(),
        ([], Some(binds)) => binds,
        (binds, _) => binds,
    };
    let mut listeners = BTreeMap::new();
    for bind in binds {
        for listener in &bind.addresses {
            let listener = at_port(listener, &port)
                .map_err(|reason| errors::sites::bad_listener(&key.token, &reason))?;
            let protocols: BTreeSet<String> = if bind.protocols.is_empty() {
                [String::new()].into()
            } else {
                bind.protocols.iter().cloned().collect()
            };
            // A later line for the same listener replaces the protocols of an earlier one.
            listeners.insert(listener.to_string(), protocols);
        }
    }
    Ok(listeners)
}

/// The address of a `bind` argument with the port of a site.
fn at_port(text: &str, port: &str) -> Result<NetworkAddress, String> {
    let parts =
        AddressParts::split(text).map_err(|reason| format!("splitting listener address: {reason}"))?;
    NetworkAddress::parse(&join(&parts.network, &parts.host, port))
        .map_err(|reason| format!("parsing network address: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::at_port;

    #[test]
    fn a_bind_argument_takes_the_port_of_the_site() {
        let printed = |text| at_port(text, "80").unwrap().to_string();
        assert_eq!(printed(""), ":80");
        assert_eq!(printed("127.0.0.1"), "127.0.0.1:80");
        assert_eq!(printed("::1"), "[::1]:80");
        assert_eq!(printed("tcp4/localhost:99"), "tcp4/localhost:80");
        assert_eq!(printed("unix//run/caddy.sock|0200"), "unix//run/caddy.sock|0200");
        assert_eq!(printed("fd/3"), "fd/3");
        assert_eq!(printed("udp/"), "udp/:80");
    }
}
