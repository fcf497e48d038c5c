//! Routes that decide what becomes of an upstream's response.

use std::sync::Arc;

use caddis_config::http::ResponseHandler as Config;
use http::{HeaderMap, StatusCode};

use super::{info::Pending, response::Finisher};
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::{Exchange, Next, Response, response_matcher::ResponseMatcher, route::Route, routes},
    placeholder::Template,
};

/// What to do with the responses that it wants.
pub(super) struct ResponseHandler {
    condition: Option<ResponseMatcher>,
    pub(super) action: Action,
}

pub(super) enum Action {
    /// Only the status is another.
    Status(Template),
    /// These routes answer.
    Routes(Vec<Route>),
}

/// # Errors
/// When a condition or a route cannot be run.
pub(super) fn build(configs: &[Config], cx: &mut Build) -> Result<Vec<ResponseHandler>, BuildError> {
    let one = |config: &Config, cx: &mut Build| {
        let condition = match &config.matchers {
            Some(condition) => Some(cx.at("match", |cx| ResponseMatcher::build(condition, cx))?),
            None => None,
        };
        let action = if config.status_code.is_empty() {
            Action::Routes(cx.at("routes", |cx| routes::build(&config.routes, cx))?)
        } else {
            Action::Status(cx.at("status_code", |cx| Template::all(config.status_code.as_str(), cx))?)
        };
        Ok(ResponseHandler { condition, action })
    };
    configs.iter().enumerate().map(|(index, config)| cx.at(index, |cx| one(config, cx))).collect()
}

impl ResponseHandler {
    pub(super) fn wants(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.matches(status, headers))
    }
}

impl std::fmt::Debug for ResponseHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ResponseHandler").field(&self.condition).finish_non_exhaustive()
    }
}

/// The status that a response gets; `None` for 0, which leaves it.
///
/// # Errors
/// When the placeholders make no status.
pub(super) fn status(status: &Template, exchange: &Exchange) -> Result<Option<StatusCode>, Error> {
    let text = status.render(exchange);
    if &*text == "0" {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| Error::new(Kind::Internal, format!("{text} is no status")).after_answer())
}

/// Lets routes answer, and then whatever follows the proxy. The response is there for `copy_response`; its body is
/// closed at the end unless it was copied.
///
/// # Errors
/// What a handler raises. The request is not sent again then.
pub(super) async fn run(
    exchange: &mut Exchange,
    response: Response,
    finisher: &Arc<Finisher>,
    routes: &[Route],
    next: Next<'_>,
) -> Outcome {
    if let Some(info) = &mut exchange.proxied {
        info.pending = Some(Box::new(Pending { response, finisher: Arc::clone(finisher) }));
    }
    let result = Next::routes(routes, Some(&next)).run(exchange).await;
    if let Some(info) = &mut exchange.proxied {
        info.pending = None;
    }
    result.map_err(Error::after_answer)
}
