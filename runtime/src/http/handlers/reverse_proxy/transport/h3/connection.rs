//! What connection a request of HTTP/3 gets.

use std::sync::Arc;

use http::StatusCode;

use super::{
    super::{
        HttpTransport, Plan, Upgrade, Wanted,
        exchange::{Connection, Sender},
        pool::{self, Key, Multiplexed},
    },
    Quic, Requests,
    underway::{self, Turn},
};
use crate::error::{Error, Kind};

impl HttpTransport {
    /// HTTP/3 knows no upgrades, and no proxies.
    pub(in super::super) fn plan_h3<'a>(&'a self, wanted: Wanted<'a>) -> Result<Plan<'a>, Error> {
        if wanted.upgrade == Some(Upgrade::Other) {
            let message =
                "HTTP/3 to the upstream can switch to WebSocket or WebTransport and to no other protocol";
            return Err(Error::new(Kind::Status(StatusCode::NOT_IMPLEMENTED), message));
        }
        let server_name = self.tls.as_ref().map(|tls| tls.server_name(wanted.dial, wanted.scope));
        let key = Key {
            transport: self.id,
            dial: Arc::clone(wanted.dial),
            // Those with sessions are connections of their own.
            upgradable: wanted.upgrade == Some(Upgrade::WebTransport),
            purpose: self.purpose(&server_name, None, None),
        };
        Ok(Plan {
            key,
            tls: self.tls.as_ref().zip(server_name),
            proxy: None,
            requests: false,
            multiplexed: true,
            extended: wanted.upgrade.is_some(),
            wanted,
        })
    }

    /// A connection of HTTP/3.
    pub(in super::super) async fn over_quic(&self, quic: &Quic, plan: Plan<'_>) -> Result<Connection, Error> {
        if plan.wanted.upgrade == Some(Upgrade::WebTransport) {
            return self.for_session(quic, plan).await;
        }
        let (requests, reused) = self.shared(quic, &plan).await?;
        if plan.extended {
            let told = tokio::time::timeout(self.dialer.timeout, requests.takes_extended_connect()).await;
            if told != Ok(true) {
                let message = "the upstream takes no WebSockets over HTTP/3 (RFC 9220)";
                return Err(Error::new(Kind::UpstreamBroken, message));
            }
        }
        let extended = plan.extended;
        Ok(Connection { extended, ..plan.into_connection(None, Sender::H3(requests), reused) })
    }

    /// A connection that takes any number of requests, and whether it was there before.
    async fn shared(&self, quic: &Quic, plan: &Plan<'_>) -> Result<(Requests, bool), Error> {
        if self.keep.is_none() {
            return Ok((self.connect_quic(quic, plan).await?, false));
        }
        loop {
            if let Some(Sender::H3(requests)) = pool::any(&plan.key, true) {
                return Ok((requests, true));
            }
            match underway::turn(&plan.key).await {
                Turn::Ours(handshake) => match self.connect_quic(quic, plan).await {
                    Ok(requests) => return Ok((requests, false)),
                    Err(error) => {
                        handshake.failed(&error);
                        return Err(error);
                    }
                },
                Turn::Theirs(Some(why)) => return Err(Error::new(Kind::Dial, &*why)),
                Turn::Theirs(None) => {}
            }
        }
    }

    /// A connection on which one more WebTransport session may be asked for.
    async fn for_session(&self, quic: &Quic, plan: Plan<'_>) -> Result<Connection, Error> {
        let (requests, reused) = match self.keep.and_then(|_| pool::with_room(&plan.key)) {
            Some(requests) => (requests, true),
            None => (self.connect_quic(quic, &plan).await?, false),
        };
        let told = tokio::time::timeout(self.dialer.timeout, requests.missing_for_sessions()).await;
        let dial = plan.wanted.dial;
        let missing = match told {
            Ok(Ok(missing)) => missing,
            Ok(Err(error)) => return Err(Error::new(Kind::Dial, format!("dial {dial}")).because(error)),
            Err(_) => Some("settings altogether"),
        };
        if let Some(missing) = missing {
            let message = format!("the upstream {dial} offers no WebTransport: it lacks {missing}");
            return Err(Error::new(Kind::Dial, message));
        }
        if let Some(keep) = self.keep.filter(|_| !reused && requests.has_room_for_session()) {
            pool::add(plan.key.clone(), requests.clone(), keep.idle_timeout);
        }
        Ok(Connection { extended: true, ..plan.into_connection(None, Sender::H3(requests), reused) })
    }

    async fn connect_quic(&self, quic: &Quic, plan: &Plan<'_>) -> Result<Requests, Error> {
        let (dial, sessions) = (plan.wanted.dial, plan.wanted.upgrade == Some(Upgrade::WebTransport));
        let name = plan.tls.as_ref().map(|(_, name)| name.as_str()).unwrap_or_default();
        let connected = quic.connect(&self.dialer, dial, name, sessions).await;
        let connected =
            connected.map_err(|error| Error::new(Kind::Dial, format!("dial {dial}")).because(error))?;
        let requests = Requests::open(connected, self.most_head, sessions, self.opening(&plan.key));
        if let Some(keep) = self.keep.filter(|_| !sessions) {
            pool::share(plan.key.clone(), Multiplexed::H3(requests.clone()), keep.idle_timeout);
        }
        Ok(requests)
    }
}
