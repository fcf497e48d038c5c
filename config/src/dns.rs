//! DNS providers (`dns.providers`).

use crate::module::modules;

modules! {
    /// A provider of DNS zones; the standard distribution has none.
    pub enum DnsProvider in "dns.providers" by "name" {}
}
