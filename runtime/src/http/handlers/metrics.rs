//! The handler `metrics`: answers with the figures of the process.

use std::sync::Arc;

use caddis_config::http::handlers::Metrics as Config;
use http::{HeaderValue, StatusCode, header};

use crate::{
    build::{Build, BuildError},
    http::{Body, Exchange, Handler, HandlerFuture, Next},
    metrics,
    process::Process,
};

struct Metrics(Arc<Process>);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    if config.disable_openmetrics {
        return Err(
            cx.at("disable_openmetrics", |cx| cx.unsupported("a metrics format other than OpenMetrics"))
        );
    }
    Ok(Box::new(Metrics(Arc::clone(&cx.process))))
}

impl Handler for Metrics {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, _: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(async move {
            let mut response = exchange.respond(StatusCode::OK);
            let kind = HeaderValue::from_static(metrics::CONTENT_TYPE);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            *response.body_mut() = Body::from(self.0.metrics.text());
            Ok(response)
        })
    }

    fn name(&self) -> &'static str {
        "metrics"
    }
}
