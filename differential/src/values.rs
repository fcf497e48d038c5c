//! Samples of the values that placeholders in syntax boxes stand for. What has no entry is a name.

use crate::random::Random;

const DURATIONS: &[&str] =
    &["10s", "5m", "1h30m", "1d", "2d12h", "500ms", "1.5h", "0", "0s", "100us", "7d", "-1s", "1m0.5s"];
const SIZES: &[&str] = &["10MB", "1MiB", "4KiB", "512", "1.5GB", "8k", "0", "100 KB", "2mib", "1g"];
const COUNTS: &[&str] = &["1", "2", "3", "10", "0", "100", "-1", "+7", "007"];
const PORTS: &[&str] = &["80", "443", "8080", "8443", "9000", "2015"];
const PATHS: &[&str] = &[
    "/",
    "/a",
    "/a/*",
    "/api/*",
    "*.php",
    "/files/b.txt",
    "/A/b",
    "/a/b/c*",
    "*",
    "/ä",
    "/x y",
    "/a//b",
    "/api*",
];
const FILES: &[&str] = &[
    "cert.pem",
    "key.pem",
    "/srv/www",
    "./public",
    "index.html",
    "a/../b",
    "/etc/caddy/x.txt",
    "{path}",
    "{path}/index.php",
    "{file}.html",
    "=404",
    "index.php?{query}",
];
const HOSTS: &[&str] = &[
    "example.com",
    "a.example.com",
    "*.example.com",
    "localhost",
    "127.0.0.1",
    "::1",
    "foo.internal",
    "{host}",
    "EXAMPLE.org",
    "b.example.com",
];
const UPSTREAMS: &[&str] = &[
    "127.0.0.1:9000",
    "localhost:8080",
    ":8080",
    "https://example.com",
    "http://a.example.com:81",
    "h2c://localhost:1",
    "unix//run/app.sock",
    "example.com",
    "10.0.0.1:8000-8002",
    "{http.vars.up}:80",
    "{env.UP}",
    "[::1]:9000",
    "unix+h2c//run/x",
    "tcp/10.0.0.2:80",
    "udp/1.2.3.4:53",
    "localhost",
    "http://localhost",
    "https://1.2.3.4:8443",
];
const URLS: &[&str] = &[
    "https://example.com/dir",
    "http://localhost:5000/check",
    "https://acme.example.org/v2?x=1",
    "socks5://10.0.0.1:1080",
    "http://user:pass@proxy.example.com:3128",
    "/relative",
];
const RANGES: &[&str] = &[
    "10.0.0.0/8",
    "192.168.1.1",
    "private_ranges",
    "::1/128",
    "2001:db8::/32",
    "172.16.0.1/12",
    "127.0.0.1",
];
const FIELDS: &[&str] = &[
    "X-Test",
    "x-lower-case",
    "Content-Type",
    "Host",
    "X-Forwarded-For",
    "Set-Cookie",
    "Cache-Control",
    "ETag",
    "X_Under",
    "WWW-Authenticate",
    "X Space",
    "Server",
    "Location",
    "X-Forwarded-Proto",
    "{http.vars.f}",
];
const TEXTS: &[&str] = &[
    "hello",
    "two words",
    "",
    "a \"quoted\" b",
    "<b>&'x'</b>",
    "{path}",
    "{http.request.uri}",
    "{header.X-Test}",
    "ümläut",
    "line\nbreak",
    "{re.name.1}",
    "$1",
    "back\\slash",
    "{$UNSET:default}",
    "{vars.a}",
    "{cookie.c}",
    "{args[0]}",
    "a#b",
    "{{.X}}",
    "{not a placeholder}",
    "{file_match.relative}",
    "{rp.status_code}",
    "{err.message}",
    "{labels.1}",
    "{block}",
    "tab\there",
];
const STATUSES: &[&str] =
    &["200", "404", "503", "301", "{err.status_code}", "0404", "99", "1000", "2xx", "4", "true"];
const PATTERNS: &[&str] = &[
    "^/a/(.*)$",
    "foo",
    "[a-z]+\\d*",
    "(?P<name>x)",
    "\\.php$",
    "a|b",
    "{http.vars.re}",
    "^\\{x\\}$",
    "(?i)Bot",
    ".*",
];
const NAMES: &[&str] = &["a", "b", "name", "foo", "x_y", "caf\u{e9}", "Some-Name", "local", "default"];
const SCALARS: &[&str] = &[
    "1",
    "0",
    "-5",
    "3.14",
    "1e3",
    "true",
    "f",
    "T",
    "hello",
    "\"1\"",
    "`true`",
    "1_000",
    "0x1F",
    "9007199254740993",
    "1e400",
    "-0",
    ".5",
    "{path}",
    "two words",
    "",
    "-",
    "18446744073709551616",
    "1e21",
    "1e-7",
    "07",
    "+3",
];
const CEL: &[&str] = &[
    "path('/a*')",
    "{path}.startsWith('/x')",
    "{method} == 'GET' && {query.a} != \"\"",
    "header({'X': 'y'})",
    "!path('/a') || protocol('https')",
    "{http.error.status_code} == 404",
];
const LEVELS: &[&str] = &["debug", "INFO", "WARN", "error", "PANIC", "FATAL"];
const TIME_FORMATS: &[&str] =
    &["unix_seconds_float", "iso8601", "wall", "rfc3339", "02/Jan/2006:15:04:05 -0700", "common_log"];
const HASHES: &[&str] =
    &["$2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG", "$argon2id$v=19$m=47104,t=1,p=1$x$y"];
const LOG_FIELDS: &[&str] =
    &["request>headers>Cookie", "request>uri", "ts", "request>remote_ip", "resp_headers", "a b"];
const CIPHERS: &[&str] =
    &["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
const BASE64: &str = "MIIBszCCAVmgAwIBAgIUZ2cwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0";

/// The choices for a placeholder; `line` is the first word of the line, which tells names apart that boxes share.
#[must_use]
fn choices(name: &str, line: &str) -> &'static [&'static str] {
    match (line, name) {
        ("gzip", "level") => &["1", "5", "9"],
        ("zstd", "level") => &["fastest", "default", "better", "best"],
        ("fields" | "", "field") => LOG_FIELDS,
        ("challenges", _) => &["http-01", "dns-01", "tls-alpn-01", "device-attest-01"],
        ("vars" | "map", "value" | "outputs") | (_, "outputs") => SCALARS,
        ("line_ending", _) => &["\n", "crlf", "\r\n"],
        ("time_format" | "backup_time_format", _) => TIME_FORMATS,
        ("method", _) => &["GET", "POST", "put", "{http.vars.m}"],
        ("protocol", _) => &["http", "https", "grpc", "http/2", "http/2+", "http/1.0+", "http/3"],
        ("admin", "address") => {
            &["localhost:2020", ":2019", "unix//run/admin.sock", "tcp/127.0.0.1:2019", "unix//a.sock|0222"]
        }
        ("net", "address") => &["localhost:514", "udp/10.0.0.1:514", "unix//dev/log", "tcp/[::1]:99"],
        ("email" | "acme", "address") => &["me@example.com", "{env.MAIL}"],
        ("servers", "address") => &[":443", ":80", ":8080", "127.0.0.1:443", "unix//x.sock"],
        ("local_address", _) => &["10.0.0.9", "127.0.0.1:0", "[::1]:0"],
        ("resolvers" | "tls_resolvers", _) => {
            &["1.1.1.1", "8.8.8.8:53", "[2606:4700::1111]:53", "udp/9.9.9.9:53"]
        }
        ("bind" | "default_bind", _) => &[
            "127.0.0.1",
            "0.0.0.0",
            "::1",
            "tcp/10.0.0.1",
            "unix//run/s.sock",
            "tcp4/",
            "localhost",
            "fd/3",
            "udp/127.0.0.1",
            "unix//a|0200",
        ],
        ("hash" | "delete" | "replace", "name" | "parameter") => NAMES,
        ("openssl" | "key_type", _) => &["ed25519", "p256", "p384", "rsa2048", "rsa4096", "P256", "x"],
        ("invoke", _) => &["main", "other"],
        ("hostnames" | "default_sni" | "fallback_sni" | "tls_server_name" | "server_name" | "ech", _)
        | (_, "domain") => HOSTS,
        ("include" | "exclude", "loggers") => &["http.log.access", "admin.api", "http.handlers.x", "tls"],
        ("preferred_chains" | "root_common_name" | "any_common_name", _) => &["ISRG Root X1", "Some CA"],
        ("trusted_roots" | "tls_trusted_ca_certs" | "pem_file", _) => &["cert.pem", "/etc/ca.pem"],
        ("mime" | "types", _) => &["text/html", "text/*", "application/json", ""],
        ("mode" | "dir_mode", _) => &["0600", "644", "0o700", "0644", "u=rw", "9", "0"],
        ("weighted_round_robin", _) => &["1", "2", "10", "0", "1,2"],
        _ => by_name(name),
    }
}

fn by_name(name: &str) -> &'static [&'static str] {
    match name {
        "duration" => DURATIONS,
        "size" | "rate" | "bytes per second" => SIZES,
        "count" | "bytes" | "limit" | "days" | "weights" => COUNTS,
        "bits" | "bits of IPv4" => &["8", "16", "24", "32", "/16", "0"],
        "bits of IPv6" => &["32", "64", "128"],
        "ratio" => &["0.5", "0.33", "0.999", "1", "0", "1e-3", ".25", "0x1p-2"],
        "port" | "ports" => PORTS,
        "path" | "paths" | "prefix" | "suffix" | "resource" | "to" | "uri" => PATHS,
        "file" | "files" | "folders" | "certificate" | "template" => FILES,
        "key" | "id" | "key id" | "mac key" | "api key" => &["key", "abc123", "x.y", "k-1"],
        "name" | "names" | "user" | "variable" | "ids" | "parameter" | "service" => NAMES,
        "hosts" | "domains" => HOSTS,
        "host:port" => &["localhost:80", "10.0.0.1:8080", "[::1]:1"],
        "upstreams" => UPSTREAMS,
        "url" | "urls" | "directory" | "origins" => URLS,
        "ranges" => RANGES,
        "field" | "fields" => FIELDS,
        "status" | "code" | "statuses" => STATUSES,
        "pattern" | "regexp" | "expression" | "find" => PATTERNS,
        "address" | "addresses" | "servers" => &["127.0.0.1:53", "localhost", "1.1.1.1", "[::1]:99"],
        "method" | "methods" => &["GET", "POST", "put", "DELETE"],
        "level" => LEVELS,
        "CEL" => CEL,
        "hash" => HASHES,
        "suites" => CIPHERS,
        "curves" => &["x25519", "secp256r1", "secp384r1", "x25519mlkem768", "secp521r1"],
        "min" | "max" => &["tls1.2", "tls1.3"],
        "protocols" => &["h2", "http/1.1", "acme-tls/1", "h1", "h3"],
        "email" => &["me@example.com", "a@b", "internal"],
        "extensions" => &[".php", ".html", "php", ".md5"],
        "delimiters" => &[".php", "/"],
        "encoders" => &["gzip", "zstd"],
        "minutes" => &["0", "30", "0,15,30", "59"],
        "times" => &["00:00", "12:30", "00:00,12:00"],
        "octal mode" => &["0600", "644"],
        "certificates" => &[BASE64],
        "directive" => &["respond", "reverse_proxy", "header", "root", "bind", "file_server"],
        "placeholder" => &["{http.vars.a}", "{path}", "{header.X}"],
        "destinations" => &["{a}", "{b}", "{my.var}", "c", "{http.vars.d}"],
        "source" => &["{path}", "{host}", "{query.a}", "plain"],
        "input" => &["/a", "example.com", "", "x y"],
        "format" => &["pem_file", "pem"],
        "provider" | "module" | "handler" | "core" => &["mock", "cloudflare", "nop"],
        _ => TEXTS,
    }
}

/// A value, quoted where it must be and sometimes where it need not.
pub fn value(random: &mut Random, name: &str, line: &str) -> String {
    let text = match random.below(100) {
        0 => *random.pick(TEXTS),
        1 => *random.pick(NAMES),
        _ => *random.pick(choices(name, line)),
    };
    if matches!(name, "CEL" | "outputs") && text.starts_with(['"', '`']) {
        return text.to_owned();
    }
    quote(random, text)
}

/// The text as a word.
pub fn quote(random: &mut Random, text: &str) -> String {
    // Caddy's formatter tears bare words with doubled braces apart and takes `#` in them for a remark: see
    // `fixtures/differences.md`.
    let needed = text.contains("{{")
        || text.contains('#')
        || text.is_empty()
        || text.chars().any(char::is_whitespace)
        || text.starts_with(['"', '`', '#'])
        || text.starts_with("<<")
        || matches!(text, "{" | "}");
    if !needed && !random.chance(4) {
        return text.to_owned();
    }
    match random.below(8) {
        0 if text.contains('\n') => format!("<<END\n{text}\nEND"),
        0..4 if !text.contains('`') => format!("`{text}`"),
        _ => format!("\"{}\"", text.replace('"', "\\\"")),
    }
}
