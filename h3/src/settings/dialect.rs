//! The dialects of WebTransport: what its drafts changed on the wire.

use super::Settings;
use crate::{Role, message::Protocol};

/// A group of drafts of draft-ietf-webtrans-http3 that speak the same on the wire, older ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// Drafts 02 to 06: no flow control of sessions, and the version in header fields.
    Draft02,
    /// Drafts 07 to 12: a number of sessions.
    Draft07,
    /// Drafts 13 and 14: flow control.
    Draft13,
    /// Drafts 15 and 16: flow control, and a token of its own.
    Draft15,
}

impl Dialect {
    /// The `:protocol` that a client sends.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Draft02 | Self::Draft07 | Self::Draft13 => Protocol::from_static("webtransport"),
            Self::Draft15 => Protocol::from_static("webtransport-h3"),
        }
    }

    /// Whether both ends keep to limits for the streams and bytes of each session.
    #[must_use]
    pub fn has_flow_control(self, one: &Settings, other: &Settings) -> bool {
        let intends = |settings: &Settings| {
            let wt = &settings.webtransport;
            let limits = wt.initial_max_data != 0
                || wt.initial_max_streams_uni != 0
                || wt.initial_max_streams_bidi != 0;
            limits || (self == Self::Draft13 && wt.draft13_max_sessions > 1)
        };
        self >= Self::Draft13 && intends(one) && intends(other)
    }

    /// Whether a connection may have several sessions at a time. Since draft 13 it may not where they have no limits, so that
    /// none takes all from the others.
    #[must_use]
    pub fn permits_several_sessions(self, one: &Settings, other: &Settings) -> bool {
        self < Self::Draft13 || self.has_flow_control(one, other)
    }

    /// How many sessions at a time a client may have on a connection to a server with these settings.
    #[must_use]
    pub fn most_sessions(self, client: &Settings, server: &Settings) -> u64 {
        let wt = &server.webtransport;
        match self {
            _ if !self.permits_several_sessions(client, server) => 1,
            // The first drafts name no number.
            Self::Draft02 => wt.draft04_max_sessions.max(1),
            Self::Draft07 => wt.draft07_max_sessions,
            Self::Draft13 => wt.draft13_max_sessions,
            // It is the server that refuses those which are too many.
            Self::Draft15 => u64::MAX,
        }
    }

    fn is_offered(self, settings: &Settings) -> bool {
        let wt = &settings.webtransport;
        match self {
            Self::Draft02 => wt.draft02_enabled,
            Self::Draft07 => wt.draft07_max_sessions > 0,
            Self::Draft13 => wt.draft13_max_sessions > 0,
            Self::Draft15 => wt.draft15_enabled,
        }
    }
}

pub(super) fn shared(local: &Settings, role: Role, peer: &Settings) -> Option<Dialect> {
    let server = if role == Role::Server { local } else { peer };
    [Dialect::Draft15, Dialect::Draft13, Dialect::Draft07, Dialect::Draft02].into_iter().find(|&dialect| {
        // Until draft 06, the setting of WebTransport implied extended CONNECT.
        let connect = server.enable_connect_protocol || dialect == Dialect::Draft02;
        let datagrams = local.takes_datagrams() && peer.takes_datagrams();
        dialect.is_offered(local) && dialect.is_offered(peer) && connect && datagrams
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::WebTransport;

    fn everything() -> Settings {
        Settings {
            enable_connect_protocol: true,
            datagrams: true,
            webtransport: WebTransport {
                draft02_enabled: true,
                draft07_max_sessions: 1,
                draft13_max_sessions: 1,
                draft15_enabled: true,
                initial_max_data: 1,
                ..WebTransport::default()
            },
            ..Settings::default()
        }
    }

    fn client(webtransport: WebTransport) -> Settings {
        Settings { datagrams: true, webtransport, ..Settings::default() }
    }

    #[test]
    fn the_newest_dialect_that_both_speak() {
        let base = WebTransport::default;
        for (webtransport, dialect) in [
            (base(), None),
            (WebTransport { draft02_enabled: true, ..base() }, Some(Dialect::Draft02)),
            (
                WebTransport { draft02_enabled: true, draft07_max_sessions: 1, ..base() },
                Some(Dialect::Draft07),
            ),
            (WebTransport { draft13_max_sessions: 9, ..base() }, Some(Dialect::Draft13)),
            (
                WebTransport { draft15_enabled: true, draft13_max_sessions: 9, ..base() },
                Some(Dialect::Draft15),
            ),
        ] {
            let client = client(webtransport);
            assert_eq!(everything().webtransport(Role::Server, &client), dialect);
            assert_eq!(client.webtransport(Role::Client, &everything()), dialect);
        }
    }

    #[test]
    fn no_dialect_without_datagrams_or_extended_connect() {
        let browser =
            client(WebTransport { draft02_enabled: true, draft07_max_sessions: 1, ..Default::default() });
        let silent = Settings { datagrams: false, ..browser.clone() };
        assert_eq!(everything().webtransport(Role::Server, &silent), None);
        let old = Settings { datagrams: false, datagrams_draft04: true, ..browser.clone() };
        assert_eq!(everything().webtransport(Role::Server, &old), Some(Dialect::Draft07));
        let server = Settings { enable_connect_protocol: false, ..everything() };
        assert_eq!(server.webtransport(Role::Server, &browser), Some(Dialect::Draft02));
    }

    #[test]
    fn several_sessions_are_for_those_with_limits() {
        let (client, server) = (everything(), everything());
        let server = Settings {
            webtransport: WebTransport {
                draft04_max_sessions: 4,
                draft07_max_sessions: 7,
                draft13_max_sessions: 13,
                ..server.webtransport
            },
            ..server
        };
        let most = |dialect: Dialect| dialect.most_sessions(&client, &server);
        assert_eq!([most(Dialect::Draft02), most(Dialect::Draft07), most(Dialect::Draft13)], [4, 7, 13]);
        assert_eq!(most(Dialect::Draft15), u64::MAX);
        let without = Settings { webtransport: WebTransport::default(), ..client.clone() };
        assert_eq!(Dialect::Draft15.most_sessions(&without, &server), 1);
        assert_eq!(Dialect::Draft02.most_sessions(&client, &without), 1);
    }

    #[test]
    fn flow_control_is_for_those_who_both_want_it() {
        let limits = everything();
        let no_limits =
            client(WebTransport { draft13_max_sessions: 2, draft15_enabled: true, ..Default::default() });
        assert!(Dialect::Draft15.has_flow_control(&limits, &limits));
        assert!(!Dialect::Draft15.has_flow_control(&limits, &no_limits));
        assert!(Dialect::Draft13.has_flow_control(&no_limits, &limits));
        assert!(!Dialect::Draft07.has_flow_control(&limits, &limits));
        assert!(Dialect::Draft07.permits_several_sessions(&limits, &limits));
        assert!(!Dialect::Draft15.permits_several_sessions(&limits, &no_limits));
    }
}
