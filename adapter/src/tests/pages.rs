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
    directives::DIRECTIVES,
    matchers::MATCHERS,
    modules::Pluggable,
    options::{self, OPTIONS},
    table::Row,
};

/// Former names, which share the page of their successor.
const FORMER: [&str; 3] = ["basicauth", "skip_log", "webtransport"];

/// Lines that are still read, but that nobody should write.
const DEPRECATED: [&str; 9] = [
    "forward_proxy_url",
    "health_path",
    "metrics",
    "per_host",
    "tls_trusted_ca_certs",
    "trusted_ca_cert",
    "trusted_ca_cert_file",
    "trusted_leaf_cert",
    "trusted_leaf_cert_file",
];

/// Lines of the directive `log` that only the option of this name takes, on whose page they are.
const GLOBAL: [&str; 2] = ["exclude", "include"];

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

/// Pages that show the lines of tables in files without a page of their name.
const SHOWN_ELSEWHERE: [(&str, &str); 4] = [
    ("modules/http/encoders/zstd", "directives/encode"),
    ("modules/logging/encoders/common", "modules/logging/encoders/json"),
    ("modules/logging/encoders/filter/actions", "modules/logging/encoders/filter/query"),
    ("modules/tls/client_auth", "directives/tls"),
];

/// The source files of a folder and the folders in it, without their extension.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path.with_extension(""));
        }
    }
}

/// The names of the rows in a source file.
fn row_names(text: &str) -> impl Iterator<Item = &str> {
    text.split("row(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
}

/// The words of the syntax box of the page for a source file, or for the nearest file around it that has one.
fn words_of_box(file: &str) -> Option<(String, BTreeSet<String>)> {
    let elsewhere = SHOWN_ELSEWHERE.iter().find(|(name, _)| *name == file).map(|(_, page)| *page);
    let page = Path::new(elsewhere.unwrap_or(file)).ancestors().find_map(|name| {
        let page = fixtures().join(name).with_extension("md");
        page.is_file().then_some(page)
    })?;
    let text = fs::read_to_string(&page).unwrap();
    let syntax = text.split("```text").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let words = syntax.split(|c: char| c.is_whitespace() || "|[]".contains(c)).map(str::to_owned);
    Some((page.display().to_string(), words.collect()))
}

#[test]
fn syntax_boxes_leave_out_no_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for part in ["directives", "matchers", "modules", "options"] {
        sources(&folder.join(part), &mut files);
    }
    let mut missing = Vec::new();
    for file in files {
        let text = fs::read_to_string(file.with_extension("rs")).unwrap();
        let names: Vec<&str> = row_names(&text)
            .filter(|name| !FORMER.contains(name) && !DEPRECATED.contains(name) && !GLOBAL.contains(name))
            .collect();
        let file = file.strip_prefix(&folder).unwrap().display().to_string();
        match words_of_box(&file) {
            _ if names.is_empty() => {}
            None => missing.push(format!("{file} has no page for {names:?}")),
            Some((page, words)) => missing.extend(
                names.iter().filter(|name| !words.contains(**name)).map(|name| format!("{page}: {name}")),
            ),
        }
    }
    assert!(missing.is_empty(), "missing in syntax boxes: {missing:#?}");
}
