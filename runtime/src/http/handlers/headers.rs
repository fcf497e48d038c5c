//! The handler `headers`: changes header fields of the request now, those of the response now or once it is there.

use caddis_config::http::handlers::Headers as Config;

use crate::{
    build::{Build, BuildError},
    http::{
        Exchange, Handler, HandlerFuture, Next, header_ops::HeaderOps, response_matcher::ResponseMatcher,
    },
};

struct Headers {
    request: Option<HeaderOps>,
    response: Option<Response>,
}

enum Response {
    /// Before later handlers, which may change the fields again.
    Now(HeaderOps),
    /// On what they answer, if it is meant.
    Deferred(HeaderOps, Option<ResponseMatcher>),
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let request = match &config.request {
        Some(ops) => Some(cx.at("request", |cx| HeaderOps::build(ops, cx))?).filter(|ops| !ops.is_empty()),
        None => None,
    };
    let response = match &config.response {
        Some(config) => cx.at("response", |cx| {
            let ops = HeaderOps::build_response(config, cx)?;
            let require = match &config.require {
                Some(require) => Some(cx.at("require", |cx| ResponseMatcher::build(require, cx))?),
                None => None,
            };
            let deferred = config.deferred || require.is_some();
            Ok(Some(if deferred { Response::Deferred(ops, require) } else { Response::Now(ops) }))
        })?,
        None => None,
    };
    Ok(Box::new(Headers { request, response }))
}

impl Handler for Headers {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        if let Some(ops) = &self.request {
            ops.apply_to_request(exchange);
        }
        match &self.response {
            None => next.run(exchange),
            Some(Response::Now(ops)) => {
                exchange.response_headers_mut();
                let mut headers = exchange.response_headers.take().unwrap_or_default();
                ops.apply_to_response(&mut headers, exchange, None);
                exchange.response_headers = Some(headers);
                next.run(exchange)
            }
            Some(Response::Deferred(ops, require)) => Box::pin(async move {
                let mut response = next.run(exchange).await?;
                let status = response.status();
                if require.as_ref().is_none_or(|require| require.matches(status, response.headers())) {
                    ops.apply_to_response(response.headers_mut(), exchange, None);
                }
                Ok(response)
            }),
        }
    }

    fn name(&self) -> &'static str {
        "headers"
    }
}
