//! The wrapper `proxy_protocol`.

use serde_json::Value;

use crate::ConfigError;
use crate::decode::{Decode, Options};
use crate::encode::{Encode, Writer};
use crate::object::object;
use crate::value::Duration;

object! {
    /// Reads the PROXY protocol, versions 1 and 2, at the start of connections.
    pub struct ProxyProtocol {
        /// Time for the header. Default: no limit.
        pub timeout: Duration,
        /// Address ranges of peers that must send the header. Default: all.
        pub allow: Vec<String>,
        /// Address ranges of peers that are refused; they win over `allow`.
        pub deny: Vec<String>,
        /// What to do with other peers.
        pub fallback_policy: FallbackPolicy,
    }
}

/// What to do with the header of a peer that is in no list. In JSON an upper-case word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FallbackPolicy {
    /// Drops the header, keeps the address of the peer.
    #[default]
    Ignore,
    /// Takes the address from the header.
    Use,
    /// Refuses a connection that has the header.
    Reject,
    /// Refuses a connection that does not have it.
    Require,
    /// Does not look for a header.
    Skip,
}

impl FallbackPolicy {
    const ALL: [Self; 5] = [Self::Ignore, Self::Use, Self::Reject, Self::Require, Self::Skip];

    /// The policy of that name, in upper or lower case.
    ///
    /// # Errors
    /// `x is invalid policy`.
    pub fn parse(name: &str) -> Result<Self, String> {
        let policy = Self::ALL.into_iter().find(|policy| policy.name().eq_ignore_ascii_case(name));
        policy.ok_or_else(|| format!("{name} is invalid policy"))
    }

    /// The upper-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ignore => "IGNORE",
            Self::Use => "USE",
            Self::Reject => "REJECT",
            Self::Require => "REQUIRE",
            Self::Skip => "SKIP",
        }
    }
}

impl Decode for FallbackPolicy {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        Self::parse(&String::decode(value, options)?).map_err(ConfigError::new)
    }
}

impl Encode for FallbackPolicy {
    fn encode(&self, out: &mut Writer) {
        out.string(self.name());
    }
}
