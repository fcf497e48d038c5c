//! `tls`: certificates and connection settings of a site.

use caddis_config::{
    go::number,
    tls::{
        CertificateManager, CertificateSelection, ConnectionPolicy, Issuer,
        certificates::CertificateFiles,
        issuance::{Acme, DnsChallenge, ExternalAccount, Internal},
    },
};
use caddis_grammar::{Statement, Token};

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    modules::tls::{
        client_auth,
        issuance::{acme, dns_challenge},
    },
    table::{Row, Shape, block_row, read_block, row},
    tls::issuers,
};

/// See `fixtures/directives/tls.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "tls",
    summary: "Sets where certificates come from and how connections are secured.",
    takes_matcher: false,
    ordered: false,
    read,
};

/// A `tls` line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SiteTls {
    /// Certificates to load from files.
    pub files: Vec<CertificateFiles>,
    /// Folders to load certificates from.
    pub folders: Vec<String>,
    /// Issuers; none where the line says nothing about them.
    pub issuers: Vec<Issuer>,
    /// The type of keys; empty where the line says nothing about it.
    pub key_type: String,
    /// Whether certificates are obtained during the first handshake.
    pub on_demand: bool,
    /// Managers of certificates outside.
    pub managers: Vec<CertificateManager>,
    /// Whether renewals keep the key.
    pub reuse_private_keys: bool,
    /// When to renew; 0 where the line says nothing about it.
    pub renewal_window_ratio: f64,
    /// Whether certificates are managed even if a wildcard covers the names.
    pub force_automate: bool,
    /// How connections are secured.
    pub policy: ConnectionPolicy,
}

/// The line while it is read.
#[derive(Default)]
pub(crate) struct Reading {
    tls: SiteTls,
    /// Properties of ACME; any of them implies ACME issuers.
    acme: Option<Acme>,
    internal: bool,
    /// Lines about the DNS challenge other than its provider.
    dns_options: Vec<&'static str>,
    /// Whether a line names the provider, right or wrong.
    names_provider: bool,
}

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let line = call.line;
    if line.args().is_empty() && line.children().is_empty() {
        return Err(errors::missing_argument(line));
    }
    let mut reading = Reading::default();
    reading.arguments(cx, line)?;
    read_block(cx, line, ROWS, &mut reading);
    Ok(vec![Item::Tls(Box::new(reading.finish(cx, line)?))])
}

impl Reading {
    fn arguments(&mut self, cx: &mut Cx<'_>, line: &Statement) -> Parsed<()> {
        match line.args() {
            [] => {}
            [word] if &*word.text == "internal" => self.internal = true,
            [word] if &*word.text == "force_automate" => self.tls.force_automate = true,
            [word] if word.text.contains('@') => {
                self.acme = Some(Acme { email: word.string(), ..Acme::default() });
            }
            [word] => return Err(errors::tls::bad_tls_argument(word)),
            [certificate, key] => self.load(cx, certificate, key),
            [_, _, extra, ..] => return Err(errors::wrong_argument_count(extra)),
        }
        Ok(())
    }

    /// Loads a certificate under a tag by which the site selects it. A file is loaded once, because a second load would
    /// take the place of the first, and its tag with it.
    fn load(&mut self, cx: &mut Cx<'_>, certificate: &Token, key: &Token) {
        let tags = &mut cx.state.certificate_tags;
        let tag = match tags.get(&*certificate.text) {
            Some(tag) => tag.clone(),
            None => {
                let tag = format!("cert{}", tags.len());
                tags.insert(certificate.string(), tag.clone());
                self.tls.files.push(CertificateFiles {
                    certificate: certificate.string(),
                    key: key.string(),
                    tags: vec![tag.clone()],
                    ..CertificateFiles::default()
                });
                tag
            }
        };
        let selection = CertificateSelection { any_tag: vec![tag], ..CertificateSelection::default() };
        self.tls.policy.certificate_selection = Some(selection);
    }

    fn finish(mut self, cx: &Cx<'_>, line: &Statement) -> Parsed<SiteTls> {
        let span = line.name().span;
        let has_provider = self.names_provider
            || cx.options.dns.is_some()
            || cx.options.acme_dns.as_ref().is_some_and(Option::is_some);
        if !self.dns_options.is_empty() && !has_provider {
            let end = line.block.as_ref().map_or(span, |block| block.close);
            return Err(errors::tls::dns_options_without_provider(end, &self.dns_options));
        }
        if !self.tls.issuers.is_empty() && (self.acme.is_some() || self.internal) {
            return Err(errors::tls::mixed_issuers(span));
        }
        match self.acme {
            Some(_) if self.internal => return Err(errors::tls::acme_and_internal(span)),
            Some(acme) => self.tls.issuers = issuers::with_overrides(cx.options, &acme),
            None if self.internal => self.tls.issuers = vec![Internal::default().into()],
            None => {}
        }
        Ok(self.tls)
    }

    fn acme(&mut self) -> &mut Acme {
        self.acme.get_or_insert_default()
    }

    /// The settings of the DNS challenge; `name` is the line that asks for them.
    fn dns(&mut self, name: &'static str) -> &mut DnsChallenge {
        self.dns_options.push(name);
        acme::dns(self.acme())
    }
}

#[rustfmt::skip]
pub(crate) static ROWS: &[Row<Reading>] = &[
    // How connections are secured.
    row("protocols", Shape::Any("min [max]"), protocols),
    row("ciphers", Shape::Any("names"), |reading, line, _| {
        reading.tls.policy.cipher_suites.extend(known(line.args(), "cipher suite", CIPHER_SUITES)?);
        Ok(())
    }),
    row("curves", Shape::Any("names"), |reading, line, _| {
        reading.tls.policy.curves.extend(known(line.args(), "curve", CURVES)?);
        Ok(())
    }),
    block_row("client_auth", Shape::Any(""), |reading, line, cx| {
        reading.tls.policy.client_authentication = Some(client_auth::read(cx, line));
        Ok(())
    }),
    row("alpn", Shape::Some("protocols"), |reading, line, _| {
        reading.tls.policy.alpn = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
    row("insecure_secrets_log", Shape::One("file"), |reading, line, _| {
        reading.tls.policy.insecure_secrets_log = line.one()?.string();
        Ok(())
    }),

    // Where certificates come from.
    row("load", Shape::Any("folders"), |reading, line, _| {
        reading.tls.folders.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    block_row("issuer", Shape::Some("issuer"), |reading, line, cx| {
        reading.tls.issuers.push(cx.module_argument(line)?);
        Ok(())
    }),
    block_row("get_certificate", Shape::Some("manager"), |reading, line, cx| {
        reading.tls.managers.push(cx.module_argument(line)?);
        Ok(())
    }),
    row("on_demand", Shape::Flag, |reading, _, _| { reading.tls.on_demand = true; Ok(()) }),
    row("reuse_private_keys", Shape::Flag, |reading, _, _| { reading.tls.reuse_private_keys = true; Ok(()) }),
    row("key_type", Shape::One("type"), |reading, line, _| {
        reading.tls.key_type = line.one()?.string();
        Ok(())
    }),
    row("renewal_window_ratio", Shape::One("ratio"), ratio),

    // Properties of ACME.
    row("ca", Shape::One("url"), |reading, line, _| { reading.acme().ca = line.one()?.string(); Ok(()) }),
    row("ca_root", Shape::One("file"), |reading, line, _| {
        reading.acme().trusted_roots_pem_files.push(line.one()?.string());
        Ok(())
    }),
    row("eab", Shape::Some("key_id mac_key"), |reading, line, _| {
        let [key_id, mac_key] = line.exactly::<2>()?;
        let account = ExternalAccount { key_id: key_id.string(), mac_key: mac_key.string() };
        reading.acme().external_account = Some(account);
        Ok(())
    }),
    block_row("dns", Shape::Any("provider"), dns),
    row("resolvers", Shape::Some("addresses"), |reading, line, _| {
        dns_challenge::resolvers(reading.dns("resolvers"), line)
    }),
    row("propagation_delay", Shape::One("duration"), |reading, line, _| {
        dns_challenge::propagation_delay(reading.dns("propagation_delay"), line)
    }),
    row("propagation_timeout", Shape::One("duration"), |reading, line, _| {
        dns_challenge::propagation_timeout(reading.dns("propagation_timeout"), line)
    }),
    row("dns_ttl", Shape::One("duration"), |reading, line, _| dns_challenge::ttl(reading.dns("dns_ttl"), line)),
    row("dns_challenge_override_domain", Shape::One("domain"), |reading, line, _| {
        dns_challenge::override_domain(reading.dns("dns_challenge_override_domain"), line)
    }),
];

/// Without a provider, the global option `dns` has to name one.
fn dns(reading: &mut Reading, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    acme::dns(reading.acme());
    if !line.args().is_empty() {
        reading.names_provider = true;
        acme::dns(reading.acme()).provider = Some(cx.module_argument(line)?);
    } else if cx.options.dns.is_none() {
        return Err(errors::missing_argument(line));
    }
    Ok(())
}

fn protocols(reading: &mut Reading, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let names = known(line.args().get(..2).unwrap_or(line.args()), "protocol", PROTOCOLS)?;
    let mut names = names.into_iter();
    let Some(min) = names.next() else { return Err(errors::tls::no_protocols(line.name())) };
    reading.tls.policy.protocol_min = min;
    if let Some(max) = names.next() {
        reading.tls.policy.protocol_max = max;
    }
    Ok(())
}

fn ratio(reading: &mut Reading, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let word = line.one()?;
    let ratio =
        number::parse_float(&word.text).map_err(|reason| errors::tls::bad_ratio(word, Some(&reason)))?;
    if !(ratio > 0.0 && ratio < 1.0) {
        return Err(errors::tls::bad_ratio(word, None));
    }
    reading.tls.renewal_window_ratio = ratio;
    Ok(())
}

/// The words as strings, all of which must be among the names.
fn known(words: &[Token], what: &str, names: &'static [&'static str]) -> Parsed<Vec<String>> {
    match words.iter().find(|word| !names.contains(&&*word.text)) {
        Some(word) => Err(errors::tls::unsupported(word, what, names.iter().copied())),
        None => Ok(words.iter().map(Value::string).collect()),
    }
}

const PROTOCOLS: &[&str] = &["tls1.2", "tls1.3"];
const CURVES: &[&str] = &["x25519mlkem768", "x25519", "secp256r1", "secp384r1", "secp521r1"];
/// What Go's `crypto/tls` calls secure.
const CIPHER_SUITES: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];
