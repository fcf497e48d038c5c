//! The handler `authentication`: lets users through that one of its providers knows.

mod http_basic;
mod password;
#[cfg(test)]
mod tests;

use caddis_config::http::{
    authentication::providers::Provider as ProviderConfig, handlers::Authentication as Config,
};
use http::StatusCode;

use self::http_basic::HttpBasic;
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::{Exchange, Handler, HandlerFuture, Next},
    logging::{Level, Logger},
};

struct Authentication {
    providers: Vec<HttpBasic>,
    logger: Logger,
}

/// What a provider makes of a request.
enum Verdict {
    /// It is this user's.
    Known(String),
    /// It is nobody's; what the client is to be asked.
    Unknown,
    /// The provider does not work.
    Failed(String),
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let providers = cx.at("providers", |cx| {
        let providers = config.providers.iter();
        providers
            .map(|provider| {
                cx.at(provider.name(), |cx| match provider {
                    ProviderConfig::HttpBasic(config) => HttpBasic::build(config, cx),
                    ProviderConfig::Foreign(foreign) => {
                        Err(cx.unsupported(&format!("authentication provider {}", foreign.name)))
                    }
                })
            })
            .collect::<Result<_, _>>()
    })?;
    let logger = cx.process.logger.named("http.handlers.authentication");
    Ok(Box::new(Authentication { providers, logger }))
}

impl Handler for Authentication {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(async move {
            for provider in &self.providers {
                match provider.authenticate(&exchange.request.headers).await {
                    Verdict::Known(user) => {
                        exchange.set_placeholder("http.auth.user.id", user);
                        return next.run(exchange).await;
                    }
                    Verdict::Unknown => provider.challenge(exchange),
                    Verdict::Failed(error) => {
                        self.logger.log(Level::Error, "auth provider returned error", |fields| {
                            fields.add("provider", "http_basic").add("error", error.as_str());
                        });
                        exchange.set_placeholder("http.auth.http_basic.error", error);
                        provider.challenge(exchange);
                    }
                }
            }
            Err(Error::new(Kind::Status(StatusCode::UNAUTHORIZED), "not authenticated"))
        })
    }

    fn name(&self) -> &'static str {
        "authentication"
    }
}
