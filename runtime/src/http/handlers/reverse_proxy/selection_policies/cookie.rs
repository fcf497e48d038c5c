//! The policy `cookie`: the upstream that the client's cookie stands for.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write, sync::Arc};

use aws_lc_rs::{constant_time, hmac};
use caddis_config::http::reverse_proxy::selection_policies::Cookie as Config;
use http::HeaderValue;

use super::{super::upstreams::Upstream, Selection, SelectionPolicy};
use crate::{
    build::{Build, BuildError},
    http::Exchange,
    placeholder::cookie,
};

#[derive(Debug)]
pub(in super::super) struct Cookie {
    name: String,
    secret: hmac::Key,
    /// What stands for the static upstreams.
    values: BTreeMap<Arc<str>, String>,
    max_age: Option<u64>,
    fallback: Box<SelectionPolicy>,
}

impl Cookie {
    pub(super) fn build(
        config: &Config,
        upstreams: &[Arc<Upstream>],
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        let name = if config.name.is_empty() { "lb" } else { &config.name };
        if HeaderValue::from_str(name).is_err() || name.contains(['=', ';', ',', ' ', '"']) {
            return Err(cx.error(format!("{name} is no name of a cookie")));
        }
        let secret = hmac::Key::new(hmac::HMAC_SHA256, config.secret.as_bytes());
        let addresses = upstreams.iter().map(|upstream| &upstream.host.address);
        Ok(Self {
            values: addresses.map(|address| (Arc::clone(address), value(&secret, address))).collect(),
            name: name.to_owned(),
            max_age: config.max_age.to_std().map(|age| age.as_secs()).filter(|seconds| *seconds > 0),
            fallback: SelectionPolicy::fallback(config.fallback.as_deref(), upstreams, cx)?,
            secret,
        })
    }

    pub(super) fn select(&self, pool: &[Arc<Upstream>], exchange: &Exchange) -> Option<Selection> {
        if let Some(kept) = cookie(&exchange.request.headers, &self.name) {
            let available = pool.iter().filter(|upstream| upstream.is_available());
            for upstream in available {
                let expected = self.value(upstream);
                if constant_time::verify_slices_are_equal(expected.as_bytes(), kept.as_bytes()).is_ok() {
                    return Some(Arc::clone(upstream).into());
                }
            }
        }
        let Selection { upstream, .. } = self.fallback.select(pool, exchange)?;
        let cookie = self.set_cookie(&self.value(&upstream), is_encrypted(exchange));
        Some(Selection { upstream, cookie: HeaderValue::from_str(&cookie).ok() })
    }

    fn value(&self, upstream: &Upstream) -> Cow<'_, str> {
        match self.values.get(&upstream.host.address) {
            Some(value) => value.into(),
            None => value(&self.secret, &upstream.host.address).into(),
        }
    }

    fn set_cookie(&self, value: &str, encrypted: bool) -> String {
        let name = &self.name;
        let max_age = self.max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let rules = if encrypted { "; Secure; SameSite=None" } else { "; SameSite=Lax" };
        format!("{name}={value}; Path=/{max_age}; HttpOnly{rules}")
    }
}

/// Whether the client's end is encrypted, as far as we or a trusted proxy know.
fn is_encrypted(exchange: &Exchange) -> bool {
    let told = || exchange.request.headers.get_all("x-forwarded-proto").iter().next_back();
    exchange.is_tls() || (exchange.trusted_proxy && told().is_some_and(|proto| proto == "https"))
}

fn value(secret: &hmac::Key, address: &str) -> String {
    let tag = hmac::sign(secret, address.as_bytes());
    tag.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes everything");
        hex
    })
}
