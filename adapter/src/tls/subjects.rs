//! What the name on a certificate is: an address, a private name, one that public authorities sign.

use std::net::IpAddr;

use caddis_config::go::host_port;

/// Networks whose addresses no public authority signs: prefix and its length.
const PRIVATE_V4: [(u32, u32); 6] = [
    (0x7f00_0000, 8),
    (0x0000_0000, 16),
    (0x0a00_0000, 8),
    (0xac10_0000, 12),
    (0xc0a8_0000, 16),
    (0xa9fe_0000, 16),
];
const PRIVATE_V6: [(u128, u32); 3] = [(0, 7), (0xfe80 << 112, 10), (0xfc00 << 112, 7)];

/// Whether `name` is `pattern`, or becomes it when labels from the left are replaced by `*`.
pub(crate) fn matches(name: &str, pattern: &str) -> bool {
    let name = host_only(name);
    if !pattern.contains('*') {
        // Nearly every comparison is one of two different names in lower case.
        return name == pattern
            || (name.len() == pattern.len() && name.to_lowercase() == pattern.to_lowercase());
    }
    let pattern = pattern.to_lowercase();
    patterns(name).contains(&pattern)
}

/// The name in lower case, and every wildcard that covers it.
pub(crate) fn patterns(name: &str) -> Vec<String> {
    let name = host_only(name).to_lowercase();
    let mut labels: Vec<&str> = name.split('.').collect();
    let wildcards = (0..labels.len()).filter_map(|at| {
        if labels[at].is_empty() {
            return None;
        }
        labels[at] = "*";
        Some(labels.join("."))
    });
    let wildcards: Vec<String> = wildcards.collect();
    std::iter::once(name.clone()).chain(wildcards).collect()
}

/// Whether a certificate can be had for the name at all.
pub(crate) fn qualifies(name: &str) -> bool {
    !name.trim().is_empty()
        && !name.starts_with('.')
        && !name.ends_with('.')
        && (!name.contains('*') || name.starts_with("*.") || name == "*")
        && !name.contains(|c| "()[]{}<> \t\n\"\\!@#$%^&|;'+=".contains(c))
}

/// Whether a public authority would sign the name.
pub(crate) fn qualifies_for_public(name: &str) -> bool {
    let one_wildcard = || {
        name.matches('*').count() == 1
            && name.matches('.').count() > 1
            && name.len() > 2
            && name.starts_with("*.")
    };
    qualifies(name) && !is_internal(name) && (!name.contains('*') || one_wildcard())
}

/// Whether the name gets a certificate from a public authority by default. More than one wildcard is fine on demand,
/// and addresses need settings that only the user has.
pub(crate) fn public_by_default(name: &str, on_demand: bool) -> bool {
    parse_ip(name).is_none() && !is_internal(name) && (name.matches("*.").count() < 2 || on_demand)
}

/// Whether the name is one that Tailscale has certificates for.
pub(crate) fn is_tailscale(name: &str) -> bool {
    name.to_lowercase().ends_with(".ts.net")
}

fn is_internal(name: &str) -> bool {
    let host = host_only(name);
    let host = host.strip_suffix('.').unwrap_or(host).to_lowercase();
    host == "localhost"
        || [".localhost", ".local", ".internal", ".home.arpa"].iter().any(|suffix| host.ends_with(suffix))
        || parse_ip(host_only(&host)).is_some_and(is_private)
}

fn is_private(ip: IpAddr) -> bool {
    let v6 = match ip {
        IpAddr::V4(ip) => {
            let bits = u32::from(ip);
            return PRIVATE_V4.iter().any(|(prefix, len)| (bits ^ prefix) >> (32 - len) == 0);
        }
        IpAddr::V6(ip) => u128::from(ip),
    };
    PRIVATE_V6.iter().any(|(prefix, len)| (v6 ^ prefix) >> (128 - len) == 0)
}

/// As Go's `net.ParseIP`, which takes IPv4 in IPv6 for IPv4.
fn parse_ip(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

fn host_only(text: &str) -> &str {
    match host_port::split(text) {
        Ok((host, _)) => host,
        Err(_) => text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .filter(|t| !t.is_empty())
            .unwrap_or(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{matches, public_by_default, qualifies, qualifies_for_public};

    #[test]
    fn wildcards_cover_labels_from_the_left() {
        assert!(matches("a.example.com", "*.example.com"));
        assert!(matches("a.b.example.com", "*.*.example.com"));
        assert!(!matches("a.b.example.com", "*.example.com"));
        assert!(matches("A.com", "a.COM"));
        assert!(!matches("example.com", "*.example.com"));
    }

    #[test]
    fn what_can_have_a_certificate() {
        for name in ["example.com", "*.example.com", "*", "localhost", "10.0.0.1"] {
            assert!(qualifies(name), "{name}");
        }
        for name in ["", " ", ".com", "com.", "a.*.com", "{env.HOST}", "<name>"] {
            assert!(!qualifies(name), "{name}");
        }
    }

    #[test]
    fn what_a_public_authority_signs() {
        for name in ["example.com", "*.example.com", "8.8.8.8"] {
            assert!(qualifies_for_public(name), "{name}");
        }
        for name in ["localhost", "x.local", "10.1.2.3", "::1", "fd00::1", "*.com", "*.*.example.com"] {
            assert!(!qualifies_for_public(name), "{name}");
        }
        assert!(!public_by_default("8.8.8.8", false));
        assert!(!public_by_default("*.*.example.com", false));
        assert!(public_by_default("*.*.example.com", true));
    }
}
