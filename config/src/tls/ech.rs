//! Encrypted ClientHello and its publication (`tls.ech`).

pub mod publishers;

pub use publishers::Publisher;

use crate::module::ModuleMap;
use crate::object::object;

object! {
    /// Encrypted ClientHello.
    pub struct EncryptedClientHello {
        /// The configurations.
        pub configs: Vec<EchConfig>,
        /// Where they are published.
        pub publication: Vec<EchPublication>,
    }
}

object! {
    /// A configuration of ECH.
    pub struct EchConfig {
        /// The name that stands in the outer ClientHello.
        pub public_name(always): String,
    }
}

object! {
    /// A publication of ECH configurations.
    pub struct EchPublication {
        /// Public names of the configurations. Default: all.
        pub configs: Vec<String>,
        /// Domains they are published for. Default: all.
        pub domains: Vec<String>,
        /// How they are published.
        pub publishers: ModuleMap<Publisher>,
    }
}
