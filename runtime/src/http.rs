//! HTTP: from a connection to handlers and back.

pub(crate) mod accept_encoding;
pub(crate) mod access_log;
pub(crate) mod automatic_https;
pub mod body;
pub(crate) mod conditions;
pub mod connection;
pub(crate) mod date;
pub(crate) mod error_log;
pub mod exchange;
pub(crate) mod file_body;
pub(crate) mod files;
pub(crate) mod gathered;
pub(crate) mod h1;
pub(crate) mod h3;
pub mod handler;
pub mod handlers;
pub mod header_conditions;
pub mod header_ops;
pub(crate) mod hop_by_hop;
pub(crate) mod idna;
pub mod matchers;
pub(crate) mod passing;
pub(crate) mod prefixed;
pub(crate) mod ranges;
pub mod response_matcher;
pub mod rewrite;
pub mod route;
pub(crate) mod routes;
pub mod server;
pub(crate) mod sniff;
pub(crate) mod status;
pub(crate) mod takeover;
pub(crate) mod trailers;
pub mod uri;

pub use body::Body;
pub use exchange::Exchange;
pub use handler::{Handler, HandlerFuture, Next};

/// A response on its way to the client.
pub type Response = http::Response<Body>;
