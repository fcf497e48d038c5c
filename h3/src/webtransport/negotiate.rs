//! What the heads of a CONNECT request and its answer say about a session: application protocols
//! (draft-ietf-webtrans-http3-15 section 3.3), the version header fields of the first drafts, and what they must not say.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request, response, uri::Scheme};

use super::structured;
use crate::{Code, Error};

/// The request header field with the application protocols that the client speaks, best first.
pub const AVAILABLE_PROTOCOLS: HeaderName = HeaderName::from_static("wt-available-protocols");

/// The response header field with the one that the server chose.
pub const PROTOCOL: HeaderName = HeaderName::from_static("wt-protocol");

/// What clients of [`Dialect::Draft02`](crate::Dialect::Draft02) send in the request, with the value `1`.
pub const DRAFT02_REQUEST: HeaderName = HeaderName::from_static("sec-webtransport-http3-draft02");

/// What a server answers to [`DRAFT02_REQUEST`], with the value `draft02`.
pub const DRAFT02_RESPONSE: HeaderName = HeaderName::from_static("sec-webtransport-http3-draft");

/// Whether a request may ask for a session: with `https` and without content (RFC 9297 section 3.2).
///
/// # Errors
/// H3_MESSAGE_ERROR, for its stream, if not.
pub fn check_request(head: &request::Parts) -> Result<(), Error> {
    if head.uri.scheme() != Some(&Scheme::HTTPS) {
        return Err(Error::message("a session is requested with another scheme than https"));
    }
    check_content(&head.headers)
}

/// Whether a response of success may begin a session.
///
/// # Errors
/// H3_MESSAGE_ERROR, for its stream, if it speaks of content (RFC 9297 section 3.2).
pub fn check_response(head: &response::Parts) -> Result<(), Error> {
    let about_content = [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT, StatusCode::PARTIAL_CONTENT]
        .contains(&head.status);
    if about_content {
        return Err(Error::message("the status of a session's response is about content"));
    }
    check_content(&head.headers)
}

fn check_content(headers: &HeaderMap) -> Result<(), Error> {
    if headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::CONTENT_TYPE) {
        return Err(Error::message("the head of a session speaks of content"));
    }
    Ok(())
}

/// The application protocols that a request offers, best first; none if the field is missing or wrong.
#[must_use]
pub fn offered_protocols(headers: &HeaderMap) -> Vec<String> {
    let lines: Option<Vec<&str>> =
        headers.get_all(AVAILABLE_PROTOCOLS).iter().map(|value| value.to_str().ok()).collect();
    lines.and_then(|lines| structured::list_of_strings(&lines.join(","))).unwrap_or_default()
}

/// The application protocol that a response chooses; `None` if the field is missing or wrong.
#[must_use]
pub fn chosen_protocol(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all(PROTOCOL).iter();
    let line = lines.next()?;
    // Several lines are a list, which the field is not.
    structured::item_string(line.to_str().ok()?).filter(|_| lines.next().is_none())
}

/// The value of a field with these protocols: a list for [`AVAILABLE_PROTOCOLS`], a single one for [`PROTOCOL`]. `None`
/// if one of them is not ASCII without control characters, which the fields cannot say.
#[must_use]
pub fn protocols_value(protocols: &[&str]) -> Option<HeaderValue> {
    let strings: Option<Vec<String>> = protocols.iter().map(|text| structured::write_string(text)).collect();
    HeaderValue::try_from(strings?.join(", ")).ok()
}

/// For a client: whether the server chose one of those it was offered.
///
/// # Errors
/// WT_ALPN_ERROR, for the session, if it chose another one.
pub fn check_chosen(offered: &[String], chosen: Option<&str>) -> Result<(), Error> {
    match chosen {
        Some(chosen) if !offered.iter().any(|offer| offer == chosen) => {
            Err(Error::stream(Code::WT_ALPN_ERROR, "the server chose a protocol that it was not offered"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};

    use super::*;

    fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).fold(
            HeaderMap::new(),
            |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            },
        )
    }

    #[test]
    fn protocols_are_offered_and_chosen() {
        let value = protocols_value(&["moqt-19", "a\"b\\"]).unwrap();
        assert_eq!(value, r#""moqt-19", "a\"b\\""#);
        let offer =
            headers(&[(AVAILABLE_PROTOCOLS, value.to_str().unwrap()), (AVAILABLE_PROTOCOLS, "\"c\";x=1")]);
        assert_eq!(offered_protocols(&offer), ["moqt-19", "a\"b\\", "c"]);
        let chosen = |text| chosen_protocol(&headers(&[(PROTOCOL, text)]));
        assert_eq!(chosen("\"moqt-19\";x").as_deref(), Some("moqt-19"));
        assert_eq!(chosen("moqt-19"), None);
        assert_eq!(chosen_protocol(&headers(&[(PROTOCOL, "\"a\""), (PROTOCOL, "\"b\"")])), None);
        assert_eq!(protocols_value(&["\u{fc}"]), None);
    }

    #[test]
    fn a_field_that_is_wrong_is_ignored() {
        for text in ["a, b", "\"a\", b", "(\"a\")", "\"a\",", "\"a", "?1", "\"a\" \"b\"", ""] {
            assert!(offered_protocols(&headers(&[(AVAILABLE_PROTOCOLS, text)])).is_empty(), "{text}");
        }
    }

    #[test]
    fn webtransport_3_3_a_choice_that_was_not_offered() {
        let offered = ["a".to_owned()];
        assert_eq!(check_chosen(&offered, Some("b")).map_err(|error| error.code), Err(Code::WT_ALPN_ERROR));
        assert!(check_chosen(&offered, Some("a")).is_ok() && check_chosen(&offered, None).is_ok());
    }

    #[test]
    fn rfc9297_3_2_heads_that_speak_of_content() {
        let request = |uri, name: HeaderName| {
            check_request(&Request::get(uri).header(name, "0").body(()).unwrap().into_parts().0)
        };
        assert!(request("https://a/", header::ORIGIN).is_ok());
        assert!(request("http://a/", header::ORIGIN).is_err());
        assert!(request("https://a/", header::CONTENT_LENGTH).is_err());
        assert!(request("https://a/", header::CONTENT_TYPE).is_err());
        for (status, fine) in [(200, true), (201, true), (204, false), (205, false), (206, false)] {
            let head = Response::builder().status(status).body(()).unwrap().into_parts().0;
            assert_eq!(check_response(&head).is_ok(), fine);
        }
    }
}
