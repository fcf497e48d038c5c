//! Which compressions a client takes, and which of them is best.

use http::{HeaderMap, header};

/// The names of encodings that the client accepts, best first: by its own weights, then in the order of `preferred`.
/// None for the handshake of a WebSocket.
pub(crate) fn accepted<'a>(headers: &'a HeaderMap, preferred: &[String]) -> Vec<&'a str> {
    let Some(accept) = headers.get(header::ACCEPT_ENCODING).and_then(|accept| accept.to_str().ok()) else {
        return Vec::new();
    };
    if headers.contains_key(header::SEC_WEBSOCKET_KEY) {
        return Vec::new();
    }
    let rank = |name: &str| {
        preferred.iter().position(|known| known.eq_ignore_ascii_case(name)).unwrap_or(usize::MAX)
    };
    let mut found: Vec<(&str, f32)> = accept.split(',').filter_map(weighted).collect();
    found.sort_by(|(a, weight_a), (b, weight_b)| {
        weight_b.total_cmp(weight_a).then_with(|| rank(a).cmp(&rank(b)))
    });
    found.into_iter().map(|(name, _)| name).collect()
}

/// A name and its weight; `None` for what is refused.
fn weighted(entry: &str) -> Option<(&str, f32)> {
    let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
    let weight = parameters.split(';').next().unwrap_or_default().trim();
    let weight = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="));
    let weight = weight.and_then(|weight| weight.parse().ok()).filter(|weight| (0.0..=1.0).contains(weight));
    let weight = weight.unwrap_or(1.0);
    (weight >= 0.00001).then_some((name.trim(), weight))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn weights_win_over_the_servers_order() {
        let preferred = ["zstd".to_owned(), "gzip".to_owned()];
        for (accept, order) in [
            ("", vec![""]),
            ("gzip", vec!["gzip"]),
            ("gzip, deflate, br, zstd", vec!["zstd", "gzip", "deflate", "br"]),
            ("gzip;q=1, zstd;q=0.9", vec!["gzip", "zstd"]),
            ("gzip;q=0, zstd;q=0.0", vec![]),
            ("GZIP; q=0.5, br;q=2", vec!["br", "GZIP"]),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
            assert_eq!(accepted(&headers, &preferred), order, "{accept}");
        }
    }

    #[test]
    fn a_websocket_is_not_compressed() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_static("x"));
        assert!(accepted(&headers, &[]).is_empty());
    }
}
