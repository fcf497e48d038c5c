//! Status codes of the configuration, which may be placeholders.

use caddis_config::WeakString;
use http::StatusCode;

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::Exchange,
    placeholder::Template,
};

/// A status that is known at build, or with the request.
#[derive(Debug)]
pub(crate) enum Status {
    Fixed(StatusCode),
    Computed(Template),
}

impl Status {
    /// `None` when the configuration has none.
    ///
    /// # Errors
    /// When it is no status of a response.
    pub(crate) fn build(config: &WeakString, cx: &Build) -> Result<Option<Self>, BuildError> {
        if config.is_empty() {
            return Ok(None);
        }
        let template = Template::all(config.as_str(), cx)?;
        let Some(text) = template.constant() else { return Ok(Some(Status::Computed(template))) };
        match parse(text) {
            Some(status) if status.is_informational() => Err(cx.unsupported(&format!("status {status}"))),
            Some(status) => Ok(Some(Status::Fixed(status))),
            None => Err(cx.error(format!("{text:?} is not a status code"))),
        }
    }

    /// # Errors
    /// When a placeholder's value is no status; the answer is then a 500.
    pub(crate) fn get(&self, exchange: &Exchange) -> Outcome<StatusCode> {
        match self {
            Status::Fixed(status) => Ok(*status),
            Status::Computed(template) => {
                let text = template.render(exchange);
                parse(&text)
                    .filter(|status| !status.is_informational())
                    .ok_or_else(|| Error::new(Kind::Internal, format!("{text:?} is not a status code")))
            }
        }
    }
}

fn parse(text: &str) -> Option<StatusCode> {
    text.parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok())
}
