//! The handler `request_body`: limits or replaces what the client sends.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use caddis_config::http::handlers::RequestBody as Config;
use http::{HeaderValue, StatusCode, header};
use http_body::Body as _;

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::{
        Body, Exchange, Handler, HandlerFuture, Next,
        passing::{Pass, Passing, Polled, bytes},
    },
    placeholder::Template,
};

struct RequestBody {
    limit: Option<u64>,
    set: Option<Template>,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let limit = u64::try_from(config.max_size).ok().filter(|limit| *limit > 0);
    let set = if config.set.is_empty() { None } else { Some(Template::all(&config.set, cx)?) };
    Ok(Box::new(RequestBody { limit, set }))
}

impl Handler for RequestBody {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        if let Some(template) = &self.set {
            let content = template.render(&*exchange).into_owned();
            let headers = &mut exchange.request.headers;
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.len()));
            headers.remove(header::TRANSFER_ENCODING);
            exchange.body = Body::from(content);
        }
        if let Some(limit) = self.limit
            && !exchange.body.is_empty()
        {
            exchange.body = Passing::boxed(std::mem::take(&mut exchange.body), Limit(limit));
        }
        next.run(exchange)
    }

    fn name(&self) -> &'static str {
        "request_body"
    }
}

/// Fails when more than so many bytes are read.
struct Limit(u64);

impl Pass for Limit {
    fn poll(&mut self, body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let too_large = || {
            let kind = Kind::Status(StatusCode::PAYLOAD_TOO_LARGE);
            Poll::Ready(Some(Err(Error::new(kind, "http: request body too large").into())))
        };
        // What is announced to be too large need not be read.
        if body.size_hint().lower() > self.0 {
            return too_large();
        }
        let polled = body.poll_frame(cx);
        match self.0.checked_sub(bytes(&polled) as u64) {
            Some(left) => self.0 = left,
            None => return too_large(),
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;
    use crate::testing::{answer, exchange, routes, run};

    fn read(config: serde_json::Value, sent: &'static str) -> Result<String, StatusCode> {
        let mut exchange = exchange("/?q=7", &[("content-length", &sent.len().to_string())]);
        exchange.body = Body::from(sent);
        answer(&routes(json!([{"handle": [config]}])), &mut exchange).unwrap();
        let body = std::mem::take(&mut exchange.body);
        let length = exchange.request.headers[header::CONTENT_LENGTH].to_str().unwrap().to_owned();
        match run(body.collect()) {
            Ok(body) => {
                let body = String::from_utf8(body.to_bytes().to_vec()).unwrap();
                assert_eq!(length, body.len().to_string());
                Ok(body)
            }
            Err(error) => Err(error.downcast::<Error>().unwrap().status()),
        }
    }

    #[test]
    fn limits_and_replacements() {
        let limit = |size| json!({"handler": "request_body", "max_size": size});
        assert_eq!(read(limit(5), "12345").as_deref(), Ok("12345"));
        assert_eq!(read(limit(4), "12345"), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(read(limit(4), "").as_deref(), Ok(""));
        let set = json!({"handler": "request_body", "set": "q={http.request.uri.query.q}"});
        assert_eq!(read(set, "12345").as_deref(), Ok("q=7"));
    }

    #[test]
    fn an_upstream_is_not_blamed_for_a_body_that_is_too_large() {
        run(async {
            let upstream = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let dial = upstream.local_addr().unwrap().to_string();
            let accepting = tokio::task::spawn_local(async move { upstream.accept().await.unwrap() });
            let config = routes(json!([{"handle": [
                {"handler": "request_body", "max_size": 4},
                {"handler": "reverse_proxy", "upstreams": [{"dial": dial}]},
            ]}]));
            let mut exchange = exchange("/", &[("host", "a.test"), ("content-length", "5")]);
            exchange.request.method = http::Method::POST;
            exchange.body = Body::from("12345");
            let error = Next::routes(&config, None).run(&mut exchange).await.unwrap_err();
            assert_eq!(error.status(), StatusCode::PAYLOAD_TOO_LARGE, "{error}");
            accepting.await.unwrap();
        });
    }
}
