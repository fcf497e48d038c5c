//! `/reverse_proxy/streams`: the open streams of upgraded connections, shown and closed.

use std::time::Duration;

use http::Uri;
use serde_json::{Value, json};

use super::reply::{ApiError, Reply, json as reply};
use crate::{
    control::Control,
    http::uri,
    tunnel::{Stream, Visitor},
};

/// Lists the streams, the oldest first.
pub(super) fn list(control: &Control) -> Reply {
    let streams = control.runtime().process().tunnels.streams();
    let list: Vec<Value> = streams.iter().map(|stream| show(stream)).collect();
    reply(format!("{}\n", Value::Array(list)))
}

fn show(stream: &Stream) -> Value {
    let (to_upstream, from_upstream) = stream.bytes();
    let Visitor { client, host, path } = stream.visitor();
    let closing = stream
        .closing()
        .map(|(wait, reason)| json!({"reason": reason.as_str(), "seconds": wait.as_secs_f64()}));
    json!({
        "id": stream.id(),
        "upstream": &**stream.upstream(),
        "client_ip": client.map(|ip| ip.to_string()),
        "host": host,
        "path": path,
        "seconds": stream.age().as_secs_f64(),
        "bytes_to_upstream": to_upstream,
        "bytes_from_upstream": from_upstream,
        "detached": stream.is_detached(),
        "closing": closing,
    })
}

/// Which streams are to be closed, and within which time.
#[derive(Debug, Default)]
struct Wanted {
    upstream: Option<String>,
    id: Option<u64>,
    over: Duration,
}

impl Wanted {
    /// # Errors
    /// When nothing is named, so that a slip closes nothing, or a parameter is unknown.
    fn read(uri: &Uri) -> Result<Self, ApiError> {
        let mut wanted = Self::default();
        for parameter in uri::parameters(uri.query().unwrap_or_default()) {
            let (name, value) = parameter.map_err(|_| ApiError::bad("the query cannot be decoded"))?;
            let bad = |what: &str| ApiError::bad(format!("{name}={value}: {what}"));
            match &*name {
                "upstream" => wanted.upstream = Some(value.into_owned()),
                "id" => wanted.id = Some(value.parse().map_err(|_| bad("an id is a number"))?),
                "over" => {
                    let over = caddis_config::go::duration::parse(&value).map_err(|error| bad(&error))?;
                    let over = u64::try_from(over).map_err(|_| bad("a duration cannot be negative"))?;
                    wanted.over = Duration::from_nanos(over);
                }
                _ => return Err(bad("there is no such parameter; there are upstream, id and over")),
            }
        }
        if wanted.upstream.is_none() && wanted.id.is_none() {
            return Err(ApiError::bad("name the streams to close: ?upstream=ADDRESS or ?id=NUMBER"));
        }
        Ok(wanted)
    }

    fn fits(&self, stream: &Stream) -> bool {
        self.id.is_none_or(|id| stream.id() == id)
            && self.upstream.as_ref().is_none_or(|upstream| **upstream == **stream.upstream())
    }
}

/// Closes the streams that the query names, each at a moment of its own within the time of `over`.
///
/// # Errors
/// When the query names none.
pub(super) fn drain(uri: &Uri, control: &Control) -> Result<Reply, ApiError> {
    let wanted = Wanted::read(uri)?;
    let closing = control.runtime().process().tunnels.drain(wanted.over, |stream| wanted.fits(stream));
    Ok(reply(format!("{}\n", json!({ "closing": closing }))))
}
