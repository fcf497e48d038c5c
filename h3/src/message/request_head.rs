//! The head of a request (RFC 9114 sections 4.3.1 and 4.4, RFC 9220).

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Uri, header, request,
    uri::{Authority, PathAndQuery, Scheme},
};

use super::{
    Protocol, Received, VERSION,
    fields::{Fields, bad_name, late, once},
};
use crate::{
    Error,
    qpack::{Field, Name},
};

#[derive(Debug, Default)]
pub(super) struct Head {
    /// Whether `:protocol` is known.
    extended: bool,
    method: Option<Bytes>,
    scheme: Option<Bytes>,
    authority: Option<Bytes>,
    path: Option<Bytes>,
    protocol: Option<Bytes>,
    fields: Fields,
}

impl Head {
    pub(super) fn new(extended: bool) -> Self {
        Self { extended, ..Self::default() }
    }

    pub(super) fn take(&mut self, field: Field) -> Result<(), Error> {
        let place = match field.name {
            Name::Field(name) => return self.fields.take(name, field.value, field.sensitive),
            Name::Method => &mut self.method,
            Name::Scheme => &mut self.scheme,
            Name::Authority => &mut self.authority,
            Name::Path => &mut self.path,
            Name::Protocol if self.extended => &mut self.protocol,
            Name::Status => return Err(Error::message("a request has :status")),
            Name::Protocol | Name::Malformed => return Err(bad_name()),
        };
        if self.fields.any {
            return Err(late());
        }
        once(place, field.value)
    }

    pub(super) fn finish(self) -> Result<Received<request::Parts>, Error> {
        let method = method(self.method.as_ref().ok_or(Error::message("a request has no :method"))?)?;
        let connect = method == Method::CONNECT;
        let extended = self.protocol.is_some();
        if extended && !connect {
            return Err(Error::message(":protocol is for CONNECT only"));
        }
        let fields = self.fields.finish()?;
        let uri = if connect && !extended {
            if self.scheme.is_some() || self.path.is_some() {
                return Err(Error::message("CONNECT has :scheme or :path"));
            }
            tunnel(self.authority, &fields.headers)?
        } else {
            let target = Target { scheme: self.scheme, authority: self.authority, path: self.path };
            target.uri(&method, extended, &fields.headers)?
        };
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = method;
        parts.uri = uri;
        parts.version = VERSION;
        parts.headers = fields.headers;
        if let Some(protocol) = self.protocol {
            parts.extensions.insert(Protocol::read(protocol)?);
        }
        Ok(Received { parts, content_length: fields.content_length.filter(|_| !connect) })
    }
}

fn method(text: &[u8]) -> Result<Method, Error> {
    Method::from_bytes(text).map_err(|_| Error::message(":method is not a method"))
}

/// The target of a plain CONNECT request.
fn tunnel(authority: Option<Bytes>, headers: &HeaderMap) -> Result<Uri, Error> {
    let bytes = authority.ok_or(Error::message("CONNECT has no :authority"))?;
    let authority = parse_authority(bytes)?;
    if authority.port_u16().is_none() || authority.as_str().contains('@') {
        return Err(Error::message("the :authority of CONNECT is not a host and port"));
    }
    check_host(Some(&authority), headers)?;
    Ok(authority.into())
}

/// The parts of an ordinary target.
struct Target {
    scheme: Option<Bytes>,
    authority: Option<Bytes>,
    path: Option<Bytes>,
}

impl Target {
    fn uri(self, method: &Method, extended: bool, headers: &HeaderMap) -> Result<Uri, Error> {
        let scheme = parse_scheme(&self.scheme.ok_or(Error::message("a request has no :scheme"))?)?;
        let web = scheme == Scheme::HTTPS || scheme == Scheme::HTTP;
        let path = self.path.ok_or(Error::message("a request has no :path"))?;
        let asterisk = path == "*" && method == Method::OPTIONS;
        if path.contains(&b'#') || (web && !path.starts_with(b"/") && !asterisk) {
            return Err(Error::message(":path does not begin with a slash, or has a fragment"));
        }
        let path = PathAndQuery::from_maybe_shared(path)
            .map_err(|_| Error::message(":path is not a path and query"))?;
        let named = self.authority.map(parse_authority).transpose()?;
        if extended && named.is_none() {
            return Err(Error::message("extended CONNECT has no :authority"));
        }
        check_host(named.as_ref(), headers)?;
        let authority = match (named, headers.get(header::HOST)) {
            (Some(authority), _) => Some(authority),
            (None, Some(host)) => Some(parse_authority(Bytes::copy_from_slice(host.as_bytes()))?),
            (None, None) if web => return Err(Error::message("a request has neither :authority nor host")),
            (None, None) => None,
        };
        if web && authority.as_ref().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::message(":authority names a user"));
        }
        let mut parts = http::uri::Parts::default();
        // `Uri` has no scheme without an authority.
        parts.scheme = authority.is_some().then_some(scheme);
        parts.authority = authority;
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|_| Error::message("the target of a request is not a URI"))
    }
}

fn parse_scheme(text: &[u8]) -> Result<Scheme, Error> {
    let bad = Error::message(":scheme is not a scheme");
    match text {
        b"https" => Ok(Scheme::HTTPS),
        b"http" => Ok(Scheme::HTTP),
        // `Scheme` takes one without a letter.
        [b'a'..=b'z' | b'A'..=b'Z', ..] => Scheme::try_from(text).map_err(|_| bad),
        _ => Err(bad),
    }
}

fn parse_authority(text: Bytes) -> Result<Authority, Error> {
    Authority::from_maybe_shared(text).map_err(|_| Error::message(":authority or host is empty or wrong"))
}

/// There is one host at most, and it is that of `:authority` (section 4.3.1).
fn check_host(authority: Option<&Authority>, headers: &HeaderMap) -> Result<(), Error> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let first = hosts.next();
    if hosts.next().is_some() {
        return Err(Error::message("a request has several host fields"));
    }
    match (authority, first) {
        (Some(authority), Some(host))
            if !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) =>
        {
            Err(Error::message(":authority and host differ"))
        }
        _ => Ok(()),
    }
}
