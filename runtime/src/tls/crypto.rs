//! Names of algorithms and versions in the configuration, and what they mean here.

use std::sync::{Arc, LazyLock};

use rustls::{
    CipherSuite, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{
        CryptoProvider, SupportedKxGroup,
        aws_lc_rs::{default_provider, kx_group},
    },
};

use crate::build::{Build, BuildError};

/// The algorithms of this program, as a server and as a client. Its suites are in the order that Go has for them: AES with 128 bits,
/// with 256 bits, ChaCha20; or ChaCha20 first where the processor has no instructions for AES.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let mut provider = default_provider();
        let order = if has_aes() {
            [Cipher::Aes128, Cipher::Aes256, Cipher::ChaCha20]
        } else {
            [Cipher::ChaCha20, Cipher::Aes128, Cipher::Aes256]
        };
        provider.cipher_suites.sort_by_key(|suite| {
            let cipher = Cipher::of(suite.suite());
            order.iter().position(|one| Some(*one) == cipher).unwrap_or(order.len())
        });
        Arc::new(provider)
    });
    Arc::clone(&PROVIDER)
}

/// What a suite encrypts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cipher {
    Aes128,
    Aes256,
    ChaCha20,
}

impl Cipher {
    /// `None` for suites that are not spoken here.
    fn of(suite: CipherSuite) -> Option<Self> {
        Some(match suite {
            CipherSuite::TLS13_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => Self::Aes128,
            CipherSuite::TLS13_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => Self::Aes256,
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => Self::ChaCha20,
            _ => return None,
        })
    }
}

/// Whether the processor has instructions for AES and for what GCM multiplies.
fn has_aes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

/// A configuration for each of the two kinds of clients.
#[derive(Debug)]
pub(super) struct Configs {
    by_server: Arc<ServerConfig>,
    by_client: Arc<ServerConfig>,
}

impl Configs {
    pub(super) fn new(config: ServerConfig) -> Self {
        let mut by_server = config.clone();
        by_server.ignore_client_order = true;
        Self { by_server: Arc::new(by_server), by_client: Arc::new(config) }
    }

    /// For a client that offers these suites. The order is the server's, as in Go, unless the client asks for ChaCha20 first: it has no
    /// instructions for AES, then.
    pub(super) fn suiting(&self, offered: &[CipherSuite]) -> &Arc<ServerConfig> {
        match offered.iter().find_map(|suite| Cipher::of(*suite)) {
            Some(Cipher::ChaCha20) => &self.by_client,
            _ => &self.by_server,
        }
    }
}

/// The algorithms of a policy. Suites and curves that are not named are not offered; where none is named the default
/// ones are. Suites of TLS 1.3 cannot be chosen, as in Go.
///
/// # Errors
/// Names an algorithm that is unknown, or too weak to be there.
pub(super) fn algorithms(
    suites: &[String],
    curves: &[String],
    cx: &mut Build,
) -> Result<Arc<CryptoProvider>, BuildError> {
    if suites.is_empty() && curves.is_empty() {
        return Ok(provider());
    }
    let all = provider();
    let mut chosen = CryptoProvider::clone(&all);
    if !suites.is_empty() {
        for name in suites {
            if all.cipher_suites.iter().all(|suite| suite_name(*suite) != name) {
                cx.refuse_fields(&[("cipher_suites", true, &format!("cipher suite {name}"))])?;
            }
        }
        // Their order is the provider's, whatever it is in the configuration, as in Go.
        chosen
            .cipher_suites
            .retain(|suite| suite.tls13().is_some() || suites.iter().any(|name| name == suite_name(*suite)));
    }
    if !curves.is_empty() {
        let mut groups = Vec::new();
        for (number, name) in curves.iter().enumerate() {
            let group = cx.at("curves", |cx| cx.at(number, |cx| group(name, cx)));
            groups.extend(cx.unless_survey(group)?);
        }
        chosen.kx_groups = groups;
    }
    Ok(Arc::new(chosen))
}

/// The group of a curve by its name in a configuration.
pub(crate) fn group(name: &str, cx: &Build) -> Result<&'static dyn SupportedKxGroup, BuildError> {
    Ok(match name {
        "x25519mlkem768" => kx_group::X25519MLKEM768,
        "x25519" => kx_group::X25519,
        "secp256r1" => kx_group::SECP256R1,
        "secp384r1" => kx_group::SECP384R1,
        other => return Err(cx.unsupported(&format!("curve {other}"))),
    })
}

/// The versions from `min` to `max`.
///
/// # Errors
/// When a name is unknown or the range is empty.
pub(super) fn versions(
    min: &str,
    max: &str,
    cx: &mut Build,
) -> Result<&'static [&'static SupportedProtocolVersion], BuildError> {
    static BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
    let mut number = |field: &str, name: &str, default: u8| match name {
        "" => Ok(default),
        "tls1.2" => Ok(2),
        "tls1.3" => Ok(3),
        other => {
            cx.refuse_fields(&[(field, true, &format!("protocol version {other}"))])?;
            Ok(default)
        }
    };
    match (number("protocol_min", min, 2)?, number("protocol_max", max, 3)?) {
        (2, 3) => Ok(&BOTH),
        (2, 2) => Ok(&BOTH[1..]),
        (3, 3) => Ok(&BOTH[..1]),
        _ => Err(cx.error(format!("protocol min ({min}) cannot be greater than protocol max ({max})"))),
    }
}

/// The IANA name of a suite, which differs from the one in rustls by a prefix.
pub(super) fn suite_name(suite: SupportedCipherSuite) -> &'static str {
    match suite.suite() {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn suites_and_curves_are_named_as_in_caddy() {
        let suites = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384".to_owned()];
        let chosen = algorithms(&suites, &["x25519".to_owned()], &mut testing::build()).unwrap();
        assert_eq!(chosen.cipher_suites.iter().filter(|suite| suite.tls13().is_none()).count(), 1);
        assert_eq!(chosen.kx_groups.len(), 1);
        let weak = ["TLS_RSA_WITH_AES_128_CBC_SHA".to_owned()];
        let error = algorithms(&weak, &[], &mut testing::build()).unwrap_err();
        assert!(error.message.contains("TLS_RSA_WITH_AES_128_CBC_SHA"), "{error}");
    }

    #[test]
    fn the_order_of_the_configuration_does_not_count() {
        let names = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"];
        let chosen = algorithms(&names.map(str::to_owned), &[], &mut testing::build()).unwrap();
        let older = chosen.cipher_suites.iter().filter(|suite| suite.tls13().is_none());
        let older = older.map(|suite| suite_name(*suite)).collect::<Vec<_>>();
        assert_eq!(older, [names[1], names[0]]);
    }

    #[test]
    fn suites_are_in_the_order_of_go() {
        let names = provider().cipher_suites.iter().map(|suite| suite_name(*suite)).collect::<Vec<_>>();
        let modern = names.iter().filter(|name| !name.contains("ECDHE")).copied().collect::<Vec<_>>();
        let (strong, chacha) =
            (["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"], ["TLS_CHACHA20_POLY1305_SHA256"]);
        assert_eq!(
            modern,
            if has_aes() { [&strong[..], &chacha].concat() } else { [&chacha[..], &strong].concat() }
        );
        let place = |name: &str| names.iter().position(|one| *one == name).unwrap();
        let (least, most) =
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
        assert!(place(least) < place(most), "{names:?}");
    }

    #[test]
    fn versions_are_a_range() {
        let mut cx = testing::build();
        assert_eq!(versions("", "", &mut cx).unwrap().len(), 2);
        assert_eq!(versions("tls1.3", "", &mut cx).unwrap().len(), 1);
        assert!(versions("tls1.3", "tls1.2", &mut cx).is_err());
        assert!(versions("tls1.0", "", &mut cx).unwrap_err().message.contains("tls1.0"));
    }
}
