//! Where an upstream is: Caddy's network addresses as far as a connection can be made to them.

use std::{fmt, net::IpAddr, path::Path, sync::Arc};

use http::HeaderValue;

/// One socket to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Dial {
    /// TCP.
    Tcp {
        /// Which kinds of IP addresses may be used.
        family: Family,
        /// A name or an IP address, without brackets.
        host: Arc<str>,
        port: u16,
    },
    /// A unix socket.
    Unix(Arc<Path>),
}

/// Kinds of IP addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    Any,
    V4,
    V6,
}

impl Family {
    /// Whether an address of that kind may be used.
    pub(crate) fn admits(self, ip: IpAddr) -> bool {
        match self {
            Family::Any => true,
            Family::V4 => ip.is_ipv4(),
            Family::V6 => ip.is_ipv6(),
        }
    }
}

impl Dial {
    /// Reads `network/host:port`; the network is `tcp` unless given.
    ///
    /// # Errors
    /// Says in one sentence what is wrong.
    pub(crate) fn parse(address: &str) -> Result<Self, String> {
        let (network, rest) = address.split_once('/').unwrap_or(("tcp", address));
        let family = match network {
            "" | "tcp" => Family::Any,
            "tcp4" => Family::V4,
            "tcp6" => Family::V6,
            "unix" if !rest.is_empty() => return Ok(Dial::Unix(Path::new(rest).into())),
            "unix" => return Err(format!("invalid dial address {address}: a unix socket needs a path")),
            other => return Err(format!("invalid dial address {address}: network {other} cannot be dialed")),
        };
        let (host, port) = caddis_config::go::host_port::split(rest)
            .map_err(|error| format!("invalid dial address {address}: {error}"))?;
        if port.contains('-') {
            return Err(format!(
                "dial address must represent precisely one socket: {address} represents a range"
            ));
        }
        let port =
            port.parse().map_err(|_| format!("invalid dial address {address}: no such port: {port}"))?;
        Ok(Dial::Tcp { family, host: host.into(), port })
    }

    /// The same host at another port; the host of a unix socket is this one.
    pub(crate) fn with_port(&self, port: u16) -> Self {
        match self {
            Dial::Tcp { family, host, .. } => Dial::Tcp { family: *family, host: Arc::clone(host), port },
            Dial::Unix(_) => Dial::Tcp { family: Family::Any, host: "localhost".into(), port },
        }
    }

    /// `host:port`, or the path of the socket: `{http.reverse_proxy.upstream.hostport}`.
    pub(crate) fn hostport(&self) -> String {
        match self {
            Dial::Tcp { host, port, .. } => caddis_config::go::host_port::join(host, &port.to_string()),
            Dial::Unix(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// `host:port` as a field; the host of a unix socket is this one.
    pub(crate) fn authority(&self) -> HeaderValue {
        let tcp = matches!(self, Dial::Tcp { .. });
        let value = tcp.then(|| HeaderValue::try_from(self.hostport()).ok()).flatten();
        value.unwrap_or(HeaderValue::from_static("localhost"))
    }

    /// The host, or the path of the socket: `{http.reverse_proxy.upstream.host}`.
    pub(crate) fn host(&self) -> String {
        match self {
            Dial::Tcp { host, .. } => host.to_string(),
            Dial::Unix(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// The port, 0 for a unix socket: `{http.reverse_proxy.upstream.port}`.
    pub(crate) fn port(&self) -> u16 {
        match self {
            Dial::Tcp { port, .. } => *port,
            Dial::Unix(_) => 0,
        }
    }
}

/// With the network unless it is `tcp`: `{http.reverse_proxy.upstream.address}`.
impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dial::Tcp { family: Family::Any, .. } => "",
            Dial::Tcp { family: Family::V4, .. } => "tcp4/",
            Dial::Tcp { family: Family::V6, .. } => "tcp6/",
            Dial::Unix(_) => "unix/",
        })?;
        f.write_str(&self.hostport())
    }
}

#[cfg(test)]
mod tests {
    use super::Dial;

    #[test]
    fn addresses_keep_their_parts() {
        for (text, shown, host, port) in [
            ("localhost:80", "localhost:80", "localhost", 80),
            ("tcp/10.0.0.1:8080", "10.0.0.1:8080", "10.0.0.1", 8080),
            ("tcp6/[::1]:1", "tcp6/[::1]:1", "::1", 1),
            ("[fe80::1]:65535", "[fe80::1]:65535", "fe80::1", 65535),
            ("unix//run/app.sock", "unix//run/app.sock", "/run/app.sock", 0),
        ] {
            let dial = Dial::parse(text).unwrap();
            assert_eq!((dial.to_string().as_str(), dial.host().as_str(), dial.port()), (shown, host, port));
        }
    }

    #[test]
    fn what_is_no_single_stream_socket_is_refused() {
        for text in
            ["localhost", "localhost:", "localhost:80-81", "udp/localhost:53", "unix/", ":x", "a:70000"]
        {
            let error = Dial::parse(text).unwrap_err();
            assert!(error.contains("dial address"), "{error}");
        }
    }
}
