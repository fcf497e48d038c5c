//! The matcher `protocol`.

use caddis_config::http::matchers::Protocol as Config;
use http::{Version, header};

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, route::Matcher},
};

enum Protocol {
    Grpc,
    Encrypted(bool),
    Exactly(Version),
    AtLeast(Version),
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    let (name, or_newer) = match config.0.strip_suffix('+') {
        Some(name) => (name, true),
        None => (config.0.as_str(), false),
    };
    let version = match name {
        "http/1.0" => Some(Version::HTTP_10),
        "http/1.1" => Some(Version::HTTP_11),
        "http/2" => Some(Version::HTTP_2),
        "http/3" => Some(Version::HTTP_3),
        _ => None,
    };
    Ok(Box::new(match (config.0.as_str(), version) {
        (_, Some(version)) if or_newer => Protocol::AtLeast(version),
        (_, Some(version)) => Protocol::Exactly(version),
        ("grpc", _) => Protocol::Grpc,
        ("http", _) => Protocol::Encrypted(false),
        ("https", _) => Protocol::Encrypted(true),
        (other, _) => return Err(cx.error(format!("unknown protocol '{other}': it would never match"))),
    }))
}

impl Matcher for Protocol {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        Ok(match self {
            Protocol::Grpc => exchange
                .request
                .headers
                .get(header::CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc")),
            Protocol::Encrypted(expected) => exchange.is_tls() == *expected,
            Protocol::Exactly(version) => exchange.request.version == *version,
            Protocol::AtLeast(version) => exchange.request.version >= *version,
        })
    }
}
