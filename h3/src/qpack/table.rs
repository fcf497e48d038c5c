//! The static table of RFC 9204 appendix A, and finding things in it.

use http::HeaderName;

/// Names and values, in the order of their indices.
pub(super) static ENTRIES: [(&str, &str); 99] = [
    (":authority", ""),
    (":path", "/"),
    ("age", "0"),
    ("content-disposition", ""),
    ("content-length", "0"),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("referer", ""),
    ("set-cookie", ""),
    (":method", "CONNECT"),
    (":method", "DELETE"),
    (":method", "GET"),
    (":method", "HEAD"),
    (":method", "OPTIONS"),
    (":method", "POST"),
    (":method", "PUT"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "103"),
    (":status", "200"),
    (":status", "304"),
    (":status", "404"),
    (":status", "503"),
    ("accept", "*/*"),
    ("accept", "application/dns-message"),
    ("accept-encoding", "gzip, deflate, br"),
    ("accept-ranges", "bytes"),
    ("access-control-allow-headers", "cache-control"),
    ("access-control-allow-headers", "content-type"),
    ("access-control-allow-origin", "*"),
    ("cache-control", "max-age=0"),
    ("cache-control", "max-age=2592000"),
    ("cache-control", "max-age=604800"),
    ("cache-control", "no-cache"),
    ("cache-control", "no-store"),
    ("cache-control", "public, max-age=31536000"),
    ("content-encoding", "br"),
    ("content-encoding", "gzip"),
    ("content-type", "application/dns-message"),
    ("content-type", "application/javascript"),
    ("content-type", "application/json"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-type", "image/gif"),
    ("content-type", "image/jpeg"),
    ("content-type", "image/png"),
    ("content-type", "text/css"),
    ("content-type", "text/html; charset=utf-8"),
    ("content-type", "text/plain"),
    ("content-type", "text/plain;charset=utf-8"),
    ("range", "bytes=0-"),
    ("strict-transport-security", "max-age=31536000"),
    ("strict-transport-security", "max-age=31536000; includesubdomains"),
    ("strict-transport-security", "max-age=31536000; includesubdomains; preload"),
    ("vary", "accept-encoding"),
    ("vary", "origin"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    (":status", "100"),
    (":status", "204"),
    (":status", "206"),
    (":status", "302"),
    (":status", "400"),
    (":status", "403"),
    (":status", "421"),
    (":status", "425"),
    (":status", "500"),
    ("accept-language", ""),
    ("access-control-allow-credentials", "FALSE"),
    ("access-control-allow-credentials", "TRUE"),
    ("access-control-allow-headers", "*"),
    ("access-control-allow-methods", "get"),
    ("access-control-allow-methods", "get, post, options"),
    ("access-control-allow-methods", "options"),
    ("access-control-expose-headers", "content-length"),
    ("access-control-request-headers", "content-type"),
    ("access-control-request-method", "get"),
    ("access-control-request-method", "post"),
    ("alt-svc", "clear"),
    ("authorization", ""),
    ("content-security-policy", "script-src 'none'; object-src 'none'; base-uri 'none'"),
    ("early-data", "1"),
    ("expect-ct", ""),
    ("forwarded", ""),
    ("if-range", ""),
    ("origin", ""),
    ("purpose", "prefetch"),
    ("server", ""),
    ("timing-allow-origin", "*"),
    ("upgrade-insecure-requests", "1"),
    ("user-agent", ""),
    ("x-forwarded-for", ""),
    ("x-frame-options", "deny"),
    ("x-frame-options", "sameorigin"),
];

/// The name of a field as it stands in a field section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// `:authority`
    Authority,
    /// `:method`
    Method,
    /// `:path`
    Path,
    /// `:protocol` (RFC 9220)
    Protocol,
    /// `:scheme`
    Scheme,
    /// `:status`
    Status,
    /// An ordinary field.
    Field(HeaderName),
    /// A name that no message may have: an unknown pseudo-header field, upper case, or not a token.
    Malformed,
}

impl Name {
    /// Reads a name that is spelled out.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        match text {
            [b':', ..] => Self::pseudo(text),
            // `HeaderName` takes some bytes that are not in a token.
            _ if !text.iter().all(|&byte| is_lowercase_token(byte)) => Self::Malformed,
            _ => HeaderName::from_lowercase(text).map_or(Self::Malformed, Self::Field),
        }
    }

    const fn pseudo(text: &[u8]) -> Self {
        match text {
            b":authority" => Self::Authority,
            b":method" => Self::Method,
            b":path" => Self::Path,
            b":protocol" => Self::Protocol,
            b":scheme" => Self::Scheme,
            b":status" => Self::Status,
            _ => Self::Malformed,
        }
    }

    const fn of_entry(text: &'static str) -> Self {
        match text.as_bytes() {
            [b':', ..] => Self::pseudo(text.as_bytes()),
            _ => Self::Field(HeaderName::from_static(text)),
        }
    }
}

const fn is_lowercase_token(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// The names of the entries, read when this is compiled.
pub(super) static NAMES: [Name; ENTRIES.len()] = {
    let mut names = [const { Name::Malformed }; ENTRIES.len()];
    let mut index = 0;
    while index < ENTRIES.len() {
        // Assigning would drop the old value, which code that runs in the compiler cannot do.
        std::mem::forget(std::mem::replace(&mut names[index], Name::of_entry(ENTRIES[index].0)));
        index += 1;
    }
    names
};

/// "No entry" where indices are kept in bytes.
const NONE: u8 = u8::MAX;

/// A hash table of the first entry with each name, and for each entry the next one with the same name.
struct Lookup {
    first: [u8; SLOTS],
    next: [u8; ENTRIES.len()],
}

/// A power of two, more than twice the number of different names.
const SLOTS: usize = 128;

static LOOKUP: Lookup = {
    let mut lookup = Lookup { first: [NONE; SLOTS], next: [NONE; ENTRIES.len()] };
    let mut last = [NONE; SLOTS];
    let mut index = 0;
    while index < ENTRIES.len() {
        let name = ENTRIES[index].0.as_bytes();
        let mut slot = slot(name);
        while lookup.first[slot] != NONE && !same(ENTRIES[lookup.first[slot] as usize].0.as_bytes(), name) {
            slot = (slot + 1) % SLOTS;
        }
        if lookup.first[slot] == NONE {
            lookup.first[slot] = index as u8;
        } else {
            lookup.next[last[slot] as usize] = index as u8;
        }
        last[slot] = index as u8;
        index += 1;
    }
    lookup
};

const fn slot(name: &[u8]) -> usize {
    let (first, middle, last) = (name[0], name[name.len() / 2], name[name.len() - 1]);
    (name.len() * 7 + first as usize * 31 + middle as usize * 13 + last as usize * 3) % SLOTS
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// What the table has for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An entry with this name and value.
    Field(u64),
    /// An entry with this name.
    Name(u64),
    /// Nothing.
    Nothing,
}

/// Looks a field up.
pub(super) fn find(name: &[u8], value: &[u8]) -> Found {
    if name.is_empty() {
        return Found::Nothing;
    }
    let mut at = slot(name);
    loop {
        let first = LOOKUP.first[at];
        let Some((entry, _)) = ENTRIES.get(usize::from(first)) else { return Found::Nothing };
        if entry.as_bytes() == name {
            return with_value(first, value);
        }
        at = (at + 1) % SLOTS;
    }
}

fn with_value(first: u8, value: &[u8]) -> Found {
    let mut index = first;
    while let Some((_, text)) = ENTRIES.get(usize::from(index)) {
        if text.as_bytes() == value {
            return Found::Field(u64::from(index));
        }
        index = LOOKUP.next[usize::from(index)];
    }
    Found::Name(u64::from(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found() {
        for (index, (name, value)) in ENTRIES.iter().enumerate() {
            assert_eq!(
                find(name.as_bytes(), value.as_bytes()),
                Found::Field(index as u64),
                "{name}: {value}"
            );
            let first = ENTRIES.iter().position(|(other, _)| other == name).unwrap();
            assert_eq!(find(name.as_bytes(), b"no such value"), Found::Name(first as u64));
            assert_eq!(NAMES[index], Name::new(name.as_bytes()));
        }
        for name in ["", "x", "accept-", "zz", ":protocol"] {
            assert_eq!(find(name.as_bytes(), b""), Found::Nothing);
        }
    }

    #[test]
    fn names_that_no_message_may_have() {
        for text in ["", ":", ":stat", "Accept", "a b", "a\"b", "a(b", "ä", "a:b", "a\0", "a{"] {
            assert_eq!(Name::new(text.as_bytes()), Name::Malformed, "{text}");
        }
        assert_eq!(
            Name::new(b"!#$%&'*+-.^_`|~9z"),
            Name::Field(HeaderName::from_static("!#$%&'*+-.^_`|~9z"))
        );
    }
}
