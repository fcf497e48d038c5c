//! The admin endpoint.

use super::Report;
use crate::Config;
use crate::value::NetworkAddress;

/// Its address must be its own.
pub(super) fn check(report: &mut Report, config: &Config) {
    let Some(admin) = config.admin.as_ref().filter(|admin| !admin.disabled && !admin.listen.is_empty())
    else {
        return;
    };
    // Port 0 is another one each time.
    let is_fixed = |address: &NetworkAddress| address.is_unix() || address.start_port != 0;
    let addresses = |text: &str| -> Vec<NetworkAddress> {
        let parsed = NetworkAddress::parse(text);
        parsed.iter().flat_map(NetworkAddress::expand).filter(is_fixed).collect()
    };
    let admin = addresses(&admin.listen);
    let servers = config.apps.http.iter().flat_map(|app| &app.servers);
    for (name, server) in servers {
        if server.listen.iter().any(|text| addresses(text).iter().any(|address| admin.contains(address))) {
            report.within("admin", |report| {
                report.within("listen", |report| {
                    report.error(format!("the address of the admin endpoint is that of server {name}, too"));
                });
            });
        }
    }
}
