//! Every field of the configuration means something to the server: it is obeyed, refused by name, or listed here.

use std::{collections::BTreeSet, fs, path::Path};

use crate::tidy::{root, sources};

/// Where a file of `config/src` is put to use, if not in the file of the same name in `runtime/src`, or below it.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("config.rs", &["instance.rs"]),
    ("admin.rs", &["admin", "admin.rs", "control.rs"]),
    ("http/app.rs", &["instance.rs", "metrics/observer.rs", "http/automatic_https.rs"]),
    ("http/authentication", &["http/handlers/authentication"]),
    ("http/encoders", &["http/handlers/encode.rs"]),
    ("http/handlers/headers.rs", &["http/header_ops.rs", "http/handlers/headers.rs"]),
    ("http/handlers/rewrite.rs", &["http/rewrite", "http/rewrite.rs"]),
    ("http/ip_sources", &["http/server/client_ip.rs"]),
    ("http/response.rs", &["http/response_matcher.rs", "http/handlers"]),
    ("http/reverse_proxy", &["http/handlers/reverse_proxy", "http/handlers/reverse_proxy.rs"]),
    ("http/route.rs", &["http/routes.rs"]),
    (
        "http/server.rs",
        &["http/server", "http/server.rs", "http/automatic_https.rs", "http/access_log.rs", "http/routes.rs"],
    ),
    ("logging/encoders", &["logging/encoders", "logging/encoders.rs"]),
    ("logging/writers", &["logging/output"]),
    ("logging.rs", &["logging/core.rs"]),
    ("network_proxy", &["http/handlers/reverse_proxy/transport/network_proxy.rs"]),
    ("pki.rs", &["pki", "pki.rs"]),
    ("storage", &["storage.rs"]),
    ("tls", &["tls", "tls.rs"]),
];

/// What is refused as a whole, by file and type, so that its fields need no mention.
const REFUSED: &[&str] = &[
    "admin.rs Access",
    "admin.rs AccessPermission",
    "admin.rs HttpLoader",
    "admin.rs HttpLoaderTls",
    "admin.rs Identity",
    "admin.rs Remote",
    "events.rs App",
    "events.rs Subscription",
    "filesystems.rs App",
    "filesystems.rs NamedFileSystem",
    "http/handlers/acme_server.rs AcmePolicy",
    "http/handlers/acme_server.rs AcmeRules",
    "http/handlers/acme_server.rs AcmeServer",
    "http/handlers/push.rs Push",
    "http/handlers/push.rs PushResource",
    "http/handlers/templates.rs Templates",
    "http/handlers/timeouts.rs Timeouts",
    "http/handlers/tracing.rs Tracing",
    "http/matchers/url_pattern.rs UrlPattern",
    "logging/encoders/filter/multi_regexp.rs MultiRegexp",
    "logging/encoders/filter/set_cookie.rs SetCookie",
    "logging/encoders/journald.rs Journald",
    "logging/writers/net.rs Net",
    "tls/ca_pool/source/http.rs Http",
    "tls/ca_pool/source/http.rs HttpTls",
    "tls/ca_pool/source/storage.rs StoragePool",
    "tls/client_auth/verifier/leaf.rs Leaf",
    "tls/ech.rs EchConfig",
    "tls/ech.rs EchPublication",
    "tls/ech.rs EncryptedClientHello",
    "tls/ech/publishers/dns.rs Dns",
    "tls/get_certificate/http.rs Http",
    "tls/issuance/acme.rs Acme",
    "tls/issuance/acme.rs ChainPreference",
    "tls/issuance/acme.rs ExternalAccount",
    "tls/issuance/challenges.rs Challenges",
    "tls/issuance/challenges.rs DnsChallenge",
    "tls/issuance/challenges.rs HttpChallenge",
    "tls/issuance/challenges.rs TlsAlpnChallenge",
    "tls/issuance/zerossl.rs ZeroSsl",
    "tls/leaf_cert_loader/file.rs File",
    "tls/leaf_cert_loader/folder.rs Folder",
    "tls/leaf_cert_loader/pem.rs Pem",
    "tls/permission/http.rs Http",
    "tls/stek/distributed.rs Distributed",
];

/// What is accepted although nothing looks at it, because the server does what it asks for in any case.
const NEEDLESS: &[(&str, &str)] = &[
    ("ConfigSettings.load_delay", "goes with `load`, which is refused"),
    ("A.dial_fallback_delay", "resolvers are IP addresses, of which there are not two kinds to choose from"),
    ("Srv.dial_fallback_delay", "the same"),
    ("Console.caller_key", "lines with a caller are refused"),
    ("Console.stacktrace_key", "lines with a stack are refused"),
    ("Json.caller_key", "lines with a caller are refused"),
    ("Json.stacktrace_key", "lines with a stack are refused"),
    ("ReverseProxy.flush_interval", "pieces are passed on at once, which no interval forbids"),
    ("Server.enable_full_duplex", "answers never wait for the end of requests"),
    ("App.disable_ocsp_stapling", "nothing is stapled"),
    ("App.disable_storage_check", "the storage is not tried out"),
    ("App.disable_storage_clean", "the storage is not cleaned"),
    ("AutomationPolicy.disable_ocsp_stapling", "nothing is stapled"),
];

struct Field {
    file: String,
    owner: String,
    name: String,
}

/// The fields in the `object!` blocks of `config/src`.
fn fields() -> Vec<Field> {
    let mut found = Vec::new();
    for (path, text) in sources() {
        let Some(file) = path.strip_prefix("config/src/") else { continue };
        let mut owner = None;
        for line in text.lines() {
            match line {
                "object! {" => owner = Some(String::new()),
                "}" => owner = None,
                _ => {}
            }
            let (Some(owner), Some(item)) = (&mut owner, line.trim_start().strip_prefix("pub ")) else {
                continue;
            };
            match item.strip_prefix("struct ") {
                Some(name) => *owner = word(name).to_owned(),
                None => found.push(Field {
                    file: file.to_owned(),
                    owner: owner.clone(),
                    name: word(item).to_owned(),
                }),
            }
        }
    }
    found
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The code of a file or folder below `runtime/src`, without comments and tests.
fn code(path: &Path) -> String {
    if path.file_name().is_some_and(|name| name == "tests" || name == "tests.rs") {
        return String::new();
    }
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        return entries.map(|entry| code(&entry.unwrap().path())).collect();
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |all, line| all + line + "\n")
}

/// The code that puts a file of `config/src` to use.
fn users(file: &str) -> String {
    let runtime = root().join("runtime/src");
    let elsewhere = ELSEWHERE.iter().find(|(from, _)| Path::new(file).starts_with(from));
    match elsewhere {
        Some((_, places)) => places.iter().map(|place| code(&runtime.join(place))).collect(),
        None => code(&runtime.join(file)) + &code_below(&runtime.join(file.trim_end_matches(".rs"))),
    }
}

fn code_below(folder: &Path) -> String {
    if folder.is_dir() { code(folder) } else { String::new() }
}

/// Whether a field is read: `.name` that is no call, or `name` in a pattern.
fn reads(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let next = after.chars().next().unwrap_or(' ');
        let ends = !next.is_alphanumeric() && next != '_';
        let in_pattern = || {
            before.trim_end().ends_with(['{', ','])
                && matches!(after.trim_start().chars().next(), Some(',' | '}' | ':'))
        };
        ends && ((before.ends_with('.') && next != '(') || in_pattern())
    })
}

#[test]
fn every_field_is_obeyed_or_refused() {
    let (mut unread, mut needless, mut refused) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for Field { file, owner, name } in fields() {
        let (type_name, field) = (format!("{file} {owner}"), format!("{owner}.{name}"));
        if let Some(kind) = REFUSED.iter().find(|refused| **refused == type_name) {
            refused.insert(*kind);
        } else if let Some((known, _)) = NEEDLESS.iter().find(|(known, _)| *known == field) {
            needless.insert(*known);
        } else if !reads(&users(&file), &name) {
            unread.push(format!("{file}: {field}"));
        }
    }
    assert!(unread.is_empty(), "nothing in runtime/src reads:\n{}", unread.join("\n"));
    let gone: Vec<_> = REFUSED.iter().filter(|kind| !refused.contains(*kind)).collect();
    assert!(gone.is_empty(), "these types have no fields, or are no more: {gone:?}");
    let gone: Vec<_> = NEEDLESS.iter().filter(|(field, _)| !needless.contains(field)).collect();
    assert!(gone.is_empty(), "these fields are no more: {gone:?}");
}
