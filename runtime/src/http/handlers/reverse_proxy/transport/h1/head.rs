//! The head of a response, and what it says of the body (RFC 9112, section 6.3).

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version, header};
use httparse::{Header, ParserConfig, Status};
use hyper::ext::ReasonPhrase;

use crate::http::{
    Body,
    h1::{Chunked, Framing, Invalid, Parsed, fields, one_more_length},
    hop_by_hop::tokens,
};

/// The status line and the fields of a response.
pub(in super::super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    version: Version,
    reason: Option<ReasonPhrase>,
    says: Says,
}

/// What the fields say of the message and its connection.
struct Says {
    close: bool,
    keep_alive: bool,
    coding: bool,
    length: Result<Option<u64>, Invalid>,
}

impl Says {
    fn note(&mut self, name: &HeaderName, value: &HeaderValue) {
        match *name {
            header::CONNECTION => {
                for token in tokens(value) {
                    self.close |= token.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            header::TRANSFER_ENCODING => self.coding = true,
            header::CONTENT_LENGTH => {
                self.length = self.length.and_then(|length| one_more_length(length, value, true));
            }
            _ => {}
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
    let mut config = ParserConfig::default();
    // Proxies may put a space in place of a fold (RFC 9112, section 5.2), and Go takes it too.
    config.allow_obsolete_multiline_headers_in_responses(true);
    let mut response = httparse::Response::new(&mut []);
    let Status::Complete(length) = config.parse_response_with_uninit_headers(&mut response, input, room)?
    else {
        return Ok(None);
    };
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Invalid::Status)?;
    let reason = response.reason.filter(|reason| Some(*reason) != status.canonical_reason());
    let head = head.insert(Head {
        status,
        headers: HeaderMap::new(),
        version: if response.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 },
        reason: reason.and_then(|reason| ReasonPhrase::try_from(reason.as_bytes()).ok()),
        says: Says { close: false, keep_alive: false, coding: false, length: Ok(None) },
    });
    let copy = Bytes::copy_from_slice(&input[..length]);
    let Head { headers, says, .. } = head;
    fields::collect(&copy, input, response.headers, headers, |name, value| says.note(name, value))?;
    Ok(Some(length))
}

impl Head {
    /// Whether another head follows for the same request.
    pub(super) fn is_interim(&self) -> bool {
        self.status.is_informational() && self.status != StatusCode::SWITCHING_PROTOCOLS
    }

    /// Where the body ends, and whether the connection can be used afterwards. `to_head`: the request was HEAD.
    ///
    /// # Errors
    /// When the length is none.
    pub(super) fn framing(&mut self, to_head: bool) -> Result<(Framing, bool), Invalid> {
        let bodiless = self.is_bodiless(to_head);
        let headers = &mut self.headers;
        let mut reusable = match self.version {
            Version::HTTP_10 => self.says.keep_alive,
            _ => !self.says.close,
        };
        if self.says.coding {
            // No other coding is asked for, and none is taken off: what it hides would pass for the content.
            only_chunked(headers)?;
            // Together they are an attempt to smuggle something; the length is not to be passed on.
            reusable &= headers.remove(header::CONTENT_LENGTH).is_none() && self.version != Version::HTTP_10;
            if !bodiless {
                return Ok((Framing::Chunked(Chunked::Size), reusable));
            }
        }
        let length = if self.says.coding { None } else { self.says.length? };
        // What has no body and speaks of one may well send it.
        if self.status == StatusCode::NO_CONTENT {
            reusable &= length.unwrap_or(0) == 0 && !self.says.coding;
        }
        Ok(match length {
            _ if bodiless => (Framing::Length(0), reusable),
            Some(length) => (Framing::Length(length), reusable),
            None => (Framing::Close, false),
        })
    }

    fn is_bodiless(&self, to_head: bool) -> bool {
        to_head
            || self.status.is_informational()
            || matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }

    pub(super) fn response(&mut self, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.version_mut() = self.version;
        *response.headers_mut() = std::mem::take(&mut self.headers);
        if let Some(reason) = self.reason.take() {
            response.extensions_mut().insert(reason);
        }
        response
    }
}

/// # Errors
/// When there is another transfer coding than chunks, or more than one.
fn only_chunked(headers: &HeaderMap) -> Result<(), Invalid> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked = codings.next().is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if chunked && codings.next().is_none() { Ok(()) } else { Err(Invalid::Coding) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::h1::Input;

    fn head(text: &str) -> Result<Head, Invalid> {
        let mut head = None;
        Input::from(text).take_head(1 << 20, &mut head, read)?;
        Ok(head.expect("it is complete"))
    }

    fn framing(fields: &str) -> Result<(Framing, bool), Invalid> {
        head(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"))?.framing(false)
    }

    #[test]
    fn a_head_comes_in_any_pieces() {
        let text = "HTTP/1.1 204 Nothing\r\nVia: a\r\nvia: b\r\nX-Empty:\r\n\r\nrest";
        let end = text.len() - 4;
        for step in 1..text.len() {
            let (mut input, mut found) = (Input::default(), None);
            for piece in text.as_bytes().chunks(step) {
                input.bytes.extend_from_slice(piece);
                if found.is_none() {
                    input.take_head(end, &mut found, read).unwrap();
                }
            }
            let head = found.unwrap();
            assert_eq!((head.status.as_u16(), head.headers.len(), &input.bytes[..]), (204, 3, &b"rest"[..]));
            assert_eq!(head.reason.unwrap().as_bytes(), b"Nothing");
        }
    }

    #[test]
    fn folds_are_spaces() {
        let head = head("HTTP/1.1 200 OK\r\nA: one\r\n  two\r\n\tthree\r\n\r\n").unwrap();
        assert_eq!(head.headers["a"], "one two three");
    }

    #[test]
    fn many_fields_have_room() {
        let fields: String = (0..1000).map(|number| format!("n{number}: v\r\n")).collect();
        assert_eq!(head(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")).unwrap().headers.len(), 1000);
    }

    #[test]
    fn a_head_has_a_limit() {
        for end in ["", "\r\n\r\n"] {
            let mut input = Input::from(&*format!("HTTP/1.1 200 OK\r\nA: 12345{end}"));
            assert_eq!(input.take_head(20, &mut None, read).err(), Some(Invalid::TooLarge(20)));
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for text in [
            "garbage\r\n\r\n",
            "HTTP/1.1 OK\r\n\r\n",
            "HTTP/1.1 099 Low\r\n\r\n",
            "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
        ] {
            assert!(head(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_length_is_one_number() {
        assert_eq!(framing("Content-Length: 5\r\n"), Ok((Framing::Length(5), true)));
        assert_eq!(framing("Content-Length: 5, 5\r\nContent-Length: 5\r\n"), Ok((Framing::Length(5), true)));
        for fields in ["5, 6", "+5", "-5", "5a", "", "9223372036854775808", "99999999999999999999"] {
            assert_eq!(framing(&format!("Content-Length: {fields}\r\n")), Err(Invalid::Length), "{fields}");
        }
    }

    #[test]
    fn chunks_win_over_a_length() {
        let mut both =
            head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        assert_eq!(both.framing(false), Ok((Framing::Chunked(Chunked::Size), false)));
        assert!(both.headers.get("content-length").is_none());
        assert_eq!(framing("Transfer-Encoding: Chunked\r\n"), Ok((Framing::Chunked(Chunked::Size), true)));
        assert_eq!(framing(""), Ok((Framing::Close, false)));
    }

    #[test]
    fn no_other_coding_is_taken() {
        for fields in [
            "gzip",
            "gzip, chunked",
            "identity",
            "",
            "chunked, chunked",
            "chunked\r\nTransfer-Encoding: chunked",
        ] {
            let fields = format!("Transfer-Encoding: {fields}\r\n");
            assert_eq!(framing(&fields), Err(Invalid::Coding), "{fields}");
            assert_eq!(framing(&format!("Content-Length: 5\r\n{fields}")), Err(Invalid::Coding), "{fields}");
        }
    }

    #[test]
    fn some_responses_have_no_body() {
        for (status, fields, stays) in [
            (304, "Content-Length: 5", true),
            (204, "Content-Length: 0", true),
            (204, "Content-Length: 5", false),
            (204, "Transfer-Encoding: chunked", false),
        ] {
            let mut head = head(&format!("HTTP/1.1 {status} X\r\n{fields}\r\n\r\n")).unwrap();
            assert_eq!(head.framing(false), Ok((Framing::Length(0), stays)), "{status} {fields}");
        }
        let mut chunked = head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        assert_eq!(chunked.framing(true), Ok((Framing::Length(0), true)), "to HEAD");
    }

    #[test]
    fn the_peer_decides_whether_the_connection_stays() {
        assert!(!framing("Content-Length: 0\r\nConnection: x, Close\r\n").unwrap().1);
        let old =
            |fields: &str| head(&format!("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n{fields}\r\n")).unwrap();
        assert!(!old("").framing(false).unwrap().1);
        assert!(old("Connection: keep-alive\r\n").framing(false).unwrap().1);
    }
}
