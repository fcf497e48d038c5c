//! `acme_server`: a certificate authority that speaks ACME.

use caddis_config::{
    http::handlers::{AcmeRules, AcmeServer},
    pki::Authority,
};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, block_row, read_block, row},
};

/// See `fixtures/directives/acme_server.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "acme_server",
    summary: "Serves a certificate authority that speaks ACME.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<AcmeServer>] = &[
    row("ca", Shape::One("id"), |server, line, _| {
        server.ca = line.words[1].string();
        Ok(())
    }),
    row("lifetime", Shape::One("duration"), |server, line, _| {
        server.lifetime = line.words[1].duration()?;
        Ok(())
    }),
    row("resolvers", Shape::Any("addresses"), |server, line, _| {
        if line.args().is_empty() {
            return Err(errors::handlers::no_resolver(line.name()));
        }
        server.resolvers = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
    row("challenges", Shape::Any("types"), |server, line, _| {
        server.challenges.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("allow_wildcard_names", Shape::Flag, |server, _, _| {
        server.policy.get_or_insert_default().allow_wildcard_names = true;
        Ok(())
    }),
    block_row("allow", Shape::Flag, |server, line, cx| {
        server.policy.get_or_insert_default().allow = Some(rules(cx, line));
        Ok(())
    }),
    block_row("deny", Shape::Flag, |server, line, cx| {
        server.policy.get_or_insert_default().deny = Some(rules(cx, line));
        Ok(())
    }),
    row("sign_with_root", Shape::Flag, |server, _, _| {
        server.sign_with_root = true;
        Ok(())
    }),
];

pub(crate) static RULES: &[Row<AcmeRules>] = &[
    row("domains", Shape::Some("names"), |rules, line, _| {
        rules.domains.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("ip_ranges", Shape::Some("ranges"), |rules, line, _| {
        rules.ip_ranges.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    call.line.none()?;
    let mut server = AcmeServer::default();
    read_block(cx, call.line, ROWS, &mut server);
    let mut items = Vec::new();
    if call.line.children().iter().any(|line| &*line.name().text == "ca") {
        let authority = Authority::default();
        items.push(Item::CertificateAuthority(server.ca.clone(), Box::new(authority)));
    }
    items.splice(0..0, call.route(server));
    Ok(items)
}

fn rules(cx: &mut Cx<'_>, line: &Statement) -> AcmeRules {
    let mut rules = AcmeRules::default();
    read_block(cx, line, RULES, &mut rules);
    rules
}
