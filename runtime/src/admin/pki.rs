//! `/pki/ca/…`: the authorities of the configuration that runs.

use std::sync::Arc;

use serde_json::json;

use super::reply::{ApiError, Reply, content, json};
use crate::{control::Control, pki::Authority};

/// Answers `/pki/ca/ID` and `/pki/ca/ID/certificates`, of which `rest` is what follows `/pki/ca/`.
pub(super) fn answer(rest: &str, control: &Control) -> Result<Reply, ApiError> {
    let (id, what) = rest.split_once('/').unwrap_or((rest, ""));
    let unknown = || ApiError::not_found(format!("no certificate authority configured with id: {id}"));
    let authority = find(id, control).ok_or_else(unknown)?;
    match what {
        "" => Ok(json(format!("{}\n", information(&authority)))),
        "certificates" => Ok(content("application/pem-certificate-chain", chain(&authority))),
        _ => Err(ApiError::not_found(format!("resource not found: {rest}"))),
    }
}

fn find(id: &str, control: &Control) -> Option<Arc<Authority>> {
    control.runtime().with_instance(|instance| instance?.tls()?.authorities().get(id).cloned())
}

fn information(authority: &Authority) -> serde_json::Value {
    json!({
        "id": authority.id,
        "name": authority.name,
        "root_common_name": authority.root_common_name,
        "intermediate_common_name": authority.intermediate_common_name,
        "root_certificate": authority.root_certificate(),
        "intermediate_certificate": authority.intermediate_certificate(),
    })
}

/// The intermediate, then the root.
fn chain(authority: &Authority) -> String {
    authority.intermediate_certificate() + authority.root_certificate()
}
