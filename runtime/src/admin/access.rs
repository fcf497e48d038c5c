//! Who may use the admin API: a browser must not be able to reach it by way of a page from elsewhere.

use std::net::SocketAddr;

use caddis_config::{admin::Admin, value::NetworkAddress};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::reply::ApiError;

/// The rules of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    /// An `Origin` is required, not only checked where there is one.
    pub(crate) enforce_origin: bool,
    enforce_host: bool,
    allowed: Vec<Allowed>,
}

/// An origin, or a host with port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    scheme: Option<String>,
    host: String,
}

impl Access {
    /// The rules of a configuration; `local` is the address of the socket, whose port may have come from the kernel.
    pub(super) fn new(admin: &Admin, address: &NetworkAddress, local: Option<SocketAddr>) -> Self {
        let port = local.map_or(address.start_port, |local| local.port());
        let no_host = address.is_unix() || address.is_fd();
        let mut allowed: Vec<Allowed> = admin.origins.iter().map(|origin| Allowed::parse(origin)).collect();
        if allowed.is_empty() && !no_host {
            let hosts = if address.is_loopback() {
                vec![format!("localhost:{port}"), format!("[::1]:{port}"), format!("127.0.0.1:{port}")]
            } else {
                vec![caddis_config::go::host_port::join(&address.host, &port.to_string())]
            };
            allowed = hosts.into_iter().map(|host| Allowed { scheme: None, host }).collect();
        }
        Self {
            enforce_origin: admin.enforce_origin,
            enforce_host: !address.is_wildcard() && !no_host,
            allowed,
        }
    }

    /// The value for `Access-Control-Allow-Origin`, where the request asks for one.
    ///
    /// # Errors
    /// When the request may not be answered.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, ApiError> {
        let text =
            |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        if text(header::UPGRADE).contains("websocket") {
            return Err(ApiError::bad("WebSocket connections aren't allowed."));
        }
        let fetch_mode = headers.get("sec-fetch-mode").and_then(|value| value.to_str().ok());
        if fetch_mode.unwrap_or("").contains("no-cors") {
            return Err(ApiError::bad("Disabling same-origin restrictions is not allowed."));
        }
        if text(header::ORIGIN) == "null" {
            return Err(ApiError::bad("Buggy browser is sending null Origin header."));
        }
        let forbidden = |message: String| Err(ApiError::new(StatusCode::FORBIDDEN, message));
        let host = text(header::HOST);
        if self.enforce_host && !self.allowed.iter().any(|allowed| allowed.host == host) {
            return forbidden(format!("host not allowed: {host}"));
        }
        if !self.enforce_origin && !headers.contains_key(header::ORIGIN) && fetch_mode.is_none() {
            return Ok(None);
        }
        let named = match text(header::ORIGIN) {
            "" => text(header::REFERER),
            origin => origin,
        };
        let origin = Allowed::parse(named);
        if origin.host.is_empty() {
            return forbidden("required Origin header is missing or invalid".into());
        }
        let same_scheme = |allowed: &Allowed| allowed.scheme.is_none() || allowed.scheme == origin.scheme;
        if !self.allowed.iter().any(|allowed| same_scheme(allowed) && allowed.host == origin.host) {
            return forbidden(format!("client is not allowed to access from origin '{named}'"));
        }
        let value = origin.scheme.map_or(origin.host.clone(), |scheme| format!("{scheme}://{}", origin.host));
        HeaderValue::from_str(&value).map(Some).map_err(|_| ApiError::bad("invalid origin"))
    }
}

impl Allowed {
    /// Scheme, if any, and host of a URL or an authority.
    fn parse(text: &str) -> Self {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Self { scheme, host: host.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(listen: &str, admin: &Admin) -> Access {
        Access::new(admin, &NetworkAddress::parse(listen).unwrap(), None)
    }

    fn status(access: &Access, headers: &[(&'static str, &str)]) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        access.check(&map).map_or_else(|error| error.status.as_u16(), |_| 200)
    }

    #[test]
    fn loopback_takes_its_three_names() {
        let access = access("localhost:2019", &Admin::default());
        for host in ["localhost:2019", "127.0.0.1:2019", "[::1]:2019"] {
            assert_eq!(status(&access, &[("host", host)]), 200, "{host}");
        }
        assert_eq!(status(&access, &[("host", "evil.example")]), 403);
        assert_eq!(status(&access, &[("host", "localhost:2019"), ("origin", "http://localhost:2019")]), 200);
        assert_eq!(status(&access, &[("host", "localhost:2019"), ("origin", "http://evil.example")]), 403);
        assert_eq!(status(&access, &[("host", "localhost:2019"), ("origin", "null")]), 400);
        assert_eq!(status(&access, &[("host", "localhost:2019"), ("sec-fetch-mode", "no-cors")]), 400);
        assert_eq!(status(&access, &[("host", "localhost:2019"), ("upgrade", "websocket")]), 400);
    }

    #[test]
    fn origins_can_be_required_and_named() {
        let admin =
            Admin { enforce_origin: true, origins: vec!["https://panel.example".into()], ..Admin::default() };
        let access = access("0.0.0.0:2019", &admin);
        assert_eq!(status(&access, &[("host", "anything")]), 403);
        assert_eq!(status(&access, &[("referer", "https://panel.example/page")]), 200);
        assert_eq!(status(&access, &[("origin", "http://panel.example")]), 403);
    }
}
