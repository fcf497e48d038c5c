//! The handler `invoke`: runs a named route of the server.

use std::sync::Arc;

use caddis_config::http::handlers::Invoke as Config;

use crate::{
    build::{Build, BuildError},
    http::{Exchange, Handler, HandlerFuture, Next, route::Route, routes},
};

struct Invoke(Arc<[Route]>);

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    Ok(Box::new(Invoke(routes::named(&config.name, cx)?)))
}

impl Handler for Invoke {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(async move { Next::routes(&self.0, Some(&next)).run(exchange).await })
    }

    fn name(&self) -> &'static str {
        "invoke"
    }
}
