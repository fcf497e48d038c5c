//! The head of a request, and what it says of the body and of the connection (RFC 9112, sections 3 and 6).

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, Version, header};
use httparse::{Header, Status};

use crate::http::{
    h1::{Chunked, Framing, Invalid, Parsed, fields, length},
    hop_by_hop::has_token,
};

/// The longest target in bytes that the library takes.
const LONGEST_TARGET: usize = u16::MAX as usize - 1;

/// The bytes that hosts have (RFC 3986, section 3.2.2). An empty host is left to the server.
const IN_HOST: [bool; 256] = {
    let mut table = [false; 256];
    let (mut byte, others) = (0, b"!$%&'()*+,-.:;=[]_~");
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
};

/// The request line and the fields.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    /// Which fields there are that have something to say here.
    present: Present,
}

#[derive(Debug, Clone, Copy, Default)]
struct Present {
    host: bool,
    /// There is more than one, or it cannot be one.
    strange_host: bool,
    length: bool,
    coding: bool,
    connection: bool,
    expect: bool,
    upgrade: bool,
}

/// What a request asks of its connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Where its body ends.
    pub(super) framing: Framing,
    /// Whether the client waits to be told to send it.
    pub(super) expects: bool,
    /// Whether the connection may stay.
    pub(super) keep: bool,
    /// Whether the client asks for another protocol.
    pub(super) upgrades: bool,
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("the host is none, or more than one")]
    Host,
    #[error("the version has no such transfer coding")]
    Coding,
    #[error("unknown transfer coding")]
    UnknownCoding,
    #[error("unknown expectation")]
    Expectation,
}

impl Refused {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Invalid(Invalid::TooLarge(_) | Invalid::Syntax(httparse::Error::TooManyHeaders)) => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            Self::Invalid(Invalid::Syntax(httparse::Error::Version)) => {
                StatusCode::HTTP_VERSION_NOT_SUPPORTED
            }
            Self::Invalid(Invalid::LongTarget) => StatusCode::URI_TOO_LONG,
            Self::UnknownCoding => StatusCode::NOT_IMPLEMENTED,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::Invalid(_) | Self::Host | Self::Coding => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a head, for [`Input::take_head`](crate::http::h1::Input::take_head).
///
/// # Errors
/// When it is none.
pub(super) fn read<'a>(
    input: &'a [u8],
    room: &mut [MaybeUninit<Header<'a>>],
    head: &mut Option<Head>,
) -> Parsed {
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(input, room) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::Version) if !has_version(input) => return Err(Invalid::Target),
        Err(error) => return Err(error.into()),
    };
    let copy = Bytes::copy_from_slice(&input[..length]);
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| Invalid::Method)?;
    if target.len() > LONGEST_TARGET {
        return Err(Invalid::LongTarget);
    }
    // The type would silently drop what is behind it.
    if target.contains('#') {
        return Err(Invalid::Target);
    }
    let uri = Uri::from_maybe_shared(fields::part(&copy, input, target.as_bytes()));
    let uri = uri.map_err(|_| Invalid::Target)?;
    let version = if request.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let (headers, present) = (HeaderMap::new(), Present::default());
    let Head { headers, present, .. } = head.insert(Head { method, uri, version, headers, present });
    fields::collect(&copy, input, request.headers, headers, |name, value| match *name {
        header::HOST => {
            present.strange_host |=
                present.host || !value.as_bytes().iter().all(|byte| IN_HOST[usize::from(*byte)]);
            present.host = true;
        }
        header::CONTENT_LENGTH => present.length = true,
        header::TRANSFER_ENCODING => present.coding = true,
        header::CONNECTION => present.connection = true,
        header::EXPECT => present.expect = true,
        header::UPGRADE => present.upgrade = true,
        _ => {}
    })?;
    Ok(Some(length))
}

/// Whether what follows the target is a version at all.
fn has_version(input: &[u8]) -> bool {
    input.split(|byte| *byte == b' ').nth(2).is_some_and(|version| version.starts_with(b"HTTP/"))
}

impl Head {
    /// What the request asks for. Of two lengths the one that is wrong is removed.
    ///
    /// # Errors
    /// When it cannot be told for sure what it is, or that is not known here.
    pub(super) fn asked(&mut self) -> Result<Asked, Refused> {
        let Self { method, uri, version, headers, present } = self;
        if present.strange_host {
            return Err(Refused::Host);
        }
        let old = *version == Version::HTTP_10;
        // An authority alone is what CONNECT asks for, the whole server is for OPTIONS (RFC 9112, sections 3.2.3 and 3.2.4).
        let lonely = uri.authority().is_some() && uri.scheme().is_none();
        if lonely && *method != Method::CONNECT || uri.path() == "*" && *method != Method::OPTIONS {
            return Err(Invalid::Target.into());
        }
        // Without it the server has nothing to say against a target that names a host.
        if uri.scheme().is_some() && !present.host && !old {
            return Err(Refused::Host);
        }
        let mut keep = match (old, present.connection) {
            (_, false) => !old,
            (true, true) => has_token(headers, &header::CONNECTION, "keep-alive"),
            (false, true) => !has_token(headers, &header::CONNECTION, "close"),
        };
        let framing = if present.coding {
            // Both are an attempt to smuggle something (RFC 9112, section 6.1).
            if headers.remove(header::CONTENT_LENGTH).is_some() {
                keep = false;
            }
            coding(headers, old)?
        } else if present.length {
            Framing::Length(length(headers, false)?.unwrap_or(0))
        } else {
            Framing::Length(0)
        };
        // It means nothing there (RFC 9110, section 10.1.1), and is to mean nothing to an upstream.
        if old && present.expect {
            headers.remove(header::EXPECT);
        }
        let expects = present.expect && !old && expects(headers)? && !framing.is_done();
        let upgrades = present.upgrade && !old && has_token(headers, &header::CONNECTION, "upgrade");
        Ok(Asked { framing, expects, keep, upgrades })
    }
}

/// The one transfer coding that there is here.
fn coding(headers: &HeaderMap, old: bool) -> Result<Framing, Refused> {
    if old {
        return Err(Refused::Coding);
    }
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked = codings.next().is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !chunked || codings.next().is_some() {
        return Err(Refused::UnknownCoding);
    }
    Ok(Framing::Chunked(Chunked::Size))
}

fn expects(headers: &HeaderMap) -> Result<bool, Refused> {
    match headers.get(header::EXPECT) {
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"100-continue") => Ok(true),
        Some(value) if !value.is_empty() => Err(Refused::Expectation),
        Some(_) | None => Ok(false),
    }
}
