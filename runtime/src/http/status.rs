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
    /// When it is no status of a final response.
    pub(crate) fn build(config: &WeakString, cx: &Build) -> Result<Option<Self>, BuildError> {
        Self::build_if(config, is_final, cx)
    }

    /// The same where interim responses can be given, too.
    ///
    /// # Errors
    /// When it is no status of a response.
    pub(crate) fn build_or_interim(config: &WeakString, cx: &Build) -> Result<Option<Self>, BuildError> {
        Self::build_if(config, is_answer, cx)
    }

    fn build_if(
        config: &WeakString,
        is_meant: impl Fn(StatusCode) -> bool,
        cx: &Build,
    ) -> Result<Option<Self>, BuildError> {
        if config.is_empty() {
            return Ok(None);
        }
        let template = Template::all(config.as_str(), cx)?;
        let Some(text) = template.constant() else { return Ok(Some(Status::Computed(template))) };
        match parse(text) {
            Some(status) if is_meant(status) => Ok(Some(Status::Fixed(status))),
            Some(status) => Err(cx.unsupported(&format!("status {status}"))),
            None => Err(cx.error(format!("{text:?} is not a status code"))),
        }
    }

    /// # Errors
    /// When a placeholder's value is no status of a final response; the answer is then a 500.
    pub(crate) fn get(&self, exchange: &Exchange) -> Outcome<StatusCode> {
        self.get_if(exchange, is_final)
    }

    /// # Errors
    /// When a placeholder's value is no status of a response; the answer is then a 500.
    pub(crate) fn get_or_interim(&self, exchange: &Exchange) -> Outcome<StatusCode> {
        self.get_if(exchange, is_answer)
    }

    fn get_if(&self, exchange: &Exchange, is_meant: impl Fn(StatusCode) -> bool) -> Outcome<StatusCode> {
        match self {
            Status::Fixed(status) => Ok(*status),
            Status::Computed(template) => {
                let text = template.render(exchange);
                parse(&text)
                    .filter(|status| is_meant(*status))
                    .ok_or_else(|| Error::new(Kind::Internal, format!("{text:?} is not a status code")))
            }
        }
    }
}

fn is_final(status: StatusCode) -> bool {
    !status.is_informational()
}

/// Whether it answers anything: 101 changes what is spoken, which no configuration can do alone.
fn is_answer(status: StatusCode) -> bool {
    status != StatusCode::SWITCHING_PROTOCOLS
}

fn parse(text: &str) -> Option<StatusCode> {
    text.parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok())
}
