//! The names of placeholders: which there are, told apart once at build.

use std::{fmt, sync::Arc};

use http::HeaderName;

use super::{
    clock::Clock,
    request::{AddressPart, PathPart},
    tls::TlsKey,
};
use crate::build::{Build, BuildError};

/// One placeholder, without its braces.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// A value that cannot change while the process lives.
    Constant(String),
    /// The time.
    Time(Clock),
    /// The content of a file, at most 1 MiB, without the newline at its end.
    File(Box<str>),

    /// `http.request.method`
    Method,
    /// `http.request.scheme`
    Scheme,
    /// `http.request.proto`, and `http.request.proto_name` which leaves out a minor version of 0.
    Proto {
        /// Whether it is `proto_name`.
        named: bool,
    },
    /// `http.request.hostport`
    HostPort,
    /// `http.request.host`
    Host,
    /// `http.request.port`
    Port,
    /// `http.request.host.labels.N`, counted from the right.
    HostLabel(usize),
    /// `http.request.local`, `.local.host`, `.local.port`
    Local(AddressPart),
    /// `http.request.remote`, `.remote.host`, `.remote.port`
    Remote(AddressPart),
    /// `http.request.remote.host/24,64`: the network of the peer, with prefix lengths for IPv4 and IPv6.
    RemoteNetwork {
        /// Prefix length for IPv4.
        v4: Box<str>,
        /// Prefix length for IPv6.
        v6: Box<str>,
    },
    /// `http.request.uri`, and `uri_escaped`.
    Uri {
        /// Whether it is `uri_escaped`.
        escaped: bool,
    },
    /// `http.request.uri.path` and what is below it.
    Path(PathPart),
    /// `http.request.uri.query`, and `query_escaped`.
    Query {
        /// Whether it is `query_escaped`.
        escaped: bool,
    },
    /// `http.request.uri.prefixed_query`
    PrefixedQuery,
    /// `http.request.uri.query.NAME`
    Parameter(Box<str>),
    /// `http.request.orig_method`
    OriginalMethod,
    /// `http.request.orig_uri`
    OriginalUri,
    /// `http.request.orig_uri.path` and what is below it.
    OriginalPath(PathPart),
    /// `http.request.orig_uri.query`
    OriginalQuery,
    /// `http.request.orig_uri.prefixed_query`
    OriginalPrefixedQuery,
    /// `http.request.duration`, and `duration_ms`.
    Duration {
        /// Whether it is `duration_ms`.
        millis: bool,
    },
    /// `http.request.uuid`
    Uuid,
    /// `http.request.header.NAME`
    Header(HeaderName),
    /// `http.request.cookie.NAME`
    Cookie(Box<str>),
    /// `http.request.tls.*`
    Tls(TlsKey),
    /// `http.response.header.NAME`
    ResponseHeader(HeaderName),
    /// `http.vars.NAME`
    Var(Box<str>),
    /// `http.error`
    Error,
    /// `http.error.status_code`
    ErrorStatus,
    /// `http.error.status_text`
    ErrorStatusText,
    /// `http.error.message`
    ErrorMessage,
    /// `http.error.id`
    ErrorId,
    /// `http.error.trace`
    ErrorTrace,
    /// Any other name: it is known once a matcher or handler has set it.
    Set(Arc<str>),
}

impl Key {
    /// The placeholder called `name`.
    ///
    /// # Errors
    /// When this server cannot fill it in.
    pub fn parse(name: &str, cx: &Build) -> Result<Self, BuildError> {
        if let Some(variable) = name.strip_prefix("env.") {
            return Ok(cx.environment(variable).map_or_else(|| Key::Set(name.into()), Key::Constant));
        }
        if let Some(path) = name.strip_prefix("file.") {
            return Ok(Key::File(path.into()));
        }
        if let Some(rest) = name.strip_prefix("http.request.") {
            if matches!(rest, "body" | "body_base64") {
                cx.refuse(&format!("placeholder {{{name}}}"))?;
            }
            return Ok(request_key(rest).unwrap_or_else(|| Key::Set(name.into())));
        }
        if let Some(field) = name.strip_prefix("http.response.header.") {
            return Ok(header_name(field).map_or_else(|| Key::Constant(String::new()), Key::ResponseHeader));
        }
        if let Some(variable) = name.strip_prefix("http.vars.") {
            return Ok(Key::Var(variable.into()));
        }
        Ok(match name {
            "system.hostname" => Key::Constant(hostname()),
            "system.slash" => Key::Constant(std::path::MAIN_SEPARATOR_STR.to_owned()),
            "system.os" => Key::Constant(go_os().to_owned()),
            "system.arch" => Key::Constant(go_arch().to_owned()),
            "system.wd" => {
                let folder = std::env::current_dir().unwrap_or_default();
                Key::Constant(folder.to_string_lossy().into_owned())
            }
            "time.now" => Key::Time(Clock::Go),
            "time.now.http" => Key::Time(Clock::Http),
            "time.now.common_log" => Key::Time(Clock::CommonLog),
            "time.now.year" => Key::Time(Clock::Year),
            "time.now.unix" => Key::Time(Clock::Unix),
            "time.now.unix_ms" => Key::Time(Clock::UnixMillis),
            "http.error" => Key::Error,
            "http.error.status_code" => Key::ErrorStatus,
            "http.error.status_text" => Key::ErrorStatusText,
            "http.error.message" => Key::ErrorMessage,
            "http.error.id" => Key::ErrorId,
            "http.error.trace" => Key::ErrorTrace,
            "http.shutting_down" | "http.time_until_shutdown" => {
                cx.refuse(&format!("placeholder {{{name}}}"))?;
                Key::Set(name.into())
            }
            other => Key::Set(other.into()),
        })
    }

    /// Whether it is a variable of an environment that is not known.
    pub(super) fn is_of_environment(&self) -> bool {
        matches!(self, Key::Set(name) if name.starts_with("env."))
    }

    /// Whether nothing can ever set it: names with a brace cannot be set.
    pub(super) fn is_impossible(&self) -> bool {
        matches!(self, Key::Set(name) if name.contains('{'))
    }
}

fn request_key(name: &str) -> Option<Key> {
    Some(match name {
        "method" => Key::Method,
        "scheme" => Key::Scheme,
        "proto" => Key::Proto { named: false },
        "proto_name" => Key::Proto { named: true },
        "hostport" => Key::HostPort,
        "host" => Key::Host,
        "port" => Key::Port,
        "local" => Key::Local(AddressPart::Whole),
        "local.host" => Key::Local(AddressPart::Host),
        "local.port" => Key::Local(AddressPart::Port),
        "remote" => Key::Remote(AddressPart::Whole),
        "remote.host" => Key::Remote(AddressPart::Host),
        "remote.port" => Key::Remote(AddressPart::Port),
        "uri" => Key::Uri { escaped: false },
        "uri_escaped" => Key::Uri { escaped: true },
        "uri.query" => Key::Query { escaped: false },
        "uri.query_escaped" => Key::Query { escaped: true },
        "uri.prefixed_query" => Key::PrefixedQuery,
        "orig_method" => Key::OriginalMethod,
        "orig_uri" => Key::OriginalUri,
        "orig_uri.query" => Key::OriginalQuery,
        "orig_uri.prefixed_query" => Key::OriginalPrefixedQuery,
        "duration" => Key::Duration { millis: false },
        "duration_ms" => Key::Duration { millis: true },
        "uuid" => Key::Uuid,
        _ => return request_family(name),
    })
}

fn request_family(name: &str) -> Option<Key> {
    if let Some(field) = name.strip_prefix("header.") {
        return Some(header_name(field).map_or_else(|| Key::Constant(String::new()), Key::Header));
    }
    if let Some(cookie) = name.strip_prefix("cookie.") {
        return Some(Key::Cookie(cookie.into()));
    }
    if let Some(parameter) = name.strip_prefix("uri.query.") {
        return Some(Key::Parameter(parameter.into()));
    }
    if let Some(path) = name.strip_prefix("uri.path") {
        return PathPart::parse(path).map(Key::Path);
    }
    if let Some(path) = name.strip_prefix("orig_uri.path") {
        return PathPart::parse(path).map(Key::OriginalPath);
    }
    if let Some(label) = name.strip_prefix("host.labels.") {
        return label.parse().ok().map(Key::HostLabel);
    }
    if let Some(bits) = name.strip_prefix("remote.host/") {
        let (v4, v6) = bits.split_once(',').unwrap_or((bits, bits));
        return Some(Key::RemoteNetwork { v4: v4.into(), v6: v6.into() });
    }
    TlsKey::parse(name.strip_prefix("tls.")?).map(Key::Tls)
}

/// `None` for what can be no header: it has no value in any request.
fn header_name(field: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(field.as_bytes()).ok()
}

fn hostname() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname");
    kernel.map_or_else(|_| std::env::var("HOSTNAME").unwrap_or_default(), |name| name.trim_end().to_owned())
}

fn go_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

impl fmt::Display for Key {
    /// The name, near enough for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Set(name) => f.write_str(name),
            Key::Var(name) => write!(f, "http.vars.{name}"),
            Key::Header(name) => write!(f, "http.request.header.{name}"),
            Key::Cookie(name) => write!(f, "http.request.cookie.{name}"),
            Key::Parameter(name) => write!(f, "http.request.uri.query.{name}"),
            Key::File(path) => write!(f, "file.{path}"),
            other => write!(f, "{other:?}"),
        }
    }
}
