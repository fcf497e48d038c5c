//! Site addresses: taking `scheme://host:port/path` apart as Caddy does, and the normal form of its parts.

use std::net::Ipv6Addr;

use caddis_config::go::{host_port, number};

/// The longest address that is looked at, in bytes.
const MAX_LEN: usize = 4096;

/// The address of a site. Scheme and host are in lower case, except inside placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it was written.
    pub(crate) original: String,
    /// Empty where none was given.
    pub(crate) scheme: String,
    /// Empty where any host will do.
    pub(crate) host: String,
    /// Empty where none was given.
    pub(crate) port: String,
    /// From the first slash; empty without one.
    pub(crate) path: String,
}

impl Address {
    /// Reads an address and brings it into its normal form.
    ///
    /// # Errors
    /// A port that is no number or is out of range.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let original = truncate(text).trim();
        let (scheme, rest) = original.split_once("://").unwrap_or(("", original));
        let (host_and_port, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let with_colon = format!("{host_and_port}:");
        let (host, port) = host_port::split(host_and_port)
            .or_else(|_| host_port::split(&with_colon))
            .unwrap_or((host_and_port, ""));
        check_port(port)?;
        Ok(Self {
            original: original.to_owned(),
            scheme: lower(scheme),
            host: normal_host(host),
            port: port.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The port to listen on: the one given, or that of the scheme.
    pub(crate) fn listener_port(&self, http_port: &str, https_port: &str) -> String {
        if !self.port.is_empty() {
            self.port.clone()
        } else if self.scheme == "http" {
            http_port.to_owned()
        } else {
            https_port.to_owned()
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.is_empty() && self.port.is_empty() {
            return Ok(());
        }
        let scheme = match self.scheme.as_str() {
            "" if self.port == "443" => "https",
            "" => "http",
            scheme => scheme,
        };
        write!(f, "{scheme}://")?;
        let usual = match scheme {
            "https" => "443",
            "http" => "80",
            _ => self.port.as_str(),
        };
        if self.port.is_empty() || self.port == usual {
            f.write_str(&self.host)?;
        } else {
            f.write_str(&host_port::join(&self.host, &self.port))?;
        }
        f.write_str(&self.path)
    }
}

fn truncate(text: &str) -> &str {
    let mut end = text.len().min(MAX_LEN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn check_port(port: &str) -> Result<(), String> {
    if port.is_empty() {
        return Ok(());
    }
    match number::atoi(port) {
        Err(reason) => Err(format!("invalid port '{port}': {reason}")),
        Ok(number) if !(0..=65535).contains(&number) => Err(format!("port {number} is out of range")),
        Ok(_) => Ok(()),
    }
}

fn normal_host(host: &str) -> String {
    let host = host.trim();
    match host.parse::<Ipv6Addr>() {
        Ok(ip) if ip.to_ipv4_mapped().is_none() => ip.to_string(),
        _ => lower(host),
    }
}

/// Lower case outside of placeholders, character by character (Go's simple mapping).
fn lower(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut escaped, mut in_placeholder) = (false, false);
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
            out.push(c);
            continue;
        }
        if c == '{' && !escaped {
            in_placeholder = true;
        }
        if c == '}' && !escaped {
            in_placeholder = false;
        }
        out.push(if in_placeholder { c } else { c.to_lowercase().next().unwrap_or(c) });
        escaped = false;
    }
    out
}

/// How specific a host or path is: its length in bytes without `*` and without placeholders.
pub(crate) fn specificity(text: &str) -> isize {
    let mut len = signed(text.len()) - signed(text.matches('*').count());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        len -= signed(close + 1);
        rest = &rest[open + close + 1..];
    }
    len
}

fn signed(len: usize) -> isize {
    isize::try_from(len).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Address, specificity};

    fn parts(text: &str) -> [String; 4] {
        let address = Address::parse(text).unwrap();
        [address.scheme, address.host, address.port, address.path]
    }

    #[test]
    fn taking_apart() {
        assert_eq!(parts("localhost"), ["", "localhost", "", ""]);
        assert_eq!(parts("HTTPS://Example.COM:8443/A/b"), ["https", "example.com", "8443", "/A/b"]);
        assert_eq!(parts(":80"), ["", "", "80", ""]);
        assert_eq!(parts("[2001:DB8:0::1]:99"), ["", "2001:db8::1", "99", ""]);
        assert_eq!(parts("::1"), ["", "::1", "", ""]);
        assert_eq!(parts("{env.Host}.EXAMPLE.com"), ["", "{env.Host}.example.com", "", ""]);
        assert_eq!(parts(""), ["", "", "", ""]);
    }

    #[test]
    fn ports_are_checked() {
        assert_eq!(Address::parse("localhost:70000"), Err("port 70000 is out of range".into()));
        assert_eq!(Address::parse(":-1"), Err("port -1 is out of range".into()));
        assert!(
            Address::parse("localhost:http").unwrap_err().starts_with("invalid port 'http': strconv.Atoi")
        );
    }

    #[test]
    fn printing() {
        for (text, printed) in [
            ("http://host:1234/path", "http://host:1234/path"),
            ("https://host:443", "https://host"),
            ("host:443", "https://host"),
            ("host", "http://host"),
            ("", ""),
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn wildcards_and_placeholders_are_not_specific() {
        assert_eq!(specificity("*.example.com"), 12);
        assert_eq!(specificity("{env.X}.com"), 4);
        assert_eq!(specificity("{open"), 5);
    }
}
