//! HTTP: from a connection to handlers and back.

pub mod body;
pub mod connection;
pub mod exchange;
pub mod handler;
pub mod handlers;
pub mod header_conditions;
pub mod header_ops;
pub mod response_matcher;
pub mod route;
pub mod server;
pub mod uri;

pub use body::Body;
pub use exchange::Exchange;
pub use handler::{Handler, HandlerFuture, Next};

/// A response on its way to the client.
pub type Response = http::Response<Body>;
