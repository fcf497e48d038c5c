//! The matcher `protocol`.

use caddis_config::http::matchers::Protocol as Config;
use http::{Version, header};

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, route::Matcher},
};

/// What a request came over.
pub(super) enum Protocol {
    Grpc,
    Encrypted(bool),
    Exactly(Version),
    AtLeast(Version),
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    match Protocol::parse(&config.0) {
        Some(protocol) => Ok(Box::new(protocol)),
        None => Err(cx.error(format!("unknown protocol '{}': it would never match", config.0))),
    }
}

impl Matcher for Protocol {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        Ok(self.fits(exchange))
    }
}

impl Protocol {
    /// The protocol of a name in lower case; `None` if there is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, or_newer) = text.strip_suffix('+').map_or((text, false), |name| (name, true));
        let version = match name {
            "http/1.0" => Version::HTTP_10,
            "http/1.1" => Version::HTTP_11,
            "http/2" => Version::HTTP_2,
            "http/3" => Version::HTTP_3,
            _ => {
                return match text {
                    "grpc" => Some(Protocol::Grpc),
                    "http" => Some(Protocol::Encrypted(false)),
                    "https" => Some(Protocol::Encrypted(true)),
                    _ => None,
                };
            }
        };
        Some(if or_newer { Protocol::AtLeast(version) } else { Protocol::Exactly(version) })
    }

    /// Whether the request came over it.
    pub(super) fn fits(&self, exchange: &Exchange) -> bool {
        match self {
            Protocol::Grpc => exchange
                .request
                .headers
                .get(header::CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc")),
            Protocol::Encrypted(expected) => exchange.is_tls() == *expected,
            Protocol::Exactly(version) => exchange.request.version == *version,
            Protocol::AtLeast(version) => exchange.request.version >= *version,
        }
    }
}
