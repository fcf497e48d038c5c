//! Early data: what clients may send before the handshake is over, and the sessions that permit it.

use std::sync::Arc;

use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};

/// Lets clients send before the handshake is over, as far as the settings of HTTP/3 are what they were when the session was made.
///
/// Sessions are kept here instead of in tickets, and each is resumed once: what was sent early cannot be replayed to this process.
pub(in crate::tls) fn take_early_data(
    config: &mut rustls::ServerConfig,
    all: &Arc<ServerSessionMemoryCache>,
    settings: &str,
) {
    config.session_storage = Arc::new(Sessions { all: Arc::clone(all), settings: settings.into() });
    // The only size that QUIC knows (RFC 9001, section 4.6.1).
    config.max_early_data_size = u32::MAX;
}

/// Sessions of clients that were given the same settings.
#[derive(Debug)]
struct Sessions {
    all: Arc<ServerSessionMemoryCache>,
    settings: Box<str>,
}

impl Sessions {
    fn key(&self, key: &[u8]) -> Vec<u8> {
        [self.settings.as_bytes(), b" ", key].concat()
    }
}

impl StoresServerSessions for Sessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.all.put(self.key(&key), value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.all.get(&self.key(key))
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.all.take(&self.key(key))
    }

    fn can_cache(&self) -> bool {
        self.all.can_cache()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_resumed_once_and_with_its_settings() {
        let all = ServerSessionMemoryCache::new(4);
        let of = |settings: &str| Sessions { all: Arc::clone(&all), settings: settings.into() };
        assert!(of("a").put(b"key".to_vec(), b"value".to_vec()));
        assert_eq!(of("b").take(b"key"), None);
        assert_eq!(of("a").get(b"key").as_deref(), Some(&b"value"[..]));
        assert_eq!(of("a").take(b"key").as_deref(), Some(&b"value"[..]));
        assert_eq!(of("a").take(b"key"), None);
    }
}
