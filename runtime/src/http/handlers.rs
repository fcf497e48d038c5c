//! Handlers: from the configuration to what takes part in answering a request.

mod authentication;
mod copy_response;
mod copy_response_headers;
mod encode;
mod error;
mod file_server;
mod headers;
mod intercept;
mod invoke;
mod log_append;
mod map;
mod metrics;
mod mirror;
mod request_body;
pub mod reverse_proxy;
mod rewrite;
mod static_response;
mod subroute;
mod vars;

use caddis_config::http::Handler as Config;

use super::handler::Handler;
use crate::build::{Build, BuildError};

/// Builds a handler.
///
/// # Errors
/// Names what cannot be run.
pub fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    match config {
        Config::AcmeServer(_) => Err(cx.unsupported("handler acme_server")),
        Config::Authentication(config) => authentication::build(config, cx),
        Config::CopyResponse(config) => copy_response::build(config, cx),
        Config::CopyResponseHeaders(config) => copy_response_headers::build(config, cx),
        Config::Encode(config) => encode::build(config, cx),
        Config::Error(config) => error::build(config, cx),
        Config::FileServer(config) => file_server::build(config, cx),
        Config::Headers(config) => headers::build(config, cx),
        Config::Intercept(config) => intercept::build(config, cx),
        Config::Invoke(config) => invoke::build(config, cx),
        Config::LogAppend(config) => log_append::build(config, cx),
        Config::Map(config) => map::build(config, cx),
        Config::Metrics(config) => metrics::build(config, cx),
        Config::Mirror(config) => mirror::build(config, cx),
        Config::Push(_) => Err(cx.unsupported("handler push")),
        Config::RequestBody(config) => request_body::build(config, cx),
        Config::ReverseProxy(config) => reverse_proxy::build(config, cx),
        Config::Rewrite(config) => rewrite::build(config, cx),
        Config::StaticResponse(config) => static_response::build(config, cx),
        Config::Subroute(config) => subroute::build(config, cx),
        Config::Templates(_) => Err(cx.unsupported("handler templates")),
        Config::Timeouts(_) => Err(cx.unsupported("handler timeouts")),
        Config::Tracing(_) => Err(cx.unsupported("handler tracing")),
        Config::Vars(config) => vars::build(config, cx),
        Config::Foreign(foreign) => Err(cx.unsupported(&format!("handler {}", foreign.name))),
    }
}
