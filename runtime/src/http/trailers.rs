//! Fields behind a body: a message has been taken for what it is when they come, so they may change nothing of that.

use http::{HeaderMap, HeaderName};

/// Fields that say where a message goes, who sends it, how it is read or what is to be done with it (RFC 9110, section 6.5.1).
/// An upstream that mixes trailers with the other fields would believe them although nobody has looked at them.
const HEAD_ONLY: [&str; 35] = [
    "alt-svc",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "early-data",
    "expect",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// Whether a field may stand behind a body.
pub(crate) fn may_follow(name: &HeaderName) -> bool {
    HEAD_ONLY.binary_search(&name.as_str()).is_err()
}

/// Removes what may not stand behind a body.
pub(crate) fn strip(trailers: &mut HeaderMap) {
    remove(trailers, |name| !may_follow(name));
}

/// Removes names that CGI-like upstreams take for others, as it is done with those in the head.
pub(crate) fn strip_aliases(trailers: &mut HeaderMap) {
    remove(trailers, |name| name.as_str().bytes().any(|byte| matches!(byte, b'_' | b'.')));
}

fn remove(trailers: &mut HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) {
    while let Some(name) = trailers.keys().find(|name| unwanted(name)).cloned() {
        trailers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(HEAD_ONLY.is_sorted());
        assert!(!may_follow(&http::header::CONTENT_LENGTH));
        assert!(may_follow(&HeaderName::from_static("grpc-status")));
    }
}
