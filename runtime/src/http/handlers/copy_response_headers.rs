//! The handler `copy_response_headers`: takes fields of the upstream's response over in a route of `handle_response`.

use caddis_config::http::handlers::CopyResponseHeaders as Config;
use http::HeaderName;

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::{Exchange, Handler, HandlerFuture, Next},
};

#[derive(Debug)]
struct CopyResponseHeaders {
    /// Empty is every field.
    include: Vec<HeaderName>,
    exclude: Vec<HeaderName>,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    if !config.include.is_empty() && !config.exclude.is_empty() {
        return Err(cx.error("cannot define both 'exclude' and 'include' lists at the same time"));
    }
    let names = |names: &[String], cx: &Build| {
        let name = |name: &String| {
            HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| cx.error(format!("{name} is no name of a field")))
        };
        names.iter().map(name).collect::<Result<_, _>>()
    };
    Ok(Box::new(CopyResponseHeaders {
        include: names(&config.include, cx)?,
        exclude: names(&config.exclude, cx)?,
    }))
}

impl CopyResponseHeaders {
    fn copies(&self, name: &HeaderName) -> bool {
        (self.include.is_empty() || self.include.contains(name)) && !self.exclude.contains(name)
    }

    fn copy(&self, exchange: &mut Exchange) -> Result<(), Error> {
        let Some(headers) = exchange.proxied.as_ref().and_then(|info| info.pending_headers()) else {
            let message =
                "cannot use 'copy_response_headers' outside of reverse_proxy's handle_response routes";
            return Err(Error::new(Kind::Internal, message));
        };
        let wanted = headers.iter().filter(|(name, _)| self.copies(name));
        let copied: Vec<_> = wanted.map(|(name, value)| (name.clone(), value.clone())).collect();
        let ahead = exchange.response_headers_mut();
        for (name, value) in copied {
            ahead.append(name, value);
        }
        Ok(())
    }
}

impl Handler for CopyResponseHeaders {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(async move {
            self.copy(exchange)?;
            next.run(exchange).await
        })
    }

    fn name(&self) -> &'static str {
        "copy_response_headers"
    }
}
