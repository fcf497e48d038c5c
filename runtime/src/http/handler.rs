//! The one interface of everything that takes part in answering a request.

use std::{
    future::{Future, ready},
    pin::Pin,
};

use http::StatusCode;

use super::{exchange::Exchange, route::Route};
use crate::{
    error::{Error, Outcome},
    http::Response,
};

/// What [`Handler::handle`] returns. It stays on its shard, so it need not be `Send`.
pub type HandlerFuture<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// Takes a request and the rest of the chain and returns a response. There is no response writer: a handler that wants
/// to change the response calls `next` and works on what comes back.
pub trait Handler: Send + Sync {
    /// Handles the request, or passes it on.
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a>;

    /// The module name, for metrics and logs.
    fn name(&self) -> &'static str;
}

/// The rest of a chain: the remaining handlers of the matched route, then the remaining routes, then whatever follows
/// the list of routes.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    handlers: &'a [Box<dyn Handler>],
    routes: &'a [Route],
    parent: Option<&'a Next<'a>>,
}

impl<'a> Next<'a> {
    /// The chain that starts with the first of `routes` and goes on with `parent` after the last.
    #[must_use]
    pub fn routes(routes: &'a [Route], parent: Option<&'a Next<'a>>) -> Self {
        Self { handlers: &[], routes, parent }
    }

    /// Hands the request to the next handler that wants it. Where none is left, the answer is an empty 200 (in error
    /// routes: the error's status), as in Caddy.
    ///
    /// # Errors
    /// What a matcher or a handler raises.
    pub fn run(mut self, exchange: &'a mut Exchange) -> HandlerFuture<'a> {
        loop {
            if let Some((first, rest)) = self.handlers.split_first() {
                self.handlers = rest;
                exchange.handled_by.get_or_insert(first.name());
                return first.handle(exchange, self);
            }
            if let Some((route, rest)) = self.routes.split_first() {
                self.routes = rest;
                match route.applies(exchange) {
                    Ok(true) => {
                        self.handlers = &route.handlers;
                        if route.terminal {
                            self.routes = &[];
                            self.parent = None;
                        }
                    }
                    Ok(false) => {}
                    Err(error) => return boxed(|| ready(Err(error))),
                }
                continue;
            }
            match self.parent {
                Some(parent) => self = *parent,
                None => {
                    let response = unhandled(exchange);
                    return boxed(|| ready(Ok(response)));
                }
            }
        }
    }
}

/// A future in a box. It is made there, because most of its bytes are for later and need not be moved.
pub(crate) fn boxed<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::into_pin(Box::write(Box::new_uninit(), make()))
}

fn unhandled(exchange: &mut Exchange) -> Response {
    // Error routes answer with the error's status where none of them does.
    exchange.unhandled |= exchange.error.is_none();
    let status = exchange.error.as_ref().map_or(StatusCode::OK, Error::status);
    exchange.respond(status)
}
