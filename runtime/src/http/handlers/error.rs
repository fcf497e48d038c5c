//! The handler `error`: hands the request to the error routes.

use caddis_config::http::handlers::StaticError as Config;
use http::StatusCode;

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::{Exchange, Handler, HandlerFuture, Next, status::Status},
    placeholder::Template,
};

struct StaticError {
    message: Template,
    status: Option<Status>,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let status = cx.at("status_code", |cx| Status::build(&config.status_code, cx))?;
    Ok(Box::new(StaticError { message: Template::known(&config.error, cx)?, status }))
}

impl Handler for StaticError {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, _: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(async move {
            let status = match &self.status {
                Some(status) => status.get(exchange)?,
                None => StatusCode::INTERNAL_SERVER_ERROR,
            };
            Err(Error::new(Kind::Status(status), self.message.render(&*exchange)))
        })
    }

    fn name(&self) -> &'static str {
        "error"
    }
}
