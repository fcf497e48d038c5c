//! Addresses to listen on: each belongs to one server, and each socket is listed once.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use super::{Report, has_placeholder};
use crate::http::Server;
use crate::value::{NetworkAddress, address};

/// The addresses of the servers so far.
#[derive(Default)]
pub(super) struct Listeners<'c> {
    claimed: HashMap<NetworkAddress, &'c str>,
    /// How the address of a socket was written, and for which server.
    sockets: HashMap<Socket, (&'c str, &'c str)>,
}

/// What the system makes of an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Socket {
    /// `None` is every interface, of IPv4 and IPv6.
    ip: Option<IpAddr>,
    port: u16,
}

impl Socket {
    /// The TCP socket of an address with one port, where it is the same on all machines. Port 0 is another one each time.
    pub(super) fn of(address: &NetworkAddress) -> Option<Self> {
        let (host, port) = (address.host.as_str(), address.start_port);
        let is_everything = address.network == "tcp" && address.is_wildcard();
        let ip = match address.network.as_str() {
            _ if port == 0 => return None,
            "tcp" if is_everything => None,
            "tcp" | "tcp4" if host == "localhost" => Some(Ipv4Addr::LOCALHOST.into()),
            "tcp4" if host.is_empty() => Some(Ipv4Addr::UNSPECIFIED.into()),
            "tcp" | "tcp4" | "tcp6" => Some(host.parse().ok()?),
            _ => return None,
        };
        Some(Self { ip, port })
    }
}

impl<'c> Listeners<'c> {
    /// Looks at the addresses of a server, of which each, and each port of a range, is that of one server and listed once.
    pub(super) fn check(&mut self, report: &mut Report, name: &'c str, server: &'c Server) {
        let parsed: Vec<_> = server.listen.iter().map(|text| NetworkAddress::parse(text)).collect();
        let everywhere = match parsed.as_slice() {
            [] | [_] => BTreeSet::new(),
            several => ports_everywhere(several.iter().flatten()),
        };
        let mut parsed = parsed.into_iter();
        report.each("listen", &server.listen, |report, text| match parsed.next() {
            _ if has_placeholder(text) => {}
            None => {}
            Some(Err(reason)) => report.error(format!("invalid listener address '{text}': {reason}")),
            Some(Ok(range)) => {
                if let Err(repeated) = self.claim(name, &range) {
                    return report.error(repeated);
                }
                if let Some(doubt) = self.doubt(name, server, text, &range, &everywhere) {
                    report.warn(doubt);
                }
            }
        });
    }

    fn claim(&mut self, name: &'c str, range: &NetworkAddress) -> Result<(), String> {
        for single in range.expand() {
            if let Some(owner) = self.claimed.get(&single) {
                return Err(format!(
                    "server {name}: listener address repeated: {} (already claimed by server '{owner}')",
                    address::join(&single.network, &single.host, &single.start_port.to_string())
                ));
            }
            self.claimed.insert(single, name);
        }
        Ok(())
    }

    /// What is doubtful about a range: one of its sockets is there already, by another name or among every interface.
    fn doubt(
        &mut self,
        name: &'c str,
        server: &Server,
        text: &'c str,
        range: &NetworkAddress,
        everywhere: &BTreeSet<u16>,
    ) -> Option<String> {
        let mut doubt = None;
        for socket in range.expand().filter_map(|single| Socket::of(&single)) {
            let (first, owner) = *self.sockets.entry(socket).or_insert((text, name));
            if first != text && owner == name {
                doubt
                    .get_or_insert(format!("this is the same socket as '{first}', and not needed beside it"));
            } else if owner != name {
                doubt.get_or_insert(format!(
                    "this is the same socket as '{first}' of server {owner}: which of the two servers gets a connection is up \
                     to the operating system"
                ));
            } else if socket.ip.is_some()
                && everywhere.contains(&socket.port)
                && server.listen_protocols.is_empty()
            {
                doubt.get_or_insert(format!(
                    "this is not needed: the server listens on port {} of every interface",
                    socket.port
                ));
            }
        }
        doubt
    }
}

/// The ports that are listened on at every interface.
fn ports_everywhere<'a>(addresses: impl Iterator<Item = &'a NetworkAddress>) -> BTreeSet<u16> {
    let sockets = addresses.flat_map(NetworkAddress::expand).filter_map(|single| Socket::of(&single));
    sockets.filter(|socket| socket.ip.is_none()).map(|socket| socket.port).collect()
}
