//! What happens to accepted connections before HTTP (`caddy.listeners`).

pub(crate) mod http_redirect;
pub(crate) mod proxy_protocol;

use caddis_config::listeners::ListenerWrapper;

use self::{http_redirect::HttpRedirect, proxy_protocol::ProxyProtocol};
use crate::build::{Build, BuildError};

/// The wrappers of a server, all of which come before TLS.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wrappers {
    pub(crate) proxy_protocol: Option<ProxyProtocol>,
    pub(crate) http_redirect: Option<HttpRedirect>,
}

/// # Errors
/// When the order makes no sense or a wrapper is not supported.
pub(crate) fn build(
    wrappers: &[ListenerWrapper],
    has_tls: bool,
    cx: &mut Build,
) -> Result<Wrappers, BuildError> {
    let mut built = Wrappers::default();
    let tls = wrappers.iter().position(|wrapper| matches!(wrapper, ListenerWrapper::Tls(_)));
    if tls == Some(0) {
        return Err(cx.error(
            "it is unnecessary to specify the TLS listener wrapper in the first position because that is the default",
        ));
    }
    for (number, wrapper) in wrappers.iter().enumerate() {
        cx.at(number, |cx| {
            let behind_tls = has_tls && tls.is_none_or(|tls| number > tls);
            match wrapper {
                ListenerWrapper::Tls(_) if tls != Some(number) => {
                    return Err(cx.error("TLS listener wrapper can only be specified once"));
                }
                ListenerWrapper::Tls(_) => {}
                ListenerWrapper::Foreign(foreign) => {
                    cx.refuse(&format!("caddy.listeners.{}", foreign.name))?;
                }
                other if behind_tls => {
                    let name = other.name();
                    return Err(cx.error(format!("{name} behind TLS: put the wrapper `tls` after `{name}`")));
                }
                ListenerWrapper::ProxyProtocol(_) if built.http_redirect.is_some() => {
                    return Err(cx.error("proxy_protocol must come before http_redirect"));
                }
                ListenerWrapper::ProxyProtocol(config) => {
                    built.proxy_protocol = Some(ProxyProtocol::build(config, cx)?);
                }
                ListenerWrapper::HttpRedirect(config) => {
                    built.http_redirect = Some(HttpRedirect::new(config.max_header_bytes));
                }
            }
            Ok(())
        })?;
    }
    Ok(built)
}

#[cfg(test)]
mod tests {
    use caddis_config::from_value;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    fn built(wrappers: Value, has_tls: bool) -> Result<Wrappers, BuildError> {
        build(&from_value::<Vec<ListenerWrapper>>(wrappers).unwrap(), has_tls, &mut testing::build())
    }

    #[test]
    fn the_order_is_checked() {
        let (proxy, redirect, tls) = (
            json!({"wrapper": "proxy_protocol"}),
            json!({"wrapper": "http_redirect"}),
            json!({"wrapper": "tls"}),
        );
        let all = built(json!([proxy, redirect, tls]), true).unwrap();
        assert!(all.proxy_protocol.is_some() && all.http_redirect.is_some());
        assert!(built(json!([tls, proxy]), true).unwrap_err().message.contains("first position"));
        assert!(built(json!([proxy]), true).unwrap_err().message.contains("behind TLS"));
        assert!(built(json!([proxy]), false).is_ok());
        assert!(
            built(json!([redirect, proxy, tls]), true).unwrap_err().message.contains("before http_redirect")
        );
        assert!(built(json!([proxy, tls, tls]), true).is_err());
    }
}
