//! Matchers of requests (`http.matchers`).

mod client_ip;
mod expression;
mod file;
mod header;
mod header_regexp;
mod host;
mod method;
mod not;
mod path;
mod path_regexp;
mod protocol;
mod query;
mod remote_ip;
mod tls;
mod url_pattern;
mod vars;
mod vars_regexp;

pub use client_ip::ClientIp;
pub use expression::Expression;
pub use file::File;
pub use header::Header;
pub use header_regexp::HeaderRegexp;
pub use host::Host;
pub use method::Method;
pub use not::Not;
pub use path::Path;
pub use path_regexp::PathRegexp;
pub use protocol::Protocol;
pub use query::Query;
pub use remote_ip::RemoteIp;
pub use tls::Tls;
pub use url_pattern::UrlPattern;
pub use vars::Vars;
pub use vars_regexp::VarsRegexp;

use crate::module::{ModuleMap, modules};
use crate::object::object;

/// Matchers that must all match.
pub type MatcherSet = ModuleMap<Matcher>;

modules! {
    /// A condition on a request.
    pub enum Matcher in "http.matchers" {
        ClientIp(ClientIp) = "client_ip",
        Expression(Expression) = "expression",
        File(Box<File>) = "file",
        Header(Header) = "header",
        HeaderRegexp(HeaderRegexp) = "header_regexp",
        Host(Host) = "host",
        Method(Method) = "method",
        Not(Not) = "not",
        Path(Path) = "path",
        PathRegexp(PathRegexp) = "path_regexp",
        Protocol(Protocol) = "protocol",
        Query(Query) = "query",
        RemoteIp(RemoteIp) = "remote_ip",
        Tls(Tls) = "tls",
        UrlPattern(UrlPattern) = "url_pattern",
        Vars(Vars) = "vars",
        VarsRegexp(VarsRegexp) = "vars_regexp",
    }
}

impl From<File> for Matcher {
    fn from(matcher: File) -> Self {
        Self::File(Box::new(matcher))
    }
}

object! {
    /// A regular expression, and a name under which its groups become placeholders.
    pub struct RegexpMatch {
        /// Groups are `{http.regexp.<name>.<group>}`, and always `{http.regexp.<group>}`.
        pub name: String,
        /// The expression, in RE2 syntax.
        pub pattern(always): String,
    }
}
