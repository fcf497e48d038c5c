//! URLs as Go's `net/url` reads them, as far as addresses of upstreams need.

use super::quote::quote;

/// The parts of a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// In lower case; empty if there is none.
    pub scheme: String,
    /// What follows the scheme, if that is no slash.
    pub opaque: String,
    /// User and password as given; empty if there is none.
    pub user: String,
    /// Host and port, with brackets.
    pub host: String,
    /// The path, unescaped.
    pub path: String,
    /// The query as given, without `?`.
    pub query: String,
    /// The fragment, unescaped.
    pub fragment: String,
}

impl Url {
    /// `url.Parse`.
    ///
    /// # Errors
    /// `parse "x": …` with the text of Go.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (url_text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let fail = |url: &str, reason: String| format!("parse {}: {reason}", quote(url));
        let mut url = parse(url_text).map_err(|reason| fail(url_text, reason))?;
        url.fragment = unescape(fragment).map_err(|reason| fail(text, reason))?;
        Ok(url)
    }

    /// The host without port and brackets.
    pub fn hostname(&self) -> &str {
        self.host_and_port().0
    }

    /// The port; empty if there is none.
    pub fn port(&self) -> &str {
        self.host_and_port().1
    }

    fn host_and_port(&self) -> (&str, &str) {
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let (host, port) = match self.host.rsplit_once(':') {
            Some((host, port)) if is_port(port) => (host, port),
            _ => (self.host.as_str(), ""),
        };
        (host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host), port)
    }
}

fn parse(text: &str) -> Result<Url, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if text == "*" {
        return Ok(Url { path: "*".to_owned(), ..Url::default() });
    }
    let (scheme, rest) = scheme(text)?;
    let mut url = Url { scheme: scheme.to_lowercase(), ..Url::default() };
    let (mut rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    query.clone_into(&mut url.query);
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            rest.clone_into(&mut url.opaque);
            return Ok(url);
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    if let Some(after) = rest.strip_prefix("//")
        && (!url.scheme.is_empty() || !rest.starts_with("///"))
    {
        let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        url.host = parse_host(host)?;
        if !user.bytes().all(is_userinfo) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        unescape(user)?;
        user.clone_into(&mut url.user);
        rest = path;
    }
    url.path = unescape(rest)?;
    Ok(url)
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at > 0 => return Ok((&text[..at], &text[at + 1..])),
            b':' => return Err("missing protocol scheme".to_owned()),
            _ => break,
        }
    }
    Ok(("", text))
}

fn parse_host(host: &str) -> Result<String, String> {
    if let Some(open) = host.rfind('[') {
        let close = host.rfind(']').ok_or("missing ']' in host")?;
        if open > 0 {
            return Err("invalid IP-literal".to_owned());
        }
        check_port(&host[close + 1..])?;
        let (address, zone) = match host[open + 1..close].split_once("%25") {
            Some((address, zone)) => (address, format!("%{}", unescape(zone)?)),
            None => (&host[open + 1..close], String::new()),
        };
        let address = unescape_host(address)?;
        if address.parse::<std::net::Ipv4Addr>().is_ok() {
            return Err("invalid IP-literal".to_owned());
        }
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(format!(
                "invalid host: ParseAddr({}): unable to parse IP",
                quote(&(address + &zone))
            ));
        }
        return Ok(format!("[{address}{zone}]{}", &host[close + 1..]));
    }
    if let Some(colon) = host.find(':') {
        check_port(&host[colon..])?;
    }
    unescape_host(host)
}

fn check_port(colon_port: &str) -> Result<(), String> {
    let digits = colon_port.strip_prefix(':').unwrap_or(if colon_port.is_empty() { "" } else { "x" });
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(format!("invalid port {} after host", quote(colon_port)))
}

/// In a host, only `%25` and bytes beyond ASCII may be escaped, and of ASCII only what RFC 3986 lets stand there.
fn unescape_host(host: &str) -> Result<String, String> {
    let unescaped = unescape(host)?;
    for (at, byte) in host.bytes().enumerate() {
        match byte {
            b'%' if matches!(host.as_bytes()[at + 1], b'0'..=b'7') && !host[at..].starts_with("%25") => {
                return Err(format!("invalid URL escape {}", quote(&host[at..at + 3])));
            }
            b'%' | 0x80.. => {}
            _ if byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte) => {}
            _ => return Err(format!("invalid character {} in host name", quote(&host[at..=at]))),
        }
    }
    Ok(unescaped)
}

fn is_userinfo(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte)
}

/// Undoes `%XX`. Bytes that are no UTF-8 afterwards become U+FFFD.
fn unescape(text: &str) -> Result<String, String> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut unescaped = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            unescaped.push(bytes[at]);
            at += 1;
            continue;
        }
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2)) else {
            let end =
                (at..=bytes.len().min(at + 3)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(at);
            return Err(format!("invalid URL escape {}", quote(&text[at..end])));
        };
        unescaped.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits"));
        at += 3;
    }
    Ok(String::from_utf8_lossy(&unescaped).into_owned())
}

#[cfg(test)]
mod tests {
    use super::Url;

    #[test]
    fn parts() {
        let url = Url::parse("HTTPS://user:pw@[fe80::1%25en0]:8443/a%20b?c=%d#e%20f").unwrap();
        assert_eq!((url.scheme.as_str(), url.user.as_str()), ("https", "user:pw"));
        assert_eq!(
            (url.host.as_str(), url.hostname(), url.port()),
            ("[fe80::1%en0]:8443", "fe80::1%en0", "8443")
        );
        assert_eq!((url.path.as_str(), url.query.as_str(), url.fragment.as_str()), ("/a b", "c=%d", "e f"));
    }

    #[test]
    fn without_authority() {
        assert_eq!(Url::parse("mailto:a@b").unwrap().opaque, "a@b");
        assert_eq!(Url::parse("/a:b").unwrap().path, "/a:b");
        assert_eq!(Url::parse("//host/x").unwrap().host, "host");
        assert_eq!(Url::parse("").unwrap(), Url::default());
    }

    #[test]
    fn errors_are_gos() {
        for (text, expected) in [
            (":80", r#"parse ":80": missing protocol scheme"#),
            ("1a:b", r#"parse "1a:b": first path segment in URL cannot contain colon"#),
            ("http://h:80-90", r#"parse "http://h:80-90": invalid port ":80-90" after host"#),
            ("http://::1", r#"parse "http://::1": invalid port "::1" after host"#),
            ("http://[::1", r#"parse "http://[::1": missing ']' in host"#),
            ("http://[1.2.3.4]", r#"parse "http://[1.2.3.4]": invalid IP-literal"#),
            ("http://[zz]", r#"parse "http://[zz]": invalid host: ParseAddr("zz"): unable to parse IP"#),
            ("http://a b@c", r#"parse "http://a b@c": net/url: invalid userinfo"#),
            ("http://a b", r#"parse "http://a b": invalid character " " in host name"#),
            ("http://a%zz", r#"parse "http://a%zz": invalid URL escape "%zz""#),
            ("http://a%41", r#"parse "http://a%41": invalid URL escape "%41""#),
            ("http://a/%", r#"parse "http://a/%": invalid URL escape "%""#),
            ("http://a\n", r#"parse "http://a\n": net/url: invalid control character in URL"#),
        ] {
            assert_eq!(Url::parse(text), Err(expected.to_owned()), "{text}");
        }
    }
}
