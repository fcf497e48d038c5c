//! The fields of a message that are not pseudo-header fields.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{is_connection_specific, is_te_permitted};
use crate::{Code, Error};

/// Fields that most messages have room for without growing.
const USUAL: usize = 12;

/// What was collected.
#[derive(Debug, Default)]
pub(super) struct Fields {
    headers: HeaderMap,
    cookie: Option<Cookie>,
    content_length: Option<u64>,
    /// Whether there is a `te` field, which only requests may have.
    pub(super) te: bool,
    /// Whether there is any field: no pseudo-header field may follow it.
    pub(super) any: bool,
}

/// Crumbs of cookies (RFC 9114 section 4.2.1).
#[derive(Debug)]
struct Cookie {
    sensitive: bool,
    first: Bytes,
    /// All of them, as soon as there are two.
    joined: BytesMut,
}

/// The result.
pub(super) struct Finished {
    pub(super) headers: HeaderMap,
    pub(super) content_length: Option<u64>,
}

impl Fields {
    pub(super) fn take(&mut self, name: HeaderName, value: Bytes, sensitive: bool) -> Result<(), Error> {
        if !self.any {
            self.any = true;
            self.headers.reserve(USUAL);
        }
        let value = trim(value);
        if name == header::COOKIE {
            self.crumb(value, sensitive);
            return Ok(());
        }
        if is_connection_specific(&name) {
            return Err(Error::message("a field is about one connection"));
        }
        if name == header::TE {
            if !is_te_permitted(&value) {
                return Err(Error::message("te has another value than \"trailers\""));
            }
            self.te = true;
        }
        if name == header::CONTENT_LENGTH && !self.is_new_length(&value)? {
            return Ok(());
        }
        let mut value = field_value(value)?;
        value.set_sensitive(sensitive);
        match self.headers.try_append(name, value) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::stream(Code::H3_EXCESSIVE_LOAD, "a message has too many fields")),
        }
    }

    /// Reads a content-length. The same one again is as good as one; it is kept once, so that nobody behind this server
    /// has to make up his mind.
    fn is_new_length(&mut self, value: &[u8]) -> Result<bool, Error> {
        let bad = Error::message("content-length is not one number");
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(bad);
        }
        let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or(bad)?;
        match self.content_length.replace(length) {
            None => Ok(true),
            Some(before) if before == length => Ok(false),
            Some(_) => Err(bad),
        }
    }

    fn crumb(&mut self, value: Bytes, sensitive: bool) {
        let Some(cookie) = &mut self.cookie else {
            self.cookie = Some(Cookie { sensitive, first: value, joined: BytesMut::new() });
            return;
        };
        cookie.sensitive |= sensitive;
        if cookie.joined.is_empty() {
            cookie.joined.put_slice(&cookie.first);
        }
        cookie.joined.put_slice(b"; ");
        cookie.joined.put_slice(&value);
    }

    pub(super) fn finish(mut self) -> Result<Finished, Error> {
        if let Some(cookie) = self.cookie {
            let value = if cookie.joined.is_empty() { cookie.first } else { cookie.joined.freeze() };
            // An empty crumb leaves the space of its delimiter behind.
            let mut value = field_value(trim(value))?;
            value.set_sensitive(cookie.sensitive);
            self.headers.insert(header::COOKIE, value);
        }
        Ok(Finished { headers: self.headers, content_length: self.content_length })
    }
}

/// Spaces around a value are no part of it (RFC 9110 section 5.5).
fn trim(value: Bytes) -> Bytes {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    if !value.first().is_some_and(is_space) && !value.last().is_some_and(is_space) {
        return value;
    }
    let start = value.iter().take_while(|byte| is_space(byte)).count();
    let end = value.len() - value[start..].iter().rev().take_while(|byte| is_space(byte)).count();
    value.slice(start..end)
}

fn field_value(value: Bytes) -> Result<HeaderValue, Error> {
    HeaderValue::from_maybe_shared(value)
        .map_err(|_| Error::message("a field has a character that no value may have"))
}

pub(super) const fn bad_name() -> Error {
    Error::message("the name of a field is not a lower-case token, or an unknown pseudo-header field")
}

pub(super) const fn late() -> Error {
    Error::message("a pseudo-header field follows a field")
}

/// Notes the value of a pseudo-header field, which may come once.
pub(super) fn once(place: &mut Option<Bytes>, value: Bytes) -> Result<(), Error> {
    if place.replace(value).is_some() {
        return Err(Error::message("a pseudo-header field comes twice"));
    }
    Ok(())
}
