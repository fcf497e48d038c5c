//! Every directive, matcher and option has a page, every page is about one of them, and syntax boxes leave out no line.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use caddis_config::{
    http::{
        ip_sources::IpSource,
        reverse_proxy::{SelectionPolicy, Transport, UpstreamSource},
    },
    listeners::ListenerWrapper,
    network_proxy::NetworkProxy,
    storage::Storage,
    tls::{CaPool, Permission},
};

use crate::{
    directives::{self, DIRECTIVES},
    matchers::MATCHERS,
    modules::{Pluggable, http::reverse_proxy::transport},
    options::{self, OPTIONS},
    table::Row,
};

/// Former names, which share the page of their successor.
const FORMER: [&str; 3] = ["basicauth", "skip_log", "webtransport"];

/// Lines that are still read, but that nobody should write.
const DEPRECATED: [&str; 4] = ["health_path", "forward_proxy_url", "tls_trusted_ca_certs", "metrics"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn pages(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fixtures().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| Some(name.strip_suffix(".md")?.to_owned())).collect()
}

fn assert_pages(folder: &str, names: impl IntoIterator<Item = &'static str>) {
    let names = names.into_iter().filter(|name| !FORMER.contains(name)).map(str::to_owned).collect();
    assert_eq!(pages(folder), names, "left: the pages in fixtures/{folder}; right: what is registered");
}

fn names<T>(rows: &'static [Row<T>]) -> impl Iterator<Item = &'static str> {
    rows.iter().map(|row| row.name)
}

#[test]
fn every_name_has_a_page() {
    assert_pages("directives", DIRECTIVES.iter().map(|directive| directive.name));
    assert_pages("matchers", MATCHERS.iter().map(|matcher| matcher.name));
    assert_pages("options", names(OPTIONS));
    assert_pages("options/servers", names(options::SERVERS));
}

fn assert_module_pages<M: Pluggable>() {
    let folder = M::NAMESPACE.strip_prefix("caddy.").unwrap_or(M::NAMESPACE).replace('.', "/");
    assert_pages(&format!("modules/{folder}"), M::TABLE.iter().map(|module| module.name));
}

#[test]
fn modules_have_pages() {
    assert_module_pages::<Transport>();
    assert_module_pages::<SelectionPolicy>();
    assert_module_pages::<UpstreamSource>();
    assert_module_pages::<IpSource>();
    assert_module_pages::<ListenerWrapper>();
    assert_module_pages::<NetworkProxy>();
    assert_module_pages::<Storage>();
    assert_module_pages::<Permission>();
    assert_module_pages::<CaPool>();
}

fn assert_syntax<T>(page: &str, rows: &'static [Row<T>]) {
    let text = fs::read_to_string(fixtures().join(page)).unwrap();
    let syntax = text.split("```text").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let words: BTreeSet<&str> = syntax.split(|c: char| c.is_whitespace() || c == '|').collect();
    let mut expected = names(rows).filter(|name| !FORMER.contains(name) && !DEPRECATED.contains(name));
    assert_eq!(expected.find(|name| !words.contains(name)), None, "missing in the syntax of {page}");
}

#[test]
fn syntax_boxes_leave_out_no_line() {
    assert_syntax("directives/reverse_proxy.md", directives::reverse_proxy::ROWS);
    assert_syntax("directives/forward_auth.md", directives::forward_auth::ROWS);
    assert_syntax("directives/php_fastcgi.md", directives::php_fastcgi::ROWS);
    assert_syntax("directives/php_fastcgi.md", transport::fastcgi::ROWS);
    assert_syntax("directives/intercept.md", directives::intercept::ROWS);
    assert_syntax("options/servers.md", options::SERVERS);
    assert_syntax("modules/http/reverse_proxy/transport/http.md", transport::http::ROWS);
    assert_syntax("modules/http/reverse_proxy/transport/fastcgi.md", transport::fastcgi::ROWS);
}
