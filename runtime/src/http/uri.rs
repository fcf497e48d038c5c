//! Targets as Caddy sees them: a decoded path to match on, the escaped one for the wire, and query parameters.

use std::borrow::Cow;

use http::Uri;

/// The decoded path. Bytes that are no UTF-8 once decoded become U+FFFD; an invalid escape stays as it is.
#[must_use]
pub fn path(uri: &Uri) -> Cow<'_, str> {
    unescape(uri.path(), false).unwrap_or(Cow::Borrowed(uri.path()))
}

/// Path and query: what a request line holds.
#[must_use]
pub fn request_uri(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
}

/// Undoes percent-encoding; `None` for an escape that is none. In queries `+` is a space.
#[must_use]
pub fn unescape(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
    let Some(first) = text.bytes().position(|b| b == b'%' || (plus_is_space && b == b'+')) else {
        return Some(Cow::Borrowed(text));
    };
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    decoded.extend_from_slice(&bytes[..first]);
    let mut at = first;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let (high, low) = (hex(*bytes.get(at + 1)?)?, hex(*bytes.get(at + 2)?)?);
                decoded.push(high << 4 | low);
                at += 3;
                continue;
            }
            b'+' if plus_is_space => decoded.push(b' '),
            other => decoded.push(other),
        }
        at += 1;
    }
    Some(Cow::Owned(match String::from_utf8(decoded) {
        Ok(decoded) => decoded,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Percent-encodes a decoded path, with the characters that Go leaves alone in paths.
#[must_use]
pub fn escape_path(path: &str) -> Cow<'_, str> {
    escape(path, |byte| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte))
}

/// Percent-encodes what an already escaped path may not hold; existing escapes stay.
#[must_use]
pub fn escape_invalid(path: &str) -> Cow<'_, str> {
    escape(path, |byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#?".contains(&byte))
}

/// A target of a path that is escaped already and of a query; what neither may hold is escaped.
#[must_use]
pub fn target(path: &str, query: Option<&str>) -> Uri {
    let mut text = String::with_capacity(path.len() + query.map_or(0, str::len) + 2);
    if !path.starts_with('/') && path != "*" {
        text.push('/');
    }
    text.push_str(&escape_invalid(path));
    if let Some(query) = query {
        text.push('?');
        text.push_str(&escape(query, |byte| byte.is_ascii_graphic() && !b"\"<>#".contains(&byte)));
    }
    let target = http::uri::PathAndQuery::try_from(text);
    target.map_or_else(|_| Uri::from_static("/"), Uri::from)
}

/// Percent-encodes one name or value of a query; a space becomes `+`.
#[must_use]
pub fn escape_query(text: &str) -> Cow<'_, str> {
    if !text.contains(' ') {
        return escape(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    }
    let escaped = escape(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~ ".contains(&byte));
    Cow::Owned(escaped.replace(' ', "+"))
}

fn escape(text: &str, plain: impl Fn(u8) -> bool) -> Cow<'_, str> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if text.bytes().all(&plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if plain(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push(char::from(DIGITS[usize::from(byte >> 4)]));
            escaped.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    Cow::Owned(escaped)
}

/// The decoded parameters of a query in order; `Err` stands for one that cannot be decoded or holds a semicolon,
/// which Go drops.
pub fn parameters(query: &str) -> impl Iterator<Item = Result<(Cow<'_, str>, Cow<'_, str>), BadParameter>> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        if pair.contains(';') {
            return Err(BadParameter);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((unescape(name, true).ok_or(BadParameter)?, unescape(value, true).ok_or(BadParameter)?))
    })
}

/// A parameter that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadParameter;

/// Host and port of `host:port`, where an address with several colons needs brackets; `None` without a port.
#[must_use]
pub fn split_host_port(authority: &str) -> Option<(&str, &str)> {
    let (host, port) = authority.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    (!host.contains(['[', ']']) && !port.contains(['[', ']'])).then_some((host, port))
}

/// The part up to and with the last slash, and the rest.
#[must_use]
pub fn split_file(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}

/// The last element without trailing slashes; `.` for nothing, `/` for slashes only.
#[must_use]
pub fn base(path: &str) -> &str {
    match (path, path.trim_end_matches('/')) {
        ("", _) => ".",
        (_, "") => "/",
        (_, trimmed) => split_file(trimmed).1,
    }
}

/// The extension of the last element, with its dot; empty if there is none.
#[must_use]
pub fn extension(path: &str) -> &str {
    let file = split_file(path).1;
    file.rfind('.').map_or("", |dot| &file[dot..])
}

/// Resolves `.` and `..` and keeps a slash at the end. Slashes that follow one another become one when
/// `merge_slashes` is set and stand for empty elements otherwise.
#[must_use]
pub fn clean(path: &str, merge_slashes: bool) -> Cow<'_, str> {
    if path.starts_with('/') && !path.contains("/.") && !(merge_slashes && path.contains("//")) {
        return Cow::Borrowed(path);
    }
    let rooted = path.starts_with('/');
    let mut elements: Vec<&str> = Vec::new();
    for (index, element) in path.split('/').enumerate().skip(usize::from(rooted)) {
        match element {
            "." => {}
            ".." if elements.last().is_some_and(|last| *last != "..") => drop(elements.pop()),
            ".." if rooted => {}
            // The empty element after a last slash is no element.
            "" if merge_slashes || index == path.matches('/').count() => {}
            other => elements.push(other),
        }
    }
    let mut cleaned = String::with_capacity(path.len());
    if rooted {
        cleaned.push('/');
    }
    cleaned.push_str(&elements.join("/"));
    if cleaned.is_empty() {
        cleaned.push('.');
    }
    if path.ends_with('/') && cleaned != "/" && !cleaned.ends_with("//") {
        cleaned.push('/');
    }
    Cow::Owned(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_or_refused() {
        assert_eq!(unescape("/a%20b", false).unwrap(), "/a b");
        assert_eq!(unescape("a+b%2B", true).unwrap(), "a b+");
        assert_eq!(unescape("a+b", false).unwrap(), "a+b");
        for bad in ["%", "%4", "%zz", "a%g0"] {
            assert_eq!(unescape(bad, false), None, "{bad}");
        }
    }

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (path, merged, kept) in [
            ("/", "/", "/"),
            ("/a/b", "/a/b", "/a/b"),
            ("//a//b/", "/a/b/", "//a//b/"),
            ("/a/../b", "/b", "/b"),
            ("/../../a", "/a", "/a"),
            ("/a/./b/", "/a/b/", "/a/b/"),
            ("/a//../b", "/b", "/a/b"),
            ("/a/..", "/", "/"),
            ("/.hidden", "/.hidden", "/.hidden"),
        ] {
            assert_eq!(clean(path, true), merged, "{path}");
            assert_eq!(clean(path, false), kept, "{path}");
        }
    }

    #[test]
    fn elements_of_a_path() {
        assert_eq!(split_file("/a/b.txt"), ("/a/", "b.txt"));
        assert_eq!((base("/a/b/"), base(""), base("//")), ("b", ".", "/"));
        assert_eq!((extension("/a.b/c"), extension("/a/b.tar.gz"), extension("/.x")), ("", ".gz", ".x"));
    }

    #[test]
    fn host_and_port() {
        assert_eq!(split_host_port("a:80"), Some(("a", "80")));
        assert_eq!(split_host_port("[::1]:80"), Some(("::1", "80")));
        for without in ["a", "::1", "[::1]", "[::1"] {
            assert_eq!(split_host_port(without), None, "{without}");
        }
    }

    #[test]
    fn parameters_that_cannot_be_decoded() {
        let all: Vec<_> = parameters("a=1&&b&c=%zz&d;e=1&a=2").collect();
        assert_eq!(all.len(), 5);
        assert_eq!(all.iter().filter(|pair| pair.is_err()).count(), 2);
        assert_eq!(all[1], Ok(("b".into(), "".into())));
    }
}
