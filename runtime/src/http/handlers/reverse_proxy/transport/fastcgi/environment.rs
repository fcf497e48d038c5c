//! What a responder is told of a request: the variables of CGI (RFC 3875, section 4.1) and those that PHP expects.

use std::path::{Path, PathBuf};

use caddis_config::http::reverse_proxy::transport::FastCgi as Config;
use http::{HeaderValue, StatusCode, Version, header, request::Parts};

use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::{Exchange, files, uri},
    placeholder::Template,
};

const SOFTWARE: &str = concat!("Caddis/", env!("CARGO_PKG_VERSION"));
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

#[derive(Debug)]
pub(super) struct Environment {
    root: Template,
    resolve_root: bool,
    /// In lower case.
    split_path: Vec<String>,
    variables: Vec<(String, Template)>,
    remainder: Template,
    user: Template,
}

impl Environment {
    pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let root = if config.root.is_empty() { "{http.vars.root}" } else { &config.root };
        if config.split_path.iter().any(|split| !split.is_ascii()) {
            return Err(cx.at("split_path", |cx| cx.error("split path can only have ASCII characters")));
        }
        let variables = cx.at("env", |cx| {
            let variable = |(name, value): (&String, &String)| Ok((name.clone(), Template::all(value, cx)?));
            config.env.iter().map(variable).collect::<Result<_, _>>()
        })?;
        Ok(Self {
            root: cx.at("root", |cx| Template::all(root, cx))?,
            resolve_root: config.resolve_root_symlink,
            split_path: config.split_path.iter().map(|split| split.to_ascii_lowercase()).collect(),
            variables,
            remainder: Template::all("{http.matchers.file.remainder}", cx)?,
            user: Template::all("{http.auth.user.id}", cx)?,
        })
    }

    /// The variables for a request as the upstream is to see it.
    ///
    /// # Errors
    /// 400 for a path with a null byte, which PHP might take for the end of it.
    pub(super) fn of(&self, head: &Parts, exchange: &Exchange) -> Result<Vec<(String, String)>, Error> {
        let path = uri::path(&head.uri);
        if path.contains('\0') {
            let error = Error::new(Kind::Status(StatusCode::BAD_REQUEST), "invalid request path");
            return Err(error);
        }
        let root = self.root(exchange)?;
        let split = self.split(&path);
        let (document, mut info) = split.map_or((&*path, ""), |at| path.split_at(at));
        let script = path.strip_suffix(info).unwrap_or(&path);
        let remainder = self.remainder.render(exchange);
        if info.is_empty() {
            info = &remainder;
        }
        let mut variables = Variables(Vec::with_capacity(48));
        variables.request(head, exchange, &self.user.render(exchange));
        variables.addresses(exchange);
        variables.set("PATH_INFO", info);
        variables.set("DOCUMENT_ROOT", &root);
        variables.set("DOCUMENT_URI", document);
        variables.set("SCRIPT_FILENAME", files::join(&root, script));
        let slash = if script.is_empty() || script.starts_with('/') { "" } else { "/" };
        variables.set("SCRIPT_NAME", format!("{slash}{script}"));
        if !info.is_empty() {
            variables.set("PATH_TRANSLATED", files::join(&root, info));
        }
        variables.tls(exchange);
        for (name, value) in &self.variables {
            variables.set(name, value.render(exchange));
        }
        variables.fields(head);
        Ok(variables.0)
    }

    fn root(&self, exchange: &Exchange) -> Result<String, Error> {
        let root = self.root.render(exchange);
        let root = if root.is_empty() { "." } else { &*root };
        let failed =
            |error: std::io::Error| Error::new(Kind::Internal, format!("root {root}")).because(error);
        let mut absolute: PathBuf = std::path::absolute(Path::new(root)).map_err(failed)?;
        if self.resolve_root {
            absolute = std::fs::canonicalize(&absolute).map_err(failed)?;
        }
        Ok(files::clean_root(&absolute.to_string_lossy()))
    }

    /// Where the script ends and the path for it begins: after the first of `split_path` that occurs, in any case of
    /// ASCII. At the start if there is nothing to split by.
    fn split(&self, path: &str) -> Option<usize> {
        if self.split_path.is_empty() {
            return Some(0);
        }
        let path = path.to_ascii_lowercase();
        let ends = self.split_path.iter().filter(|split| !split.is_empty());
        ends.filter_map(|split| path.find(split.as_str()).map(|at| at + split.len())).next()
    }
}

/// Variables in the order in which they were set; later ones replace earlier ones of the same name.
struct Variables(Vec<(String, String)>);

impl Variables {
    fn set(&mut self, name: &str, value: impl AsRef<str>) {
        let value = value.as_ref().to_owned();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    fn request(&mut self, head: &Parts, exchange: &Exchange, user: &str) {
        let field = |name| head.headers.get(name).map(text).unwrap_or_default();
        let form = if head.method.is_safe() { String::new() } else { text(&FORM) };
        let kind = head.headers.get(header::CONTENT_TYPE).map_or(form, text);
        let host = field(header::HOST);
        let (name, port) = uri::split_host_port(&host).unwrap_or((&host, ""));
        let (scheme, usual_port) = if exchange.is_tls() { ("https", "443") } else { ("http", "80") };
        for (variable, value) in [
            ("AUTH_TYPE", ""),
            ("CONTENT_LENGTH", &*field(header::CONTENT_LENGTH)),
            ("CONTENT_TYPE", &*kind),
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("QUERY_STRING", head.uri.query().unwrap_or_default()),
            ("REMOTE_IDENT", ""),
            ("REMOTE_USER", user),
            ("REQUEST_METHOD", head.method.as_str()),
            ("REQUEST_SCHEME", scheme),
            ("SERVER_NAME", name),
            ("SERVER_PORT", if port.is_empty() { usual_port } else { port }),
            ("SERVER_PROTOCOL", protocol(exchange.request.version)),
            ("SERVER_SOFTWARE", SOFTWARE),
            ("HTTP_HOST", &*host),
            // Applications want what the client asked for, whatever it was rewritten to.
            ("REQUEST_URI", uri::request_uri(exchange.original().1)),
        ] {
            self.set(variable, value);
        }
    }

    fn addresses(&mut self, exchange: &Exchange) {
        let remote = exchange.connection.remote;
        let ip = remote.map(|remote| remote.ip().to_canonical().to_string()).unwrap_or_default();
        self.set("REMOTE_ADDR", &ip);
        self.set("REMOTE_HOST", &ip);
        self.set("REMOTE_PORT", remote.map(|remote| remote.port().to_string()).unwrap_or_default());
        if let Some(local) = exchange.connection.local {
            self.set("SERVER_ADDR", local.ip().to_canonical().to_string());
        }
    }

    /// The names are those of Apache's mod_ssl.
    fn tls(&mut self, exchange: &Exchange) {
        let Some(tls) = &exchange.connection.tls else { return };
        self.set("HTTPS", "on");
        match tls.version {
            "tls1.2" => self.set("SSL_PROTOCOL", "TLSv1.2"),
            "tls1.3" => self.set("SSL_PROTOCOL", "TLSv1.3"),
            _ => {}
        }
        self.set("SSL_CIPHER", tls.cipher_suite);
    }

    /// Every field of the header. `Proxy` is left out: as a variable it would name a proxy to programs (httpoxy).
    fn fields(&mut self, head: &Parts) {
        for name in head.headers.keys().filter(|name| *name != header::HOST && name.as_str() != "proxy") {
            let values: Vec<_> = head.headers.get_all(name).iter().map(text).collect();
            let variable = name.as_str().to_ascii_uppercase().replace('-', "_");
            self.set(&format!("HTTP_{variable}"), values.join(", "));
        }
    }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}
