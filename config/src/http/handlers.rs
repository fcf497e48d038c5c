//! Handlers of requests (`http.handlers`).

mod acme_server;
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
mod push;
mod request_body;
mod reverse_proxy;
mod rewrite;
mod static_response;
mod subroute;
mod templates;
mod timeouts;
mod tracing;
mod vars;

pub use acme_server::{AcmePolicy, AcmeRules, AcmeServer};
pub use authentication::Authentication;
pub use copy_response::CopyResponse;
pub use copy_response_headers::CopyResponseHeaders;
pub use encode::Encode;
pub use error::StaticError;
pub use file_server::{Browse, FileServer};
pub use headers::{HeaderOps, HeaderReplacement, Headers, ResponseHeaderOps};
pub use intercept::Intercept;
pub use invoke::Invoke;
pub use log_append::LogAppend;
pub use map::{Map, Mapping};
pub use metrics::Metrics;
pub use mirror::{CompareJson, Mirror};
pub use push::{Push, PushResource};
pub use request_body::RequestBody;
pub use reverse_proxy::ReverseProxy;
pub use rewrite::{
    QueryArgument, QueryOps, QueryReplacement, RegexpReplacement, Rewrite, SubstringReplacement,
};
pub use static_response::StaticResponse;
pub use subroute::Subroute;
pub use templates::{TemplateFunctions, Templates};
pub use timeouts::Timeouts;
pub use tracing::Tracing;
pub use vars::Vars;

use crate::module::modules;

modules! {
    /// A handler of requests.
    pub enum Handler in "http.handlers" by "handler" {
        AcmeServer(Box<AcmeServer>) = "acme_server",
        Authentication(Authentication) = "authentication",
        CopyResponse(CopyResponse) = "copy_response",
        CopyResponseHeaders(CopyResponseHeaders) = "copy_response_headers",
        Encode(Box<Encode>) = "encode",
        Error(StaticError) = "error",
        FileServer(Box<FileServer>) = "file_server",
        Headers(Box<Headers>) = "headers",
        Intercept(Intercept) = "intercept",
        Invoke(Invoke) = "invoke",
        LogAppend(LogAppend) = "log_append",
        Map(Map) = "map",
        Metrics(Metrics) = "metrics",
        Mirror(Box<Mirror>) = "mirror",
        Push(Push) = "push",
        RequestBody(RequestBody) = "request_body",
        ReverseProxy(Box<ReverseProxy>) = "reverse_proxy",
        Rewrite(Box<Rewrite>) = "rewrite",
        StaticResponse(StaticResponse) = "static_response",
        Subroute(Subroute) = "subroute",
        Templates(Box<Templates>) = "templates",
        Timeouts(Timeouts) = "timeouts",
        Tracing(Tracing) = "tracing",
        Vars(Vars) = "vars",
    }
}

macro_rules! from_unboxed {
    ($($type:ident),*) => {
        $(impl From<$type> for Handler {
            fn from(handler: $type) -> Self {
                Self::$type(Box::new(handler))
            }
        })*
    };
}

from_unboxed!(AcmeServer, Encode, FileServer, Headers, Mirror, ReverseProxy, Rewrite, Templates);
