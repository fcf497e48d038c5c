//! Access logs of a server: which host is logged by which logger.

use std::collections::BTreeSet;

use caddis_config::{
    go::host_port,
    http::{Server, ServerLogs},
};

use crate::{
    listeners::Pairing,
    sites::{Block, Pile, Site},
};

/// A server has access logs as soon as one of its sites has.
pub(super) fn begin(server: &mut Server, pairing: &Pairing, blocks: &[Block]) {
    if pairing.sites.iter().any(|site| !blocks[site.block].pile.logs.is_empty()) {
        server.logs = Some(ServerLogs::default());
    }
}

/// Associates the hosts of one site with its loggers, or excludes them.
pub(super) fn add_site(server: &mut Server, site: &Site, pile: &Pile) {
    let Some(logs) = &mut server.logs else { return };
    let hosts = logged_hosts(site);
    for log in pile.logs.iter().filter(|log| !log.no_hostname) {
        if log.hostnames.is_empty() && site.has_hostless_key() {
            logs.default_logger_name.clone_from(&log.name);
            continue;
        }
        let mut add = |host: &str| {
            logs.logger_names.entry(host.to_owned()).or_default().0.push(log.name.clone());
        };
        if log.hostnames.is_empty() {
            for host in &hosts {
                add(host_port::split(host).map_or(host.as_str(), |(host, _)| host));
            }
        } else {
            log.hostnames.iter().for_each(|host| add(host));
        }
    }
    if pile.logs.is_empty() {
        logs.skip_unmapped_hosts |= site.has_hostless_key();
        logs.skip_hosts.extend(hosts);
    }
}

/// Puts the lists into their order.
pub(super) fn finish(server: &mut Server) {
    if let Some(logs) = &mut server.logs {
        logs.skip_hosts.sort();
    }
}

/// Hosts as the Host header names them: with any port that is not a usual one.
fn logged_hosts(site: &Site) -> BTreeSet<String> {
    let addresses = site.addresses().filter(|address| !address.host.is_empty());
    let with_port = addresses.map(|address| match address.port.as_str() {
        "" | "80" | "443" => address.host.clone(),
        port => host_port::join(&address.host, port),
    });
    with_port.collect()
}
