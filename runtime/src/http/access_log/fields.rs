//! What access and error logs say of requests and responses, in Caddy's form.

use http::{HeaderMap, HeaderName, HeaderValue, Version, header};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use crate::{
    http::{Exchange, exchange::TlsInfo},
    logging::{Field, Fields, Name},
};

/// The object `request`. Credentials are hidden unless they are asked for.
pub(crate) fn request(exchange: &Exchange, credentials: bool, fields: &mut Fields) {
    let remote = exchange.connection.remote;
    let (method, uri) = exchange.original();
    fields.0.reserve(10);
    fields
        // What Go calls the nameless end of a unix socket.
        .add(
            "remote_ip",
            remote.map_or_else(|| "@".to_owned(), |remote| remote.ip().to_canonical().to_string()),
        )
        .add("remote_port", remote.map(|remote| remote.port().to_string()).unwrap_or_default())
        .add("client_ip", exchange.client_ip.map(|ip| ip.to_string()).unwrap_or_default())
        .add("proto", protocol(exchange.request.version))
        .add("method", method.as_str())
        .add("host", exchange.authority())
        .add("uri", uri.to_string())
        .add("headers", Field::Object(headers(&exchange.request.headers, credentials)));
    if let Some(coding) = exchange.request.headers.get(header::TRANSFER_ENCODING) {
        fields.add("transfer_encoding", Field::List(vec![text(coding)]));
    }
    if let Some(info) = &exchange.connection.tls {
        fields.object("tls", |fields| tls(info, fields));
    }
}

/// Fields of a header by Go's names for them, in their order. `Host` and the framing of HTTP/1.1 are told elsewhere.
pub(crate) fn headers(map: &HeaderMap, credentials: bool) -> Fields {
    let mut fields = Fields(Vec::with_capacity(map.keys_len()));
    for name in map.keys() {
        if *name == header::HOST || *name == header::TRANSFER_ENCODING {
            continue;
        }
        let values = if !credentials && is_credential(name) {
            vec!["REDACTED".into()]
        } else {
            map.get_all(name).iter().map(text).collect()
        };
        fields.add(go_name(name), Field::List(values));
    }
    fields
}

fn text(value: &HeaderValue) -> Field {
    Field::String(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// <https://fetch.spec.whatwg.org/#credentials>
fn is_credential(name: &HeaderName) -> bool {
    [header::COOKIE, header::SET_COOKIE, header::AUTHORIZATION, header::PROXY_AUTHORIZATION].contains(name)
}

/// The spelling of a name in Go; that of common names costs nothing.
fn go_name(name: &HeaderName) -> Name {
    let known = match name.as_str() {
        "accept" => "Accept",
        "accept-encoding" => "Accept-Encoding",
        "accept-language" => "Accept-Language",
        "accept-ranges" => "Accept-Ranges",
        "authorization" => "Authorization",
        "cache-control" => "Cache-Control",
        "connection" => "Connection",
        "content-encoding" => "Content-Encoding",
        "content-length" => "Content-Length",
        "content-type" => "Content-Type",
        "cookie" => "Cookie",
        "date" => "Date",
        "etag" => "Etag",
        "last-modified" => "Last-Modified",
        "location" => "Location",
        "origin" => "Origin",
        "referer" => "Referer",
        "server" => "Server",
        "set-cookie" => "Set-Cookie",
        "user-agent" => "User-Agent",
        "vary" => "Vary",
        "via" => "Via",
        "x-forwarded-for" => "X-Forwarded-For",
        "x-forwarded-host" => "X-Forwarded-Host",
        "x-forwarded-proto" => "X-Forwarded-Proto",
        other => return caddis_config::go::header::canonical(other).into(),
    };
    known.into()
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

fn tls(info: &TlsInfo, fields: &mut Fields) {
    let version: i64 = if info.version == "tls1.2" { 0x0303 } else { 0x0304 };
    fields
        .add("resumed", info.resumed)
        .add("version", version)
        .add("cipher_suite", cipher_suite(info.cipher_suite))
        .add("proto", info.alpn.as_str())
        .add("server_name", info.server_name.as_str())
        // Nothing here decrypts client hellos.
        .add("ech", false);
    let leaf = info.peer_certificates.first().and_then(|der| X509Certificate::from_der(der).ok());
    if let Some((_, leaf)) = leaf {
        let common_name = leaf.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        fields
            .add("client_common_name", common_name.unwrap_or_default())
            .add("client_serial", leaf.serial.to_string());
    }
}

/// The number that IANA gave a cipher suite; zero for those that are not offered here.
fn cipher_suite(name: &str) -> i64 {
    match name {
        "TLS_AES_128_GCM_SHA256" => 0x1301,
        "TLS_AES_256_GCM_SHA384" => 0x1302,
        "TLS_CHACHA20_POLY1305_SHA256" => 0x1303,
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" => 0xc02b,
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" => 0xc02c,
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" => 0xc02f,
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" => 0xc030,
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" => 0xcca8,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" => 0xcca9,
        _ => 0,
    }
}
