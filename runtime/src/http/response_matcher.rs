//! Conditions on a response: its status and its header.

use caddis_config::http::ResponseMatcher as Config;
use http::{HeaderMap, StatusCode};

use super::header_conditions::HeaderConditions;
use crate::build::{Build, BuildError};

/// Decides whether a response is meant.
#[derive(Debug, Default)]
pub struct ResponseMatcher {
    statuses: Vec<u16>,
    headers: HeaderConditions,
}

impl ResponseMatcher {
    /// Makes it ready.
    ///
    /// # Errors
    /// When a condition is none.
    pub fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let statuses = config.status_code.iter().map(|code| {
            u16::try_from(*code)
                .map_err(|_| cx.error(format!("{code} is neither a status nor a class of them")))
        });
        let statuses = statuses.collect::<Result<_, _>>()?;
        let headers = cx.at("headers", |cx| HeaderConditions::build_verbatim(&config.headers, cx))?;
        Ok(Self { statuses, headers })
    }

    /// Whether a response with this status and header is meant.
    #[must_use]
    pub fn matches(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        let status = status.as_u16();
        let meant = |code: &u16| *code == status || *code == status / 100;
        (self.statuses.is_empty() || self.statuses.iter().any(meant)) && self.headers.match_response(headers)
    }
}

#[cfg(test)]
mod tests {
    use caddis_config::from_value;
    use http::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::testing::build;

    #[test]
    fn status_class_and_header_must_fit() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("text/html; charset=utf-8"));
        for (config, fits) in [
            (json!({}), true),
            (json!({"status_code": [404]}), true),
            (json!({"status_code": [4]}), true),
            (json!({"status_code": [2, 500]}), false),
            (json!({"headers": {"Content-Type": ["text/*"]}}), true),
            (json!({"status_code": [4], "headers": {"Content-Type": null}}), false),
        ] {
            let matcher = ResponseMatcher::build(&from_value(config.clone()).unwrap(), &mut build()).unwrap();
            assert_eq!(matcher.matches(StatusCode::NOT_FOUND, &headers), fits, "{config}");
        }
    }
}
