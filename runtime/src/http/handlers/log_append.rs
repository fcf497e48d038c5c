//! The handler `log_append`: adds a field to the access log line.

use std::sync::Arc;

use caddis_config::http::handlers::LogAppend as Config;

use crate::{
    build::{Build, BuildError},
    http::{Exchange, Handler, HandlerFuture, Next},
    logging::Field,
    placeholder::{Key, Scope, variable},
};

struct LogAppend {
    name: Arc<str>,
    value: Source,
    early: bool,
}

enum Source {
    Placeholder(Key),
    /// The variable of that name, or else the text.
    Variable(String),
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let inner = config.value.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
    let value = match inner.filter(|name| !name.contains('{')) {
        Some(name @ ("http.response.body" | "http.response.body_base64")) => {
            return Err(cx.at("value", |cx| cx.unsupported(&format!("placeholder {{{name}}}"))));
        }
        Some(name) => Source::Placeholder(Key::parse(name, cx)?),
        None => Source::Variable(config.value.clone()),
    };
    Ok(Box::new(LogAppend { name: config.key.as_str().into(), value, early: config.early }))
}

impl Handler for LogAppend {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        if self.early {
            let value = self.value.get(&Scope::from(&*exchange));
            exchange.log_fields.push((Arc::clone(&self.name), value));
            return next.run(exchange);
        }
        Box::pin(async move {
            let outcome = next.run(exchange).await;
            let response = outcome.as_ref().ok().map(http::Response::headers);
            let value = self.value.get(&Scope { exchange, response, extra: None });
            exchange.log_fields.push((Arc::clone(&self.name), value));
            outcome
        })
    }

    fn name(&self) -> &'static str {
        "log_append"
    }
}

impl Source {
    fn get(&self, scope: &Scope<'_>) -> Field {
        match self {
            Source::Placeholder(key) => key.value(scope),
            Source::Variable(text) => variable(scope.exchange, text).or(Some(text.as_str().into())),
        }
        .map_or(Field::Null, Field::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{answer, exchange, routes};

    fn logged(key: &str, value: &str, early: bool) -> Field {
        let config = json!([{"handle": [
            {"handler": "log_append", "key": key, "value": value, "early": early},
            {"handler": "vars", "v": 7},
            {"handler": "static_response", "headers": {"X": ["y"]}},
        ]}]);
        let mut exchange = exchange("/p", &[]);
        answer(&routes(config), &mut exchange).unwrap();
        let (name, value) = exchange.log_fields.pop().unwrap();
        assert_eq!(&*name, key);
        value
    }

    #[test]
    fn values() {
        let text = |text: &str| Field::String(text.to_owned());
        assert_eq!(logged("k", "plain", false), text("plain"));
        assert_eq!(logged("k", "v", true), text("v"));
        assert_eq!(logged("k", "v", false), Field::Float(7.0));
        assert_eq!(logged("k", "{http.vars.v}", false), Field::Float(7.0));
        assert_eq!(logged("k", "{http.request.uri.path}", true), text("/p"));
        assert_eq!(logged("k", "{http.response.header.X}", false), text("y"));
        assert_eq!(logged("k", "{nobody}", false), Field::Null);
        assert_eq!(logged("k", "{http.vars.gone}", false), Field::Null);
        assert_eq!(logged("k", "{http.request.remote.port}", false), Field::Int(4711));
        assert_eq!(logged("k", "{http.request.cookie.gone}", false), text(""));
        assert_eq!(logged("k", "trusted_proxy", false), Field::Bool(false));
        assert!(matches!(logged("k", "{http.request.duration}", false), Field::Duration(_)));
        assert!(matches!(logged("k", "{time.now}", false), Field::Time(_)));
    }
}
