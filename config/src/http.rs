//! The app `http`: servers, their routes, and everything that handles a request.

mod app;
pub mod authentication;
pub mod encoders;
pub mod handlers;
pub mod ip_sources;
pub mod matchers;
pub mod precompressed;
mod response;
pub mod reverse_proxy;
mod route;
mod server;

use std::collections::BTreeMap;

pub use app::{App, Metrics};
pub use handlers::Handler;
pub use matchers::{Matcher, MatcherSet, RegexpMatch};
pub use response::{ResponseHandler, ResponseMatcher};
pub use route::{ErrorRoutes, Route};
pub use server::{AutoHttps, LoggerNames, Server, ServerLogs};

/// Header fields: name to values. Names are used in their canonical spelling.
pub type Headers = BTreeMap<String, Vec<String>>;

/// Conditions on header fields: an absent (`null`) list demands that there is no such field, an empty one that there is.
pub type HeaderConditions = BTreeMap<String, Option<Vec<String>>>;
