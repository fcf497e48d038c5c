//! Which requests ask for a WebTransport session, and whether they can have one.

use http::{Method, StatusCode, Version};

use super::transport::Transport;
use crate::{
    error::{Error, Kind, Outcome},
    http::{Exchange, takeover::Wanted},
};

/// Whether a request asks for a session: it is an extended CONNECT of HTTP/3 for one of the two names that WebTransport has had.
pub(super) fn is_wanted(exchange: &Exchange) -> bool {
    exchange.request.version == Version::HTTP_3
        && exchange.request.method == Method::CONNECT
        && exchange
            .connect
            .as_ref()
            .is_some_and(|connect| matches!(&*connect.protocol, "webtransport" | "webtransport-h3"))
}

/// Whether such a request can be passed on at all.
///
/// # Errors
/// When the server or the transport of the handler does not do that. No other upstream would be better.
pub(super) fn check(exchange: &Exchange, transport: &Transport) -> Outcome<()> {
    let offered =
        exchange.connect.as_ref().is_some_and(|connect| matches!(connect.stream, Wanted::Session(_)));
    if !offered {
        let message = "webtransport: the server has not enabled it (enable_webtransport)";
        return Err(Error::new(Kind::Status(StatusCode::NOT_IMPLEMENTED), message));
    }
    let message = match transport {
        Transport::Http(transport) if transport.takes_sessions() => return Ok(()),
        Transport::Http(_) => {
            "webtransport: the transport does not speak HTTP/3 to the upstream; set versions to 3"
        }
        Transport::FastCgi(_) => "webtransport: sessions need the transport http with versions 3",
    };
    Err(Error::new(Kind::Status(StatusCode::BAD_GATEWAY), message))
}

#[cfg(test)]
mod tests {
    use http::Version;
    use tokio::sync::oneshot;

    use super::{Wanted, is_wanted};
    use crate::http::takeover::Connect;

    #[test]
    fn w09_which_requests_ask_for_a_session() {
        for (version, method, protocol, expected) in [
            (Version::HTTP_3, "CONNECT", Some("webtransport"), true),
            (Version::HTTP_3, "CONNECT", Some("webtransport-h3"), true),
            (Version::HTTP_3, "CONNECT", Some("websocket"), false),
            (Version::HTTP_2, "CONNECT", Some("webtransport"), false),
            (Version::HTTP_3, "GET", Some("webtransport"), false),
            (Version::HTTP_3, "CONNECT", None, false),
        ] {
            let mut exchange = crate::testing::exchange("/", &[]);
            exchange.request.version = version;
            exchange.request.method = method.parse().unwrap();
            let stream = Wanted::Bytes(oneshot::channel().1);
            exchange.connect = protocol.map(|protocol| Connect { protocol: protocol.into(), stream });
            assert_eq!(is_wanted(&exchange), expected, "{version:?} {method} {protocol:?}");
        }
    }
}
