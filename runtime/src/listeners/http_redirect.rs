//! The wrapper `http_redirect`: answers plain HTTP on a TLS port with a redirect to HTTPS on the same port.

use std::io;

use tokio::io::AsyncWriteExt;

use crate::http::connection::Plain;

const MAX_HEADER_BYTES: usize = 1 << 20;

/// Redirects misdirected requests.
#[derive(Debug, Clone)]
pub(crate) struct HttpRedirect {
    max_header_bytes: usize,
}

impl HttpRedirect {
    pub(crate) fn new(max_header_bytes: i64) -> Self {
        let max_header_bytes = usize::try_from(max_header_bytes).ok().filter(|bytes| *bytes > 0);
        Self { max_header_bytes: max_header_bytes.unwrap_or(MAX_HEADER_BYTES) }
    }

    /// Answers a plain connection, which is over then.
    ///
    /// # Errors
    /// What the socket reports.
    pub(crate) async fn answer(&self, plain: &mut Plain) -> io::Result<()> {
        let location = |seen: &[u8]| seen.windows(4).any(|end| end == b"\r\n\r\n").then(|| location(seen));
        if let Some(Some(location)) = plain.look_ahead(self.max_header_bytes, location).await? {
            let response = format!(
                "HTTP/1.0 308 Permanent Redirect\r\nLocation: {location}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            );
            plain.socket.write_all(response.as_bytes()).await?;
            plain.socket.shutdown().await?;
        }
        Ok(())
    }
}

/// Where a request would be answered; `None` when it names no host.
fn location(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let target = lines.next()?.split(' ').nth(1)?;
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    })?;
    let safe = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    (!host.is_empty() && target.starts_with('/') && safe(host) && safe(target))
        .then(|| format!("https://{host}{target}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_location_is_the_same_host_and_target() {
        let head = b"GET /a?b HTTP/1.1\r\nAccept: *\r\nhost: a.example:8443\r\n\r\n";
        assert_eq!(location(head).unwrap(), "https://a.example:8443/a?b");
        assert_eq!(location(b"GET / HTTP/1.0\r\n\r\n"), None);
        assert_eq!(location(b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), None);
    }
}
