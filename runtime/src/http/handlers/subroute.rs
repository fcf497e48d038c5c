//! The handler `subroute`: routes within a route, with error routes of their own.

use caddis_config::http::handlers::Subroute as Config;

use crate::{
    build::{Build, BuildError},
    error::Kind,
    http::{Exchange, Handler, HandlerFuture, Next, route::Route, routes},
};

struct Subroute {
    routes: Vec<Route>,
    errors: Option<Vec<Route>>,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let routes = cx.at("routes", |cx| routes::build(&config.routes, cx))?;
    let errors = match &config.errors {
        Some(errors) => Some(cx.at("errors", |cx| cx.at("routes", |cx| routes::build(&errors.routes, cx)))?),
        None => None,
    };
    Ok(Box::new(Subroute { routes, errors }))
}

impl Handler for Subroute {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(async move {
            let outcome = Next::routes(&self.routes, Some(&next)).run(exchange).await;
            match (outcome, &self.errors) {
                (Err(error), Some(errors)) if error.kind() != Kind::Aborted => {
                    exchange.error = Some(error);
                    Next::routes(errors, Some(&next)).run(exchange).await
                }
                (outcome, _) => outcome,
            }
        })
    }

    fn name(&self) -> &'static str {
        "subroute"
    }
}
