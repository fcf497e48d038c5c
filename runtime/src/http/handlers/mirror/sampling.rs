//! Which requests are mirrored.

use caddis_config::http::handlers::Mirror as Config;
use http::Method;
use xxhash_rust::xxh64::xxh64;

use super::super::reverse_proxy::request::upgrade_token;
use crate::{
    build::{Build, BuildError},
    http::{Exchange, body::announced_length},
    placeholder::Template,
};

/// Chooses requests.
pub(super) struct Sampling {
    /// Of all requests, from 0 to 1.
    share: f64,
    /// Chooses by this instead of by chance.
    by: Option<Template>,
    /// All, if empty.
    methods: Vec<String>,
    /// Bytes that a body may be announced with.
    max_length: u64,
}

impl Sampling {
    /// # Errors
    /// A placeholder that does not exist.
    pub(super) fn build(config: &Config, max_length: u64, cx: &mut Build) -> Result<Self, BuildError> {
        let by = cx.at("mirror_by", |cx| {
            let text = &config.mirror_by;
            if text.is_empty() { Ok(None) } else { Template::all(text, cx).map(Some) }
        })?;
        Ok(Self {
            share: config.mirror_rate.map_or(1.0, |percent| percent / 100.0),
            by,
            methods: config.methods.iter().map(|method| method.to_ascii_uppercase()).collect(),
            max_length,
        })
    }

    /// Whether a request is mirrored. Requests that become streams never are, because two cannot speak on one.
    pub(super) fn takes(&self, exchange: &Exchange) -> bool {
        let request = &exchange.request;
        if request.method == Method::CONNECT || upgrade_token(&request.headers).is_some() {
            return false;
        }
        if !self.methods.is_empty() && !self.methods.iter().any(|method| method == request.method.as_str()) {
            return false;
        }
        if self.max_length < u64::MAX
            && announced_length(&request.headers).is_some_and(|length| length > self.max_length)
        {
            return false;
        }
        if self.share >= 1.0 {
            return true;
        }
        let draw = match &self.by {
            // The upper half of the hash is a number from 0 to 1 that a float holds exactly.
            Some(template) => {
                f64::from((xxh64(template.render(exchange).as_bytes(), 0) >> 32) as u32) / f64::from(u32::MAX)
            }
            None => fastrand::f64(),
        };
        draw < self.share
    }
}
