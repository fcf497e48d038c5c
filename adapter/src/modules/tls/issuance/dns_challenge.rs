//! Settings of the DNS challenge, which `tls` and two issuers share.

use caddis_config::{tls::issuance::DnsChallenge, value::Duration};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::Parsed,
    errors,
};

/// `propagation_delay <duration>`
pub(crate) fn propagation_delay(dns: &mut DnsChallenge, line: &Statement) -> Parsed<()> {
    dns.propagation_delay = duration(line)?;
    Ok(())
}

/// `propagation_timeout <duration|-1>`
pub(crate) fn propagation_timeout(dns: &mut DnsChallenge, line: &Statement) -> Parsed<()> {
    dns.propagation_timeout = if &*line.one()?.text == "-1" { Duration(-1) } else { duration(line)? };
    Ok(())
}

/// `dns_ttl <duration>`
pub(crate) fn ttl(dns: &mut DnsChallenge, line: &Statement) -> Parsed<()> {
    dns.ttl = duration(line)?;
    Ok(())
}

/// `resolvers <addresses…>`
pub(crate) fn resolvers(dns: &mut DnsChallenge, line: &Statement) -> Parsed<()> {
    dns.resolvers = line.some()?.iter().map(Value::string).collect();
    Ok(())
}

/// `dns_challenge_override_domain <domain>`
pub(crate) fn override_domain(dns: &mut DnsChallenge, line: &Statement) -> Parsed<()> {
    dns.override_domain = line.one()?.string();
    Ok(())
}

fn duration(line: &Statement) -> Parsed<Duration> {
    let word = line.one()?;
    Duration::parse(&word.text)
        .map_err(|reason| errors::tls::bad_tls_duration(word, &line.name().text, &reason))
}
