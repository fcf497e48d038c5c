//! The handler `copy_response`: answers with the upstream's response in a route of `handle_response`.

use caddis_config::http::handlers::CopyResponse as Config;

use super::reverse_proxy::Info;
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::{Exchange, Handler, HandlerFuture, Next},
    placeholder::Template,
};

#[derive(Debug)]
struct CopyResponse {
    /// Empty keeps the upstream's.
    status: Template,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let status = cx.at("status_code", |cx| Template::all(config.status_code.as_str(), cx))?;
    Ok(Box::new(CopyResponse { status }))
}

impl CopyResponse {
    fn copy(&self, exchange: &mut Exchange) -> Outcome {
        let text = self.status.render(&*exchange);
        let status = match &*text {
            "" => None,
            text => {
                let status =
                    text.parse().map_err(|_| Error::new(Kind::Internal, format!("{text} is no status")))?;
                Some(status)
            }
        };
        Info::copy_response(exchange, status).ok_or_else(|| {
            let message = "cannot use 'copy_response' outside of reverse_proxy's handle_response routes";
            Error::new(Kind::Internal, message)
        })
    }
}

impl Handler for CopyResponse {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, _: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(std::future::ready(self.copy(exchange)))
    }

    fn name(&self) -> &'static str {
        "copy_response"
    }
}
