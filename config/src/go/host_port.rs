//! `host:port` taken apart and put together as Go's package `net` does.

/// `net.SplitHostPort`: host without brackets, and port, which may be empty or a name.
///
/// # Errors
/// `address x: missing port in address` and the other texts of Go.
pub fn split(address: &str) -> Result<(&str, &str), String> {
    let error = |reason: &str| format!("address {address}: {reason}");
    let missing_port = || error("missing port in address");
    let too_many_colons = || error("too many colons in address");
    let colon = address.rfind(':').ok_or_else(missing_port)?;
    let (host, after_open, after_close);
    if address.starts_with('[') {
        let end = address.find(']').ok_or_else(|| error("missing ']' in address"))?;
        if end + 1 == address.len() {
            return Err(missing_port());
        }
        if end + 1 != colon {
            let colon_follows = address.as_bytes()[end + 1] == b':';
            return Err(if colon_follows { too_many_colons() } else { missing_port() });
        }
        (host, after_open, after_close) = (&address[1..end], 1, end + 1);
    } else {
        host = &address[..colon];
        if host.contains(':') {
            return Err(too_many_colons());
        }
        (after_open, after_close) = (0, 0);
    }
    if address[after_open..].contains('[') {
        return Err(error("unexpected '[' in address"));
    }
    if address[after_close..].contains(']') {
        return Err(error("unexpected ']' in address"));
    }
    Ok((host, &address[colon + 1..]))
}

/// `net.JoinHostPort`: brackets around a host that contains a colon.
pub fn join(host: &str, port: &str) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::{join, split};

    #[test]
    fn splitting() {
        for (address, host, port) in [
            ("localhost:80", "localhost", "80"),
            (":http", "", "http"),
            ("[::1%lo]:443", "::1%lo", "443"),
            ("a:", "a", ""),
        ] {
            assert_eq!(split(address), Ok((host, port)));
        }
        for (address, reason) in [
            ("localhost", "missing port in address"),
            ("[::1]", "missing port in address"),
            ("[::1]x:80", "missing port in address"),
            ("::1", "too many colons in address"),
            ("[::1]:80:90", "too many colons in address"),
            ("[::1", "missing ']' in address"),
            ("a[b:80", "unexpected '[' in address"),
            ("a]b:80", "unexpected ']' in address"),
        ] {
            assert_eq!(split(address), Err(format!("address {address}: {reason}")));
        }
    }

    #[test]
    fn joining() {
        assert_eq!(join("::1", "80"), "[::1]:80");
        assert_eq!(join("", "80"), ":80");
    }
}
