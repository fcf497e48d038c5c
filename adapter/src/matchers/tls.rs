//! `tls`: whether the request came over TLS.

use caddis_config::http::matchers::Tls;

use super::{MatcherKind, lines};
use crate::{args::Args, errors};

/// See `fixtures/matchers/tls.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "tls",
    summary: "Matches requests that came over TLS.",
    read: |_, uses| {
        let mut tls = Tls::default();
        for line in uses.lines {
            lines::no_block(line)?;
            match line.optional()? {
                None => {}
                Some(word) if &*word.text == "early_data" => tls.handshake_complete = Some(false),
                Some(word) => return Err(errors::matchers::unknown_tls_option(word)),
            }
        }
        Ok(tls.into())
    },
};
