//! Encoders that `encode` takes by name.

use caddis_config::http::encoders::Encoder;

use crate::modules::{Module, Pluggable};

pub(crate) mod gzip;
pub(crate) mod zstd;

impl Pluggable for Encoder {
    const NAMESPACE: &'static str = "http.encoders";
    const TABLE: &'static [Module<Self>] =
        &[Module { name: "gzip", read: gzip::read }, Module { name: "zstd", read: zstd::read }];
}
