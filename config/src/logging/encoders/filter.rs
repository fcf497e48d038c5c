//! The encoder `filter`, and what it does to fields (`caddy.logging.encoders.filter`).

mod cookie;
mod delete;
mod hash;
mod ip_mask;
mod multi_regexp;
mod query;
mod regexp;
mod rename;
mod replace;
mod set_cookie;

use std::collections::BTreeMap;

pub use cookie::{Cookie, CookieAction};
pub use delete::Delete;
pub use hash::Hash;
pub use ip_mask::IpMask;
pub use multi_regexp::{MultiRegexp, RegexpOperation};
pub use query::{Query, QueryAction};
pub use regexp::Regexp;
pub use rename::Rename;
pub use replace::Replace;
pub use set_cookie::SetCookie;

use super::Encoder;
use crate::module::modules;
use crate::object::object;

object! {
    /// Changes or removes fields of entries.
    pub struct Filter {
        /// The encoder behind. Default: that of the log.
        pub wrap: Option<Box<Encoder>>,
        /// Filters by field; `>` leads into objects (`request>headers>Authorization`).
        pub fields: BTreeMap<String, FieldFilter>,
    }
}

modules! {
    /// What is done to a field.
    pub enum FieldFilter in "caddy.logging.encoders.filter" by "filter" {
        Cookie(Cookie) = "cookie",
        Delete(Delete) = "delete",
        Hash(Hash) = "hash",
        IpMask(IpMask) = "ip_mask",
        MultiRegexp(MultiRegexp) = "multi_regexp",
        Query(Query) = "query",
        Regexp(Regexp) = "regexp",
        Rename(Rename) = "rename",
        Replace(Replace) = "replace",
        SetCookie(SetCookie) = "set_cookie",
    }
}
