//! Authentication of clients: `tls { client_auth { … } }`, and its verifiers.

mod pem;

use caddis_config::tls::{
    ClientAuthentication, Verifier, ca_pool::source::Inline, client_auth::verifier::Leaf,
};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    modules::{Module, Pluggable},
    table::{Row, Shape, block_row, read_block, row},
};

impl Pluggable for Verifier {
    const NAMESPACE: &'static str = "tls.client_auth.verifier";
    const TABLE: &'static [Module<Self>] = &[Module { name: "leaf", read: read_leaf }];
}

/// One loader on the line, or one on each line of the block.
fn read_leaf(cx: &mut Cx<'_>, line: &Statement) -> Parsed<Verifier> {
    let mut leaf = Leaf::default();
    if line.args().len() > 1 {
        leaf.leaf_certs_loaders.push(cx.module_argument(line)?);
        return Ok(leaf.into());
    }
    for line in line.children() {
        let loader = cx.module(line);
        leaf.leaf_certs_loaders.extend(cx.keep(loader));
    }
    Ok(leaf.into())
}

/// Reads the block of `client_auth`.
pub(crate) fn read(cx: &mut Cx<'_>, line: &Statement) -> ClientAuthentication {
    let mut auth = ClientAuthentication::default();
    read_block(cx, line, ROWS, &mut auth);
    if !auth.trusted_ca_certs.is_empty() {
        let trusted_ca_certs = std::mem::take(&mut auth.trusted_ca_certs);
        auth.ca = Some(Inline { trusted_ca_certs }.into());
    }
    auth
}

pub(crate) static ROWS: &[Row<ClientAuthentication>] = &[
    row("mode", Shape::One("request|require|verify_if_given|require_and_verify"), |auth, line, _| {
        auth.mode = line.one()?.string();
        Ok(())
    }),
    row("trusted_ca_cert", Shape::One("base64"), |auth, line, cx| {
        cx.report(errors::tls::deprecated_trust(line.name()));
        no_pool(auth, line)?;
        auth.trusted_ca_certs.push(line.one()?.string());
        Ok(())
    }),
    row("trusted_leaf_cert", Shape::One("base64"), |auth, line, _| {
        auth.trusted_leaf_certs.push(line.one()?.string());
        Ok(())
    }),
    row("trusted_ca_cert_file", Shape::One("file"), |auth, line, cx| {
        cx.report(errors::tls::deprecated_trust(line.name()));
        no_pool(auth, line)?;
        auth.trusted_ca_certs.extend(pem::read(cx, line.one()?)?);
        Ok(())
    }),
    row("trusted_leaf_cert_file", Shape::One("file"), |auth, line, cx| {
        auth.trusted_leaf_certs.extend(pem::read(cx, line.one()?)?);
        Ok(())
    }),
    block_row("trust_pool", Shape::Some("source"), |auth, line, cx| {
        if !auth.trusted_ca_certs.is_empty() {
            return Err(errors::tls::pool_and_certificates(line.name()));
        }
        auth.ca = Some(cx.module_argument(line)?);
        Ok(())
    }),
    block_row("verifier", Shape::Some("verifier"), |auth, line, cx| {
        auth.verifiers.push(cx.module_argument(line)?);
        Ok(())
    }),
];

fn no_pool(auth: &ClientAuthentication, line: &Statement) -> Parsed<()> {
    if auth.ca.is_some() { Err(errors::tls::pool_and_certificates(line.name())) } else { Ok(()) }
}
