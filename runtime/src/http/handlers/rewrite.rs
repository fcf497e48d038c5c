//! The handler `rewrite`: changes method and target for later handlers.

use caddis_config::http::handlers::Rewrite as Config;

use crate::{
    build::{Build, BuildError},
    http::{Exchange, Handler, HandlerFuture, Next, rewrite::Rewrite},
    logging::{Level, Logger},
    placeholder::Scope,
};

struct RewriteHandler {
    rewrite: Rewrite,
    logger: Logger,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let logger = cx.process.logger.named("http.handlers.rewrite");
    Ok(Box::new(RewriteHandler { rewrite: Rewrite::build(config, cx)?, logger }))
}

impl Handler for RewriteHandler {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        let (mut method, mut target) = (exchange.request.method.clone(), exchange.request.uri.clone());
        self.rewrite.apply(&Scope::from(&*exchange), &mut method, &mut target);
        if method != exchange.request.method || target != exchange.request.uri {
            self.logger.log(Level::Debug, "rewrote request", |fields| {
                fields.object("request", |request| {
                    request
                        .add("method", exchange.request.method.as_str())
                        .add("host", exchange.authority())
                        .add("uri", exchange.request.uri.to_string());
                });
                fields.add("method", method.as_str()).add("uri", target.to_string());
            });
            exchange.remember_original();
            exchange.request.method = method;
            exchange.request.uri = target;
        }
        next.run(exchange)
    }

    fn name(&self) -> &'static str {
        "rewrite"
    }
}
