//! The admin endpoint.

use super::Report;
use super::listeners::Socket;
use crate::Config;
use crate::value::NetworkAddress;

/// Its address must be its own.
pub(super) fn check(report: &mut Report, config: &Config) {
    let Some(admin) = config.admin.as_ref().filter(|admin| !admin.disabled && !admin.listen.is_empty())
    else {
        return;
    };
    let addresses = |text: &str| -> Vec<NetworkAddress> {
        NetworkAddress::parse(text).iter().flat_map(NetworkAddress::expand).collect()
    };
    let admin = addresses(&admin.listen);
    let is_its_own = |address: &NetworkAddress| {
        let is_fixed = address.is_unix() || address.start_port != 0;
        let is_same_socket =
            |admin| Socket::of(admin).is_some_and(|admin| Socket::of(address) == Some(admin));
        admin.iter().any(|admin| is_same_socket(admin) || is_fixed && address == admin)
    };
    let servers = config.apps.http.iter().flat_map(|app| &app.servers);
    for (name, server) in servers {
        if server.listen.iter().any(|text| addresses(text).iter().any(is_its_own)) {
            report.within("admin", |report| {
                report.within("listen", |report| {
                    report.error(format!("the address of the admin endpoint is that of server {name}, too"));
                });
            });
        }
    }
}
