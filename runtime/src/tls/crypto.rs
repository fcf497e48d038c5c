//! Names of algorithms and versions in the configuration, and what they mean here.

use std::sync::Arc;

use rustls::{
    CipherSuite, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs::kx_group},
};

use super::certificates::provider;
use crate::build::{Build, BuildError};

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
        let mut named = Vec::new();
        for name in suites {
            let suite = all.cipher_suites.iter().find(|suite| suite_name(**suite) == name);
            match suite {
                None => cx.refuse_fields(&[("cipher_suites", true, &format!("cipher suite {name}"))])?,
                Some(suite) if suite.tls13().is_none() => named.push(*suite),
                Some(_) => {}
            }
        }
        let modern = all.cipher_suites.iter().filter(|suite| suite.tls13().is_some());
        chosen.cipher_suites = modern.copied().chain(named).collect();
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

fn group(name: &str, cx: &Build) -> Result<&'static dyn SupportedKxGroup, BuildError> {
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
    fn versions_are_a_range() {
        let mut cx = testing::build();
        assert_eq!(versions("", "", &mut cx).unwrap().len(), 2);
        assert_eq!(versions("tls1.3", "", &mut cx).unwrap().len(), 1);
        assert!(versions("tls1.3", "tls1.2", &mut cx).is_err());
        assert!(versions("tls1.0", "", &mut cx).unwrap_err().message.contains("tls1.0"));
    }
}
