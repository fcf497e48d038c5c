//! The issuer `acme`.

use caddis_config::{
    go::number,
    tls::{
        Issuer,
        issuance::{Acme, Challenges, DnsChallenge, ExternalAccount},
    },
    value::Duration,
};
use caddis_grammar::Statement;

use super::dns_challenge;
use crate::{
    args::{Args, Value},
    cx::Parsed,
    errors,
    modules::Module,
    options::preferred_chains,
    table::{Row, Shape, block_row, read_block_or, row},
};

/// See `fixtures/modules/tls/issuance/acme.md`.
pub(crate) const MODULE: Module<Issuer> = Module {
    name: "acme",
    read: |cx, line| {
        let ca = line.optional()?.map(Value::string).unwrap_or_default();
        let mut acme = Acme { ca, ..Acme::default() };
        read_block_or(cx, line, ROWS, &mut acme, |_, line, _| {
            let known = ROWS.iter().map(|row| row.name);
            Err(errors::tls::unknown_issuer_property("ACME", line.name(), known))
        });
        Ok(acme.into())
    },
};

#[rustfmt::skip]
pub(crate) static ROWS: &[Row<Acme>] = &[
    row("dir", Shape::One("url"), directory),
    row("test_dir", Shape::One("url"), |acme, line, _| { acme.test_ca = line.one()?.string(); Ok(()) }),
    row("email", Shape::One("address"), |acme, line, _| { acme.email = line.one()?.string(); Ok(()) }),
    row("profile", Shape::One("name"), |acme, line, _| { acme.profile = line.one()?.string(); Ok(()) }),
    row("lifetime", Shape::One("duration"), lifetime),
    row("timeout", Shape::One("duration"), timeout),
    row("eab", Shape::Some("key_id mac_key"), |acme, line, _| {
        let [key_id, mac_key] = line.exactly::<2>()?;
        acme.external_account = Some(ExternalAccount { key_id: key_id.string(), mac_key: mac_key.string() });
        Ok(())
    }),
    row("trusted_roots", Shape::Any("files"), |acme, line, _| {
        acme.trusted_roots_pem_files = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
    block_row("preferred_chains", Shape::Any("smallest"), |acme, line, cx| {
        acme.preferred_chains = Some(preferred_chains::read_preference(cx, line)?);
        Ok(())
    }),

    // The challenges that need a port.
    row("disable_http_challenge", Shape::Flag, |acme, _, _| {
        challenges(acme).http.get_or_insert_default().disabled = true;
        Ok(())
    }),
    row("disable_tlsalpn_challenge", Shape::Flag, |acme, _, _| {
        challenges(acme).tls_alpn.get_or_insert_default().disabled = true;
        Ok(())
    }),
    row("alt_http_port", Shape::One("port"), |acme, line, _| {
        challenges(acme).http.get_or_insert_default().alternate_port = port(line)?;
        Ok(())
    }),
    row("alt_tlsalpn_port", Shape::One("port"), |acme, line, _| {
        challenges(acme).tls_alpn.get_or_insert_default().alternate_port = port(line)?;
        Ok(())
    }),
    row("distributed", Shape::One("false"), distributed),

    // The challenge by DNS.
    block_row("dns", Shape::Any("provider"), |acme, line, cx| {
        dns(acme);
        if !line.args().is_empty() {
            dns(acme).provider = Some(cx.module_argument(line)?);
        }
        Ok(())
    }),
    row("propagation_delay", Shape::One("duration"), |acme, line, _| {
        dns_challenge::propagation_delay(dns(acme), line)
    }),
    row("propagation_timeout", Shape::One("duration"), |acme, line, _| {
        dns_challenge::propagation_timeout(dns(acme), line)
    }),
    row("resolvers", Shape::Some("addresses"), |acme, line, _| dns_challenge::resolvers(dns(acme), line)),
    row("dns_ttl", Shape::One("duration"), |acme, line, _| dns_challenge::ttl(dns(acme), line)),
    row("dns_challenge_override_domain", Shape::One("domain"), |acme, line, _| {
        dns_challenge::override_domain(dns(acme), line)
    }),
];

fn directory(acme: &mut Acme, line: &Statement, _: &mut crate::Cx<'_>) -> Parsed<()> {
    if !acme.ca.is_empty() {
        return Err(errors::tls::second_directory(line.name(), &acme.ca));
    }
    acme.ca = line.one()?.string();
    Ok(())
}

fn lifetime(acme: &mut Acme, line: &Statement, _: &mut crate::Cx<'_>) -> Parsed<()> {
    let word = line.one()?;
    acme.certificate_lifetime =
        Duration::parse(&word.text).map_err(|reason| errors::tls::bad_lifetime(word, &reason))?;
    if acme.certificate_lifetime.0 < 0 {
        return Err(errors::tls::negative_lifetime(word, acme.certificate_lifetime));
    }
    Ok(())
}

fn timeout(acme: &mut Acme, line: &Statement, _: &mut crate::Cx<'_>) -> Parsed<()> {
    let word = line.one()?;
    acme.acme_timeout = Duration::parse(&word.text)
        .map_err(|reason| errors::tls::bad_tls_duration(word, "timeout", &reason))?;
    Ok(())
}

fn distributed(acme: &mut Acme, line: &Statement, _: &mut crate::Cx<'_>) -> Parsed<()> {
    let word = line.one()?;
    if &*word.text != "false" {
        return Err(errors::tls::only_false(word));
    }
    challenges(acme).distributed = Some(false);
    Ok(())
}

fn port(line: &Statement) -> Parsed<i64> {
    let word = line.one()?;
    number::atoi(&word.text).map_err(|reason| errors::tls::bad_port(word, &reason))
}

fn challenges(acme: &mut Acme) -> &mut Challenges {
    acme.challenges.get_or_insert_default()
}

/// The settings of the DNS challenge, made where there are none.
pub(crate) fn dns(acme: &mut Acme) -> &mut DnsChallenge {
    challenges(acme).dns.get_or_insert_default()
}
