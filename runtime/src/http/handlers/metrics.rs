//! The handler `metrics`: answers with the figures of the process.

use std::sync::Arc;

use caddis_config::http::handlers::Metrics as Config;
use http::{HeaderValue, StatusCode, header};

use crate::{
    build::{Build, BuildError},
    http::{Body, Exchange, Handler, HandlerFuture, Next},
    metrics::Form,
    process::Process,
};

struct Metrics {
    process: Arc<Process>,
    /// Never answers in OpenMetrics.
    plain: bool,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    Ok(Box::new(Metrics { process: Arc::clone(&cx.process), plain: config.disable_openmetrics }))
}

impl Handler for Metrics {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, _: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(async move {
            let form = if self.plain { Form::Prometheus } else { Form::wanted(&exchange.request.headers) };
            let mut response = exchange.respond(StatusCode::OK);
            let kind = HeaderValue::from_static(form.content_type());
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            *response.body_mut() = Body::from(self.process.metrics.text(form));
            Ok(response)
        })
    }

    fn name(&self) -> &'static str {
        "metrics"
    }
}
