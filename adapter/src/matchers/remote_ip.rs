//! `remote_ip`: the address of the immediate peer.

use caddis_config::http::matchers::RemoteIp;
use caddis_grammar::Statement;

use super::{MatcherKind, lines};
use crate::{errors, values::ip_ranges};

/// See `fixtures/matchers/remote_ip.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "remote_ip",
    summary: "Matches the address of the immediate peer.",
    read: |_, uses| {
        let former = uses.lines.iter().flat_map(Statement::args).find(|word| &*word.text == "forwarded");
        if let Some(word) = former {
            return Err(errors::matchers::forwarded(word));
        }
        Ok(RemoteIp { ranges: ip_ranges(lines::words(uses.lines)?) }.into())
    },
};
