//! The handler `static_response`: answers with what the configuration says.

use std::borrow::Cow;

use bytes::Bytes;
use caddis_config::http::handlers::StaticResponse as Config;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::{
        Body, Exchange, Handler, HandlerFuture, Next, Response, header_ops::header_value, status::Status,
    },
    placeholder::Template,
};

struct StaticResponse {
    status: Option<Status>,
    headers: Vec<(Name, Vec<Value>)>,
    body: Content,
    close: bool,
    abort: bool,
}

enum Name {
    Fixed(HeaderName),
    Computed(Template),
}

enum Value {
    Fixed(HeaderValue),
    Computed(Template),
}

enum Content {
    Fixed { bytes: Bytes, kind: HeaderValue },
    Computed(Template),
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let status = cx.at("status_code", |cx| Status::build_or_interim(&config.status_code, cx))?;
    let headers = cx.at("headers", |cx| {
        let fields = config.headers.iter().map(|(name, values)| {
            let values = values.iter().map(|value| Value::build(value, cx)).collect::<Result<_, _>>()?;
            Ok((Name::build(name, cx)?, values))
        });
        fields.collect::<Result<_, _>>()
    })?;
    let body = Template::known(&config.body, cx)?;
    let body = match body.constant() {
        Some(text) => {
            Content::Fixed { kind: content_type(text), bytes: Bytes::copy_from_slice(text.as_bytes()) }
        }
        None => Content::Computed(body),
    };
    Ok(Box::new(StaticResponse { status, headers, body, close: config.close, abort: config.abort }))
}

impl Handler for StaticResponse {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        if !self.may_be_interim() {
            return Box::pin(async move { self.respond(exchange) });
        }
        Box::pin(async move {
            let response = self.respond(exchange)?;
            if response.status().is_informational() {
                hint(exchange, response, next).await
            } else {
                Ok(response)
            }
        })
    }

    fn name(&self) -> &'static str {
        "static_response"
    }
}

impl StaticResponse {
    fn may_be_interim(&self) -> bool {
        match &self.status {
            None => false,
            Some(Status::Fixed(status)) => status.is_informational(),
            Some(Status::Computed(_)) => true,
        }
    }

    fn respond(&self, exchange: &mut Exchange) -> Outcome {
        if self.abort {
            return Err(Error::new(Kind::Aborted, "aborted by a static response"));
        }
        let status = match &self.status {
            Some(status) => status.get_or_interim(exchange)?,
            None => exchange.error.as_ref().map_or(StatusCode::OK, Error::status),
        };
        let (content, kind) = match &self.body {
            Content::Fixed { bytes, kind } => (bytes.clone(), kind.clone()),
            Content::Computed(template) => {
                let text = template.render(&*exchange);
                let kind = content_type(&text);
                (Bytes::from(text.into_owned()), kind)
            }
        };
        let mut response = exchange.respond(status);
        if self.close {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        self.set_headers(&mut response, exchange);
        if !content.is_empty() {
            response.headers_mut().entry(header::CONTENT_TYPE).or_insert(kind);
        }
        *response.body_mut() = Body::from(content);
        Ok(response)
    }

    fn set_headers(&self, response: &mut Response, exchange: &Exchange) {
        for (name, values) in &self.headers {
            let name = match name {
                Name::Fixed(name) => Cow::Borrowed(name),
                Name::Computed(template) => {
                    let name = template.render(exchange);
                    // A name that a request has made invalid cannot be sent.
                    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
                    Cow::Owned(name)
                }
            };
            response.headers_mut().remove(&*name);
            for value in values {
                let value = match value {
                    Value::Fixed(value) => Some(value.clone()),
                    Value::Computed(template) => header_value(&template.render(exchange)),
                };
                if let Some(value) = value {
                    response.headers_mut().append(&*name, value);
                }
            }
        }
    }
}

/// Sends an interim response; its fields stay for the final one. That is given by whoever comes next after 103, otherwise
/// it is a 200.
async fn hint(exchange: &mut Exchange, mut response: Response, next: Next<'_>) -> Outcome {
    let status = response.status();
    if let Some(sender) = exchange.interim_sender().await {
        let mut headers = response.headers().clone();
        for about_the_body in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
            headers.remove(about_the_body);
        }
        sender.send(status, &headers);
    }
    if status == StatusCode::EARLY_HINTS {
        exchange.response_headers = Some(std::mem::take(response.headers_mut()));
        return next.run(exchange).await;
    }
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

impl Name {
    fn build(name: &str, cx: &Build) -> Result<Self, BuildError> {
        let template = Template::all(name, cx)?;
        let Some(text) = template.constant() else { return Ok(Name::Computed(template)) };
        let name = HeaderName::from_bytes(text.as_bytes());
        name.map(Name::Fixed).map_err(|_| cx.error(format!("{text:?} is not a valid name of a header field")))
    }
}

impl Value {
    fn build(value: &str, cx: &Build) -> Result<Self, BuildError> {
        let template = Template::all(value, cx)?;
        let Some(text) = template.constant() else { return Ok(Value::Computed(template)) };
        header_value(text)
            .map(Value::Fixed)
            .ok_or_else(|| cx.error(format!("{text:?} is not a valid value of a header field")))
    }
}

/// JSON is told by its braces or brackets, if it is valid; everything else is text.
fn content_type(body: &str) -> HeaderValue {
    let content = body.trim();
    let enclosed = (content.starts_with('{') && content.ends_with('}'))
        || (content.starts_with('[') && content.ends_with(']'));
    let is_json =
        content.len() > 2 && enclosed && serde_json::from_str::<serde::de::IgnoredAny>(content).is_ok();
    if is_json { JSON } else { TEXT }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{answer, exchange, refused, routes};

    fn route(status: &str) -> serde_json::Value {
        json!([{"handle": [
            {"handler": "static_response", "status_code": status, "headers": {"Link": ["</a>"]}, "body": "first"},
            {"handler": "static_response", "body": "second"},
        ]}])
    }

    #[test]
    fn early_hints_are_followed_by_whoever_comes_next() {
        for (status, body) in [("103", "second"), ("102", "first"), ("{http.request.uri.query.s}", "second")]
        {
            let mut exchange = exchange("/?s=103", &[]);
            let response = answer(&routes(route(status)), &mut exchange).unwrap();
            assert_eq!(
                (response.status(), &**response.body()),
                (StatusCode::OK, body.as_bytes()),
                "{status}"
            );
            assert_eq!(response.headers()["link"], "</a>");
        }
    }

    #[test]
    fn nobody_switches_protocols_here() {
        let error = refused(route("101"));
        assert_eq!(error.path, "/0/handle/0/status_code");
        assert!(error.message.contains("status 101"), "{error}");
        let mut exchange = exchange("/?s=101", &[]);
        let error = answer(&routes(route("{http.request.uri.query.s}")), &mut exchange).unwrap_err();
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
