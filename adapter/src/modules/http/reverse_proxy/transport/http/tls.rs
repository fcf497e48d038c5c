//! The `tls…` lines of `transport http`; each of them turns TLS on.

use caddis_config::http::reverse_proxy::transport::{Http, TransportTls};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    values::duration,
};

fn tls(transport: &mut Http) -> &mut TransportTls {
    transport.tls.get_or_insert_default()
}

pub(super) fn enable(transport: &mut Http, _: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    tls(transport);
    Ok(())
}

pub(super) fn client_auth(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let tls = tls(transport);
    match line.args() {
        [name] => tls.client_certificate_automate = name.string(),
        [certificate, key] => {
            tls.client_certificate_file = certificate.string();
            tls.client_certificate_key_file = key.string();
        }
        _ => return Err(errors::wrong_argument_count(&line.words[line.words.len() - 1])),
    }
    Ok(())
}

pub(super) fn insecure_skip_verify(transport: &mut Http, _: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    tls(transport).insecure_skip_verify = true;
    Ok(())
}

pub(super) fn curves(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    tls(transport).curves = line.args().iter().map(Value::string).collect();
    Ok(())
}

pub(super) fn timeout(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    tls(transport).handshake_timeout = duration(line.one()?, "bad timeout value")?;
    Ok(())
}

pub(super) fn trusted_ca_certs(transport: &mut Http, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    cx.report(errors::proxy::tls_trusted_ca_certs_deprecated(line));
    if tls(transport).ca.is_some() {
        return Err(errors::proxy::two_kinds_of_trust(line));
    }
    tls(transport).root_ca_pem_files = line.args().iter().map(Value::string).collect();
    Ok(())
}

pub(super) fn trust_pool(transport: &mut Http, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let pool = cx.module_argument(line)?;
    let tls = tls(transport);
    if !tls.root_ca_pem_files.is_empty() {
        return Err(errors::proxy::two_kinds_of_trust(line));
    }
    if tls.ca.is_some() {
        return Err(errors::proxy::trust_pool_twice(line));
    }
    tls.ca = Some(pool);
    Ok(())
}

pub(super) fn server_name(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    tls(transport).server_name = line.one()?.string();
    Ok(())
}

pub(super) fn renegotiation(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let level = line.one()?;
    if !matches!(&*level.text, "never" | "once" | "freely") {
        return Err(errors::proxy::bad_renegotiation(level));
    }
    tls(transport).renegotiation = level.string();
    Ok(())
}

pub(super) fn except_ports(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    tls(transport).except_ports = line.args().iter().map(Value::string).collect();
    Ok(())
}
