//! Messages (RFC 9114 section 4): field sections to the types of `http` and back, with every rule that makes a message
//! malformed.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Version, header, request, response};

use crate::{Error, qpack};

mod fields;
mod request_head;
mod response_head;
pub mod write;

pub use qpack::Stop;

use fields::Fields;

/// The head of a message, and what is to be known of its content.
#[derive(Clone, Debug)]
pub struct Received<T> {
    /// The head.
    pub parts: T,
    /// The length of the content that the message declares, in bytes; `None` in requests with CONNECT, which have none.
    pub content_length: Option<u64>,
}

/// The protocol of an extended CONNECT request (RFC 9220): the value of `:protocol`. It is among the extensions of the
/// request's head.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Protocol(HeaderValue);

impl Protocol {
    /// A protocol with a name that is known when this is compiled.
    ///
    /// # Panics
    /// If it is not visible ASCII.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(HeaderValue::from_static(name))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// Whether it asks for WebTransport, in any dialect.
    #[must_use]
    pub fn is_webtransport(&self) -> bool {
        matches!(self.as_str(), "webtransport" | "webtransport-h3")
    }

    /// A protocol with this name; `None` if it is empty or not visible ASCII.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        Self::read(Bytes::copy_from_slice(name.as_bytes())).ok()
    }

    fn read(name: Bytes) -> Result<Self, Error> {
        let is_upgrade_token = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        match HeaderValue::from_maybe_shared(name) {
            Ok(name) if is_upgrade_token => Ok(Self(name)),
            _ => Err(Error::message(":protocol is not the name of a protocol")),
        }
    }
}

/// Decodes the head of a request. `extended` says whether this server takes extended CONNECT: if not, `:protocol` is as
/// unknown as any other pseudo-header field.
///
/// # Errors
/// [`Stop::TooLarge`] above `limit`, H3_MESSAGE_ERROR for a malformed request, and what [`qpack::decode`] says.
pub fn request(section: Bytes, limit: u64, extended: bool) -> Result<Received<request::Parts>, Stop> {
    let mut head = request_head::Head::new(extended);
    qpack::decode(section, limit, |field| head.take(field))?;
    Ok(head.finish()?)
}

/// Decodes the head of a response, interim ones among them.
///
/// # Errors
/// As [`request()`].
pub fn response(section: Bytes, limit: u64) -> Result<Received<response::Parts>, Stop> {
    let mut head = response_head::Head::default();
    qpack::decode(section, limit, |field| head.take(field))?;
    Ok(head.finish()?)
}

/// Decodes a trailer section.
///
/// # Errors
/// As [`request()`].
pub fn trailers(section: Bytes, limit: u64) -> Result<HeaderMap, Stop> {
    let mut fields = Fields::default();
    qpack::decode(section, limit, |field| match field.name {
        qpack::Name::Field(name) => fields.take(name, field.value, field.sensitive),
        qpack::Name::Malformed => Err(fields::bad_name()),
        _ => Err(Error::message("a pseudo-header field is among the trailers")),
    })?;
    if fields.te {
        return Err(Error::message("te is among the trailers").into());
    }
    Ok(fields.finish()?.headers)
}

/// Whether a field says something about one connection of HTTP/1.1, which no message of HTTP/3 may (RFC 9114 section
/// 4.2). `te` is not among them: see [`is_te_permitted`].
#[must_use]
pub fn is_connection_specific(name: &header::HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection" | "keep-alive" | "proxy-connection" | "transfer-encoding" | "upgrade"
    )
}

/// Whether `te` has the one value that a request may have.
#[must_use]
pub fn is_te_permitted(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"trailers")
}

const VERSION: Version = Version::HTTP_3;

#[cfg(test)]
mod tests;
