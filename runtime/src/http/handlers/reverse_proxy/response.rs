//! The response as the client gets it.

use caddis_config::http::handlers::ReverseProxy as Config;
use http::{
    Version,
    header::{self, HeaderMap},
};

use super::{
    body::Buffered,
    request::{strip_hop_by_hop, via},
};
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::{Body, Exchange, Response, header_ops::HeaderOps, response_matcher::ResponseMatcher},
};

/// What a response goes through. `copy_response` uses it too.
#[derive(Debug)]
pub(super) struct Finisher {
    buffers: i64,
    headers: Option<HeaderOps>,
    /// Which responses `headers` is for.
    require: Option<ResponseMatcher>,
}

impl Finisher {
    /// # Errors
    /// When a change or a condition is invalid.
    pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let (mut headers, mut require) = (None, None);
        // Whether they are deferred makes no difference: the response is there.
        if let Some(changes) = config.headers.as_ref().and_then(|headers| headers.response.as_ref()) {
            cx.at("headers", |cx| {
                cx.at("response", |cx| {
                    headers = Some(HeaderOps::build_response(changes, cx)?);
                    if let Some(condition) = &changes.require {
                        require = Some(cx.at("require", |cx| ResponseMatcher::build(condition, cx))?);
                    }
                    Ok(())
                })
            })?;
        }
        Ok(Self { buffers: config.response_buffers, headers, require })
    }

    /// Reads a response into memory, as far as it is to be there before anything is made of it.
    ///
    /// # Errors
    /// When the upstream breaks off.
    pub(super) async fn buffer(&self, response: &mut Response) -> Result<(), Error> {
        if self.buffers != 0 {
            Box::pin(buffer(response.body_mut(), self.buffers)).await?;
        }
        Ok(())
    }

    /// Turns the upstream's response into the client's.
    pub(super) fn finish(&self, exchange: &mut Exchange, response: &mut Response) {
        let (via, status) = (via(response.version()), response.status());
        let headers = response.headers_mut();
        strip_hop_by_hop(headers);
        if let Some(changes) = &self.headers
            && self.require.as_ref().is_none_or(|condition| condition.matches(status, headers))
        {
            changes.apply_to_response(headers, exchange, None);
        }
        if let Some(mut ahead) = exchange.response_headers.take() {
            ahead.remove(header::SERVER);
            merge(ahead, headers);
        }
        headers.append(header::VIA, via.clone());
        *response.version_mut() = Version::HTTP_11;
    }
}

/// Puts the fields that were set ahead of the response before its own.
pub(super) fn merge(mut ahead: HeaderMap, headers: &mut HeaderMap) {
    std::mem::swap(&mut ahead, headers);
    let mut last = None;
    for (name, value) in ahead {
        let name = name.or(last).expect("the first of a header map has a name");
        headers.append(&name, value);
        last = Some(name);
    }
}

async fn buffer(body: &mut Body, limit: i64) -> Result<(), Error> {
    *body = match Buffered::read(std::mem::take(body), limit).await {
        Ok(Buffered::All(bytes)) => bytes.into(),
        Ok(Buffered::Part(body)) => body,
        Err(error) => {
            let failed = Error::new(Kind::UpstreamBroken, "reading the response body");
            return Err(failed.because(error).after_answer());
        }
    };
    Ok(())
}
