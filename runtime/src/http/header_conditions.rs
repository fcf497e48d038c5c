//! Conditions on header fields, for requests (the matcher `header`) and for responses.

use std::borrow::Cow;

use caddis_config::http::HeaderConditions as Config;
use http::{HeaderMap, HeaderName, header};

use crate::{
    build::{Build, BuildError},
    http::Exchange,
    placeholder::Template,
};

/// Conditions on several fields, all of which must hold.
#[derive(Debug, Default)]
pub struct HeaderConditions(Vec<Condition>);

#[derive(Debug)]
struct Condition {
    field: HeaderName,
    expected: Expected,
}

#[derive(Debug)]
enum Expected {
    Absent,
    Present,
    OneOf(Vec<Pattern>),
}

#[derive(Debug, PartialEq)]
enum Pattern {
    Any,
    Exact(String),
    Prefix(String),
    Suffix(String),
    Contains(String),
    /// Known only with a request at hand.
    Computed(Template),
}

impl HeaderConditions {
    /// Conditions in which placeholders have a meaning.
    ///
    /// # Errors
    /// When a name can be no field, or a placeholder cannot be filled in.
    pub fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        Self::compile(config, cx, |pattern, cx| {
            let template = Template::all(pattern, cx)?;
            Ok(match template.constant() {
                Some(text) => Pattern::parse(text),
                None => Pattern::Computed(template),
            })
        })
    }

    /// Conditions in which braces are text.
    ///
    /// # Errors
    /// When a name can be no field.
    pub fn build_verbatim(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        Self::compile(config, cx, |pattern, _| Ok(Pattern::parse(pattern)))
    }

    fn compile(
        config: &Config,
        cx: &mut Build,
        pattern: impl Fn(&str, &Build) -> Result<Pattern, BuildError>,
    ) -> Result<Self, BuildError> {
        let conditions = config.iter().map(|(name, values)| {
            cx.at(name, |cx| {
                let field = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| cx.error(format!("{name:?} is not a valid name of a header field")))?;
                let expected = match values.as_deref() {
                    None => Expected::Absent,
                    Some([]) => Expected::Present,
                    Some(values) => {
                        Expected::OneOf(values.iter().map(|v| pattern(v, cx)).collect::<Result<_, _>>()?)
                    }
                };
                Ok(Condition { field, expected })
            })
        });
        conditions.collect::<Result<_, _>>().map(Self)
    }

    /// Whether the request's header fits. `Host` is what [`Exchange::authority`] says.
    #[must_use]
    pub fn match_request(&self, exchange: &Exchange) -> bool {
        self.0.iter().all(|condition| {
            if condition.field == header::HOST && !exchange.authority().is_empty() {
                return condition
                    .expected
                    .fits([Cow::Borrowed(exchange.authority())].into_iter(), Some(exchange));
            }
            condition.fits(&exchange.request.headers, Some(exchange))
        })
    }

    /// Whether a response's header fits.
    #[must_use]
    pub fn match_response(&self, headers: &HeaderMap) -> bool {
        self.0.iter().all(|condition| condition.fits(headers, None))
    }
}

impl Condition {
    fn fits(&self, headers: &HeaderMap, exchange: Option<&Exchange>) -> bool {
        let values =
            headers.get_all(&self.field).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        self.expected.fits(values, exchange)
    }
}

impl Expected {
    fn fits<'a>(&self, mut values: impl Iterator<Item = Cow<'a, str>>, exchange: Option<&Exchange>) -> bool {
        match self {
            Expected::Absent => values.next().is_none(),
            Expected::Present => values.next().is_some(),
            Expected::OneOf(patterns) => {
                values.any(|value| patterns.iter().any(|pattern| pattern.fits(&value, exchange)))
            }
        }
    }
}

impl Pattern {
    fn parse(text: &str) -> Self {
        if text == "*" {
            return Pattern::Any;
        }
        match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(rest), Some(_)) => Pattern::Contains(rest.strip_suffix('*').unwrap_or(rest).to_owned()),
            (Some(suffix), None) => Pattern::Suffix(suffix.to_owned()),
            (None, Some(prefix)) => Pattern::Prefix(prefix.to_owned()),
            (None, None) => Pattern::Exact(text.to_owned()),
        }
    }

    fn fits(&self, value: &str, exchange: Option<&Exchange>) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Exact(text) => value == text,
            Pattern::Prefix(prefix) => value.starts_with(prefix.as_str()),
            Pattern::Suffix(suffix) => value.ends_with(suffix.as_str()),
            Pattern::Contains(part) => value.contains(part.as_str()),
            Pattern::Computed(template) => {
                exchange.is_some_and(|exchange| Pattern::parse(&template.render(exchange)).fits(value, None))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use caddis_config::from_value;
    use serde_json::json;

    use super::*;
    use crate::testing::{build, exchange};

    #[test]
    fn conditions_on_a_request() {
        let exchange =
            exchange("/", &[("host", "example.com"), ("x-a", "one"), ("x-a", "two"), ("x-name", "two")]);
        for (config, fits) in [
            (json!({}), true),
            (json!({"X-A": ["two"]}), true),
            (json!({"X-A": ["tw*"]}), true),
            (json!({"X-A": ["*ne"]}), true),
            (json!({"X-A": ["*w*"]}), true),
            (json!({"X-A": ["*"]}), true),
            (json!({"X-A": ["three", "t"]}), false),
            (json!({"X-A": []}), true),
            (json!({"X-A": null}), false),
            (json!({"X-None": null}), true),
            (json!({"X-None": []}), false),
            (json!({"X-None": ["*"]}), false),
            (json!({"X-A": ["one"], "X-None": []}), false),
            (json!({"X-A": ["{http.request.header.X-Name}"]}), true),
            (json!({"Host": ["example.*"]}), true),
        ] {
            let conditions = HeaderConditions::build(&from_value(config.clone()).unwrap(), &mut build());
            assert_eq!(conditions.unwrap().match_request(&exchange), fits, "{config}");
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        let config = from_value(json!({"X A": ["1"]})).unwrap();
        assert_eq!(HeaderConditions::build(&config, &mut build()).unwrap_err().path, "/X A");
    }
}
