//! Proxies on the way to upstreams (`caddy.network_proxy`): which one a connection goes through, and how it gets through.

mod environment;
mod handshake;

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use caddis_config::{
    http::reverse_proxy::transport::{Http as Config, TransportTls},
    network_proxy::{NetworkProxy as Module, ProxyUrl},
};
use http::{HeaderValue, Uri, uri::Authority};
use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use self::environment::Environment;
use super::{
    super::dial::{Dial, Family},
    tls::Tls,
};
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::connection::{read_from, write_to},
    placeholder::{Scope, Template},
};

/// Which proxy connections go through.
#[derive(Debug)]
pub(super) enum NetworkProxy {
    Never,
    /// The same for all.
    Always(Arc<ProxyServer>),
    /// One that depends on the request.
    Varying(Template, Arc<Tls>),
    /// Those that variables name.
    Environment(Environment),
}

/// A proxy.
#[derive(Debug)]
pub(super) struct ProxyServer {
    protocol: Protocol,
    pub(super) dial: Dial,
    /// Name and password.
    credentials: Option<(String, String)>,
}

/// What is spoken with a proxy.
#[derive(Debug)]
enum Protocol {
    Http,
    Https(Arc<Tls>),
    /// SOCKS, version 5 (RFC 1928). Names are left to the proxy to look up.
    Socks5,
}

impl NetworkProxy {
    /// # Errors
    /// When an address is none.
    pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        // Authorities are those of upstreams; the name is the proxy's own.
        let tls = config.tls.as_ref().map(|tls| TransportTls { server_name: String::new(), ..tls.clone() });
        let tls = tls.unwrap_or_default();
        match &config.network_proxy {
            Some(Module::None(_)) => Ok(Self::Never),
            Some(Module::Url(ProxyUrl { url })) => {
                cx.at("network_proxy", |cx| cx.at("url", |cx| Self::url(url, &tls, cx)))
            }
            Some(Module::Foreign(module)) => {
                cx.at("network_proxy", |cx| cx.refuse(&format!("network proxy {}", module.name)))?;
                Ok(Self::Never)
            }
            None if !config.forward_proxy_url.is_empty() => {
                cx.at("forward_proxy_url", |cx| Self::url(&config.forward_proxy_url, &tls, cx))
            }
            // The environment of a run is not that of whoever only looks at its configuration.
            None if cx.reads_nothing() => Ok(Self::Never),
            None => Environment::build(&tls, cx),
        }
    }

    fn url(url: &str, tls: &TransportTls, cx: &mut Build) -> Result<Self, BuildError> {
        let template = Template::all(url, cx)?;
        match template.constant() {
            Some(url) => {
                let server = ProxyServer::parse(url, || Tls::build(tls, &mut Vec::new(), cx).map(Arc::new))?;
                server.map(|server| Self::Always(Arc::new(server))).map_err(|reason| cx.error(reason))
            }
            None => Ok(Self::Varying(template, Arc::new(Tls::build(tls, &mut Vec::new(), cx)?))),
        }
    }

    /// The proxy for a connection, if it goes through one. Unix sockets never do.
    ///
    /// # Errors
    /// When the request makes no proxy of the placeholders.
    pub(super) fn find(
        &self,
        dial: &Dial,
        encrypted: bool,
        scope: Scope<'_>,
    ) -> Result<Option<Arc<ProxyServer>>, Error> {
        let Dial::Tcp { host, port, .. } = dial else { return Ok(None) };
        match self {
            Self::Never => Ok(None),
            Self::Always(server) => Ok(Some(Arc::clone(server))),
            Self::Environment(environment) => Ok(environment.find(host, *port, encrypted)),
            Self::Varying(template, tls) => {
                let parsed = ProxyServer::parse(&template.render(scope), || Ok::<_, Error>(Arc::clone(tls)))?;
                let server = parsed.map_err(|reason| Error::new(Kind::Internal, reason))?;
                Ok(Some(Arc::new(server)))
            }
        }
    }
}

impl ProxyServer {
    /// Reads `scheme://[user[:password]@]host[:port]`; the scheme is `http` unless given. The inner result says in one
    /// sentence what is wrong with the address.
    ///
    /// # Errors
    /// What making TLS for the scheme `https` reports.
    fn parse<E>(url: &str, tls: impl FnOnce() -> Result<Arc<Tls>, E>) -> Result<Result<Self, String>, E> {
        let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Option<Uri> = whole.parse().ok();
        let wrong = |what: &str| Ok(Err(format!("network proxy {}: {what}", without_credentials(url))));
        let Some((uri, authority)) = uri.as_ref().and_then(|uri| Some((uri, uri.authority()?))) else {
            return wrong("this is no URL with a host, as in http://proxy.example:3128");
        };
        let (protocol, port) = match uri.scheme_str().unwrap_or("http") {
            "http" => (Protocol::Http, 80),
            "https" => (Protocol::Https(tls()?), 443),
            "socks5" | "socks5h" => (Protocol::Socks5, 1080),
            other => return wrong(&format!("{other} is none of http, https and socks5")),
        };
        if authority.host().is_empty() {
            return wrong("the host is missing");
        }
        let host = authority.host().trim_matches(['[', ']']).into();
        let dial = Dial::Tcp { family: Family::Any, host, port: authority.port_u16().unwrap_or(port) };
        Ok(Ok(Self { protocol, dial, credentials: credentials(authority) }))
    }

    /// What sets connections through the proxy apart: a tunnel is only for those who have opened it.
    pub(super) fn identity(&self) -> String {
        format!("{self} {:?}", self.credentials)
    }

    /// Whether plain requests are handed to the proxy with the whole URL, in place of a tunnel through it.
    pub(super) fn takes_requests(&self) -> bool {
        !matches!(self.protocol, Protocol::Socks5)
    }

    /// What a request that is handed to the proxy needs for it.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let (name, password) = self.credentials.as_ref()?;
        let mut value =
            HeaderValue::try_from(format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Makes a connection to the proxy one to an upstream. `requests` says that the proxy gets whole requests.
    ///
    /// # Errors
    /// When the proxy does not want to.
    pub(super) async fn enter(&self, socket: TcpStream, dial: &Dial, requests: bool) -> io::Result<Way> {
        let mut way = match &self.protocol {
            Protocol::Https(tls) => {
                Way::Tls(Box::new(tls.handshake(socket, &self.dial.host(), false, true).await?))
            }
            Protocol::Http | Protocol::Socks5 => Way::Plain(socket),
        };
        match &self.protocol {
            _ if requests => {}
            Protocol::Socks5 => handshake::socks5(&mut way, dial, self.credentials.as_ref()).await?,
            Protocol::Http | Protocol::Https(_) => {
                handshake::connect(&mut way, dial, self.authorization().as_ref()).await?;
            }
        }
        Ok(way)
    }
}

/// Without name and password, for messages.
impl std::fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.protocol {
            Protocol::Http => "http",
            Protocol::Https(_) => "https",
            Protocol::Socks5 => "socks5",
        };
        write!(f, "{scheme}://{}", self.dial.hostport())
    }
}

fn credentials(authority: &Authority) -> Option<(String, String)> {
    let (user, _) = authority.as_str().rsplit_once('@')?;
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decode(name), decode(password)))
}

/// Passwords do not belong into messages.
fn without_credentials(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        (_, None) => url.to_owned(),
    }
}

/// A connection to a proxy.
pub(super) enum Way {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

read_from!(Way, this => Self::Plain(stream) => stream, Self::Tls(stream) => stream);
write_to!(Way, this => Self::Plain(stream) => stream, Self::Tls(stream) => stream);

#[cfg(test)]
mod tests {
    use super::ProxyServer;

    fn parse(url: &str) -> Result<ProxyServer, String> {
        ProxyServer::parse(url, || Err("TLS")).unwrap()
    }

    #[test]
    fn urls_name_proxies() {
        for (url, shown) in [
            ("http://proxy", "http://proxy:80"),
            ("proxy.example:3128", "http://proxy.example:3128"),
            ("socks5://[::1]", "socks5://[::1]:1080"),
            ("socks5h://user:p%40ss@127.0.0.1:9", "socks5://127.0.0.1:9"),
        ] {
            assert_eq!(parse(url).unwrap().to_string(), shown);
        }
        let server = parse("http://user:p%40ss@proxy").unwrap();
        assert_eq!(server.credentials, Some(("user".to_owned(), "p@ss".to_owned())));
        assert_eq!(server.authorization().unwrap(), "Basic dXNlcjpwQHNz");
    }

    #[test]
    fn what_is_no_proxy_is_told_without_its_password() {
        for url in ["ftp://user:secret@proxy", "http://:80", "/some/path", ""] {
            let reason = parse(url).unwrap_err();
            assert!(reason.starts_with("network proxy ") && !reason.contains("secret"), "{reason}");
        }
    }
}
