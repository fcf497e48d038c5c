//! `protocol`: the protocol of the request.

use caddis_config::http::matchers::Protocol;

use super::{MatcherKind, lines};
use crate::errors;

/// See `fixtures/matchers/protocol.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "protocol",
    summary: "Matches the protocol of the request.",
    read: |_, uses| {
        let mut protocol = Protocol::default();
        for line in uses.lines {
            lines::no_block(line)?;
            let [word] = line.args() else {
                return Err(errors::matchers::expected_one_protocol(line));
            };
            // The last line wins.
            protocol = Protocol(word.text.to_string());
        }
        Ok(protocol.into())
    },
};
