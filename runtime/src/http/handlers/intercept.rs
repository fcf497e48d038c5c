//! The handler `intercept`: looks at what later handlers answer, and may answer in their place.

use caddis_config::http::{ResponseHandler as HandlerConfig, handlers::Intercept as Config};
use http::{HeaderMap, HeaderName, StatusCode, header};

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{
        Exchange, Handler, HandlerFuture, Next, Response, response_matcher::ResponseMatcher, route::Route,
        routes, status::Status,
    },
};

struct Intercept(Vec<Entry>);

struct Entry {
    matcher: Option<ResponseMatcher>,
    status: Option<Status>,
    routes: Vec<Route>,
}

/// What belongs to a body; it goes when another takes its place.
const OF_BODY: [HeaderName; 4] =
    [header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::CONTENT_RANGE, header::ACCEPT_RANGES];

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let entries = cx.at("handle_response", |cx| {
        let entries = config.handle_response.iter().enumerate();
        entries.map(|(index, entry)| cx.at(index, |cx| Entry::build(entry, cx))).collect::<Result<_, _>>()
    })?;
    Ok(Box::new(Intercept(entries)))
}

impl Entry {
    fn build(config: &HandlerConfig, cx: &mut Build) -> Result<Self, BuildError> {
        let matcher = match &config.matchers {
            Some(matcher) => Some(cx.at("match", |cx| ResponseMatcher::build(matcher, cx))?),
            None => None,
        };
        let status = cx.at("status_code", |cx| Status::build(&config.status_code, cx))?;
        Ok(Self { matcher, status, routes: cx.at("routes", |cx| routes::build(&config.routes, cx))? })
    }

    fn is_for(&self, response: &Response) -> bool {
        self.matcher.as_ref().is_none_or(|matcher| matcher.matches(response.status(), response.headers()))
    }

    async fn answer(&self, exchange: &mut Exchange, original: Response) -> Outcome {
        let (mut parts, body) = original.into_parts();
        show(exchange, &parts.headers, parts.status);
        let mut of_body = HeaderMap::new();
        for name in OF_BODY {
            if let Some(value) = parts.headers.remove(&name) {
                of_body.insert(name, value);
            }
        }
        exchange.response_headers = Some(parts.headers);
        exchange.unhandled = false;
        let mut response = Next::routes(&self.routes, None).run(exchange).await?;
        if std::mem::take(&mut exchange.unhandled) {
            *response.status_mut() = parts.status;
        }
        if response.body().is_empty() && !body.is_empty() {
            *response.body_mut() = body;
            response.headers_mut().extend(of_body);
        }
        Ok(response)
    }
}

/// Placeholders that show the response.
fn show(exchange: &mut Exchange, headers: &HeaderMap, status: StatusCode) {
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let canonical = caddis_config::go::header::canonical(name.as_str());
        exchange.set_placeholder(format!("http.intercept.header.{canonical}"), values.join(","));
    }
    exchange.set_placeholder("http.intercept.status_code", status.as_u16());
}

impl Handler for Intercept {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(async move {
            let mut response = next.run(exchange).await?;
            let Some(entry) = self.0.iter().find(|entry| entry.is_for(&response)) else {
                return Ok(response);
            };
            match &entry.status {
                Some(status) => {
                    *response.status_mut() = status.get(exchange)?;
                    Ok(response)
                }
                None => entry.answer(exchange, response).await,
            }
        })
    }

    fn name(&self) -> &'static str {
        "intercept"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{answer, exchange, routes};

    fn intercepted(handle_response: Value, status: u16) -> (u16, String, Option<String>) {
        let config = json!([{"handle": [
            {"handler": "intercept", "handle_response": handle_response},
            {
                "handler": "static_response",
                "status_code": status,
                "headers": {"X-One": ["1"], "Content-Length": ["8"]},
                "body": "original",
            },
        ]}]);
        let response = answer(&routes(config), &mut exchange("/", &[])).unwrap();
        let length =
            response.headers().get("content-length").map(|length| length.to_str().unwrap().to_owned());
        (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap(), length)
    }

    #[test]
    fn in_the_place_of_others() {
        let on_404 = |entry: Value| {
            let mut entry = entry;
            entry["match"] = json!({"status_code": [404]});
            json!([entry])
        };
        let original = |status| (status, "original".to_owned(), Some("8".to_owned()));
        let replace = on_404(json!({"status_code": 410}));
        assert_eq!(intercepted(replace.clone(), 404), original(410));
        assert_eq!(intercepted(replace, 200), original(200));

        let respond = json!([{"handle": [{
            "handler": "static_response",
            "body": "{http.intercept.status_code} {http.intercept.header.X-One}",
        }]}]);
        assert_eq!(intercepted(on_404(json!({"routes": respond})), 404), (200, "404 1".into(), None));

        let pass = json!([{"handle": [{"handler": "vars", "a": "b"}]}]);
        assert_eq!(intercepted(on_404(json!({"routes": pass})), 404), original(404));
    }
}
