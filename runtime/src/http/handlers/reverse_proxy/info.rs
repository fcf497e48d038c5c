//! What is known of a proxied request while it is handled: the placeholders `{http.reverse_proxy.*}`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, StatusCode};

use super::{
    dial::Dial,
    response::Finisher,
    upstreams::{Host, Upstream},
};
use crate::{
    http::{Exchange, Response},
    placeholder::Value,
};

/// The last attempt, and the response as it came.
#[derive(Debug)]
pub struct Info {
    host: Arc<Host>,
    dial: Arc<Dial>,
    max_requests: usize,
    retries: u32,
    started: Instant,
    attempted: Instant,
    latency: Option<Duration>,
    /// Kept where something will ask for it.
    pub(super) response: Option<Box<(StatusCode, HeaderMap)>>,
    /// The response itself, while the routes of `handle_response` may copy it.
    pub(super) pending: Option<Box<Pending>>,
}

/// A response that has not been passed on.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) response: Response,
    pub(super) finisher: Arc<Finisher>,
}

impl Info {
    pub(super) fn new(upstream: &Upstream, dial: Arc<Dial>, started: Instant, retries: u32) -> Self {
        Self {
            host: Arc::clone(&upstream.host),
            dial,
            max_requests: upstream.max_requests.unwrap_or(0),
            retries,
            started,
            attempted: if retries == 0 { started } else { Instant::now() },
            latency: None,
            response: None,
            pending: None,
        }
    }

    /// Notes that the head of the response is there; how long it took.
    pub(super) fn answered(&mut self) -> Duration {
        let latency = self.attempted.elapsed();
        self.latency = Some(latency);
        latency
    }

    /// How long the last attempt has taken so far.
    pub(super) fn attempt_duration(&self) -> Duration {
        self.attempted.elapsed()
    }

    /// Makes the client's response of the one that `handle_response` is about; `None` outside of its routes, or when it
    /// was copied before.
    pub(crate) fn copy_response(exchange: &mut Exchange, status: Option<StatusCode>) -> Option<Response> {
        let Pending { mut response, finisher } = *exchange.proxied.as_mut()?.pending.take()?;
        if let Some(status) = status {
            *response.status_mut() = status;
        }
        finisher.finish(exchange, &mut response);
        Some(response)
    }

    /// The fields of the response that `handle_response` is about; `None` outside of its routes.
    pub(crate) fn pending_headers(&self) -> Option<&HeaderMap> {
        self.pending.as_ref().map(|pending| pending.response.headers())
    }

    /// The upstream as configured.
    #[must_use]
    pub fn upstream(&self) -> &Arc<str> {
        &self.host.address
    }

    /// The value of `http.reverse_proxy.NAME`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Value<'_>> {
        let count = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        Some(match name {
            "upstream.address" => self.dial.to_string().into(),
            "upstream.hostport" => self.dial.hostport().into(),
            "upstream.host" => self.dial.host().into(),
            "upstream.port" => self.dial.port().to_string().into(),
            "upstream.requests" => count(self.host.requests()),
            "upstream.max_requests" => count(self.max_requests),
            "upstream.fails" => count(self.host.fails()),
            "upstream.latency" => Value::Duration(self.latency?),
            "upstream.latency_ms" => Value::millis(self.latency?),
            "upstream.duration" => Value::Duration(self.attempted.elapsed()),
            "upstream.duration_ms" => Value::millis(self.attempted.elapsed()),
            "duration" => Value::Duration(self.started.elapsed()),
            "duration_ms" => Value::millis(self.started.elapsed()),
            "retries" => Value::Int(self.retries.into()),
            "status_code" => self.response.as_ref()?.0.as_u16().into(),
            "status_text" => {
                let status = self.response.as_ref()?.0;
                format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default()).into()
            }
            _ => {
                let (_, headers) = &**self.response.as_ref()?;
                let values = headers.get_all(name.strip_prefix("header.")?);
                let mut values =
                    values.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).peekable();
                values.peek()?;
                values.collect::<Vec<_>>().join(",").into()
            }
        })
    }
}
