//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::logging::Logger;

/// Raises the soft limit to the hard one, as Go does. The soft one is low for programs that use `select`, and each
/// proxied connection takes two descriptors.
pub fn raise_limit(logger: &Logger) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        logger.warn("cannot raise the limit of open files", |fields| {
            fields.add("limit", current.map_or_else(|| "none".to_owned(), |limit| limit.to_string()));
            fields.error(&error);
        });
    }
}
