//! One question to the DNS: the addresses of a name (`a`), or the services under it (`srv`).

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use caddis_config::{
    Duration as Span,
    go::host_port,
    http::reverse_proxy::{Resolver as ResolverConfig, upstreams as config},
};

use super::REFRESH;
use crate::{
    build::{Build, BuildError},
    dns::Resolver,
    error::{Error, Kind},
    http::Exchange,
    placeholder::Template,
};

#[derive(Debug)]
pub(super) enum Lookup {
    A {
        name: Template,
        port: Template,
        v4: bool,
        v6: bool,
        /// `None` asks the system.
        resolver: Option<Resolver>,
        refresh: Duration,
    },
    Srv {
        /// Service and protocol, unless the name is the whole name of the record.
        prefix: Option<(Template, Template)>,
        name: Template,
        /// With a slash at the end, or empty.
        network: String,
        resolver: Resolver,
        refresh: Duration,
        grace: Option<Duration>,
    },
}

impl Lookup {
    pub(super) fn a(config: &config::A, cx: &mut Build) -> Result<Self, BuildError> {
        if config.resolver.is_none() && !config.dial_timeout.is_zero() {
            return Err(cx.at("dial_timeout", |cx| cx.error("a dial_timeout needs a resolver to dial")));
        }
        let port = if config.port.is_empty() { "80" } else { &config.port };
        // Asking for neither kind, or for nothing in particular, is asking for both.
        let versions = config
            .versions
            .as_ref()
            .map(|versions| (versions.ipv4 == Some(true), versions.ipv6 == Some(true)));
        let (v4, v6) = versions.filter(|(v4, v6)| *v4 || *v6).unwrap_or((true, true));
        Ok(Self::A {
            name: cx.at("name", |cx| Template::all(&config.name, cx))?,
            port: cx.at("port", |cx| Template::all(port, cx))?,
            v4,
            v6,
            resolver: resolver(config.resolver.as_ref(), config.dial_timeout, cx)?,
            refresh: refresh(config.refresh),
        })
    }

    pub(super) fn srv(config: &config::Srv, cx: &mut Build) -> Result<Self, BuildError> {
        let own = resolver(config.resolver.as_ref(), config.dial_timeout, cx)?;
        let resolver = match own {
            Some(resolver) => resolver,
            None => Resolver::system()
                .map_err(|error| cx.error(format!("reading the system's DNS configuration: {error}")))?,
        };
        let prefix = match (&*config.service, &*config.proto) {
            ("", "") => None,
            (service, proto) => Some((Template::all(service, cx)?, Template::all(proto, cx)?)),
        };
        Ok(Self::Srv {
            prefix,
            name: cx.at("name", |cx| Template::all(&config.name, cx))?,
            network: match &*config.dial_network {
                "" => String::new(),
                network => format!("{network}/"),
            },
            resolver,
            refresh: refresh(config.refresh),
            grace: config.grace_period.to_std().filter(|grace| !grace.is_zero()),
        })
    }

    /// What is asked for, for this request.
    pub(super) fn name(&self, exchange: &Exchange) -> String {
        match self {
            Self::A { name, port, .. } => host_port::join(&name.render(exchange), &port.render(exchange)),
            Self::Srv { prefix: None, name, .. } => name.render(exchange).into_owned(),
            Self::Srv { prefix: Some((service, proto)), name, .. } => {
                format!("_{}._{}.{}", service.render(exchange), proto.render(exchange), name.render(exchange))
            }
        }
    }

    /// How long an answer is used.
    pub(super) fn refresh(&self) -> Duration {
        match self {
            Self::A { refresh, .. } | Self::Srv { refresh, .. } => *refresh,
        }
    }

    /// How much longer while there is no new one.
    pub(super) fn grace(&self) -> Option<Duration> {
        match self {
            Self::A { .. } => None,
            Self::Srv { grace, .. } => *grace,
        }
    }

    /// The dial addresses, in an order that only changes when they do.
    ///
    /// # Errors
    /// When there are none.
    pub(super) async fn find(&self, exchange: &Exchange) -> Result<Vec<String>, Error> {
        match self {
            Self::A { name, port, v4, v6, resolver, .. } => {
                let (name, port) = (name.render(exchange), port.render(exchange));
                let found = match resolver {
                    Some(resolver) => resolver.addresses(&name, *v4, *v6).await.map_err(failed)?,
                    None => system(&name).await?,
                };
                let wanted = |ip: &IpAddr| if ip.is_ipv4() { *v4 } else { *v6 };
                let sorted: BTreeSet<IpAddr> = found.into_iter().filter(wanted).collect();
                Ok(sorted.iter().map(|ip| host_port::join(&ip.to_string(), &port)).collect())
            }
            Self::Srv { network, resolver, .. } => {
                let services = resolver.services(&self.name(exchange)).await.map_err(failed)?;
                let address = |port: u16, target: &str| {
                    format!("{network}{}", host_port::join(target, &port.to_string()))
                };
                Ok(services.iter().map(|service| address(service.port, &service.target)).collect())
            }
        }
    }
}

async fn system(name: &str) -> Result<Vec<IpAddr>, Error> {
    let found = tokio::net::lookup_host((name, 0))
        .await
        .map_err(|error| Error::new(Kind::NoUpstream, format!("lookup {name}")).because(error))?;
    Ok(found.map(|address: SocketAddr| address.ip()).collect())
}

fn failed(error: crate::dns::DnsError) -> Error {
    Error::new(Kind::NoUpstream, "looking up upstreams").because(error)
}

fn refresh(given: Span) -> Duration {
    given.to_std().filter(|refresh| !refresh.is_zero()).unwrap_or(REFRESH)
}

/// The DNS servers that a configuration names, if it names any. Each is given that long for an answer.
///
/// # Errors
/// When an address is none, or there are none.
pub(in super::super) fn resolver(
    config: Option<&ResolverConfig>,
    timeout: Span,
    cx: &mut Build,
) -> Result<Option<Resolver>, BuildError> {
    let Some(config) = config else { return Ok(None) };
    let mut servers = Vec::new();
    for (index, text) in config.addresses.iter().enumerate() {
        let bare = text.strip_prefix("udp/").unwrap_or(text);
        let address = bare
            .parse()
            .or_else(|_| bare.trim_matches(['[', ']']).parse().map(|ip: IpAddr| SocketAddr::new(ip, 53)));
        servers.push(address.map_err(|_| {
            cx.at("resolver", |cx| {
                cx.at("addresses", |cx| {
                    cx.at(index, |cx| cx.error(format!("{text} is no address of a DNS server")))
                })
            })
        })?);
    }
    if servers.is_empty() {
        return Err(cx.at("resolver", |cx| cx.error("a resolver needs addresses")));
    }
    Ok(Some(Resolver::new(servers, timeout.to_std().filter(|timeout| !timeout.is_zero()))))
}
