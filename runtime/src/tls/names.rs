//! What names say about the certificates that are possible for them.

use std::net::IpAddr;

use crate::http::idna;

/// Whether any certificate can be made for a name: not for an empty one or for one with a wildcard in a strange place.
#[must_use]
pub fn qualifies(name: &str) -> bool {
    let wildcard_is_a_label = || !name.contains('*') || name.starts_with("*.") || name == "*";
    let strange = "()[]{}<> \t\n\"\\!@#$%^&|;'+=";
    !name.trim().is_empty()
        && !name.starts_with('.')
        && !name.ends_with('.')
        && wildcard_is_a_label()
        && !name.contains(|character| strange.contains(character))
}

/// Whether a public authority might make a certificate for a name.
#[must_use]
pub fn is_public(name: &str) -> bool {
    let wildcards_are_leading = || {
        let labels_after = name.strip_prefix("*.").unwrap_or(name);
        !labels_after.contains('*') && (!name.contains('*') || labels_after.contains('.'))
    };
    qualifies(name) && !is_internal(name) && wildcards_are_leading()
}

/// Whether a name means something only on this machine or network.
fn is_internal(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if let Ok(address) = name.parse::<IpAddr>() {
        return is_internal_address(address);
    }
    name == "localhost"
        || [".localhost", ".local", ".internal", ".home.arpa"].iter().any(|end| name.ends_with(end))
}

fn is_internal_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
    }
}

/// Whether a name is an IP address.
#[must_use]
pub fn is_address(name: &str) -> bool {
    name.parse::<IpAddr>().is_ok()
}

/// Whether `pattern` covers `name`, where labels of the pattern may be `*`. Both in lower case.
#[must_use]
pub fn covers(pattern: &str, name: &str) -> bool {
    if pattern == name {
        return true;
    }
    if !pattern.contains('*') {
        return false;
    }
    let (mut patterns, mut labels) = (pattern.split('.'), name.split('.'));
    loop {
        match (patterns.next(), labels.next()) {
            (None, None) => return true,
            (Some(pattern), Some(label)) if pattern == "*" || pattern == label => {}
            _ => return false,
        }
    }
}

/// The names under which a certificate for `name` may be found: itself, then with its left labels replaced one after the
/// other.
pub(crate) fn lookups(name: &str) -> impl Iterator<Item = String> + '_ {
    let labels: Vec<&str> = name.split('.').collect();
    let wildcards = if is_address(name) { 0 } else { labels.len() };
    let replaced = (1..=wildcards).map(move |count| {
        let mut parts = vec!["*"; count];
        parts.extend(&labels[count..]);
        parts.join(".")
    });
    std::iter::once(name.to_owned()).chain(replaced)
}

/// A server name as it is compared: ASCII in lower case, without the dot at the end and the brackets of an address.
#[must_use]
pub fn normalized(name: &str) -> String {
    let name = name.trim().trim_end_matches('.');
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    idna::to_ascii(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_names_are_told_from_internal_ones() {
        for public in ["example.com", "*.example.com", "a.b.example.co.uk", "1.2.3.4"] {
            assert!(is_public(public), "{public}");
        }
        let internal =
            ["localhost", "a.localhost", "x.local", "y.internal", "z.home.arpa", "127.0.0.1", "10.1.2.3"];
        for internal in
            internal.into_iter().chain(["::1", "*", "*.com.*", "*.*.example.com", "*.tld", "", "a b"])
        {
            assert!(!is_public(internal), "{internal}");
        }
        assert!(qualifies("*") && qualifies("localhost") && !qualifies("a*.example.com"));
    }

    #[test]
    fn names_are_compared_in_ascii() {
        assert_eq!(normalized("Bücher.Example."), "xn--bcher-kva.example");
        assert_eq!(normalized("[::1]"), "::1");
    }

    #[test]
    fn wildcards_stand_for_one_label() {
        assert!(covers("*.example.com", "a.example.com"));
        assert!(!covers("*.example.com", "a.b.example.com"));
        assert!(!covers("*.example.com", "example.com"));
        assert!(covers("*.*.com", "a.b.com") && covers("*", "localhost"));
    }

    #[test]
    fn certificates_are_looked_up_from_exact_to_general() {
        assert_eq!(lookups("a.b.c").collect::<Vec<_>>(), ["a.b.c", "*.b.c", "*.*.c", "*.*.*"]);
        assert_eq!(lookups("::1").collect::<Vec<_>>(), ["::1"]);
    }
}
