//! `log`: access logs of a site.

use caddis_config::logging::Log;

/// A `log` block, of a site or of the global options.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SiteLog {
    /// The name of the logger.
    pub name: String,
    /// Hosts to log instead of those of the site.
    pub hostnames: Vec<String>,
    /// The log; `None` where nothing departs from the defaults.
    pub log: Option<Log>,
    /// Whether no host is logged unless a route asks for it.
    pub no_hostname: bool,
}
