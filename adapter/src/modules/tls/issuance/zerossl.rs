//! The issuer `zerossl`.

use caddis_config::{
    go::number,
    tls::{
        Issuer,
        issuance::{DnsChallenge, ZeroSsl},
    },
};

use super::dns_challenge;
use crate::{
    args::{Args, Value},
    errors,
    modules::Module,
    table::{Row, Shape, block_row, read_block_or, row},
};

/// See `fixtures/modules/tls/issuance/zerossl.md`.
pub(crate) const MODULE: Module<Issuer> = Module {
    name: "zerossl",
    read: |cx, line| {
        let mut issuer = ZeroSsl { api_key: line.one()?.string(), ..ZeroSsl::default() };
        read_block_or(cx, line, ROWS, &mut issuer, |_, line, _| {
            let known = ROWS.iter().map(|row| row.name);
            Err(errors::tls::unknown_issuer_property("zerossl", line.name(), known))
        });
        Ok(issuer.into())
    },
};

pub(crate) static ROWS: &[Row<ZeroSsl>] = &[
    // Caddy takes the name of the line for the number, so that this is always refused.
    row("validity_days", Shape::Any("days"), |_, line, _| Err(errors::tls::validity_days(line.name()))),
    row("alt_http_port", Shape::One("port"), |issuer, line, _| {
        let word = line.one()?;
        issuer.alternate_http_port =
            number::atoi(&word.text).map_err(|reason| errors::tls::bad_port(word, &reason))?;
        Ok(())
    }),
    block_row("dns", Shape::Some("provider"), |issuer, line, cx| {
        dns(issuer).provider = Some(cx.module_argument(line)?);
        Ok(())
    }),
    row("propagation_delay", Shape::One("duration"), |issuer, line, _| {
        dns_challenge::propagation_delay(dns(issuer), line)
    }),
    row("propagation_timeout", Shape::One("duration"), |issuer, line, _| {
        dns_challenge::propagation_timeout(dns(issuer), line)
    }),
    row("resolvers", Shape::Some("addresses"), |issuer, line, _| dns_challenge::resolvers(dns(issuer), line)),
    row("dns_ttl", Shape::One("duration"), |issuer, line, _| dns_challenge::ttl(dns(issuer), line)),
];

fn dns(issuer: &mut ZeroSsl) -> &mut DnsChallenge {
    issuer.cname_validation.get_or_insert_default()
}
