//! The handler `file_server`: serves files of the disk.
//!
//! Everything that may block (looking for the file, opening it, reading its beginning) is one job on another thread;
//! a small file needs no second one.

mod browse;
mod hide;
mod locate;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::SystemTime};

use caddis_config::http::{handlers::FileServer as Config, precompressed::Precompressed};
use http::{HeaderValue, Method, StatusCode, header};

use self::{
    browse::Browse,
    hide::Hide,
    locate::{Found, Lookup, Outcome as Located},
};
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::{
        Body, Exchange, Handler, HandlerFuture, Next, Response, accept_encoding,
        conditions::{Conditions, Verdict},
        file_body::FileBody,
        status::Status,
        uri,
    },
    placeholder::Template,
};

struct FileServer {
    root: Template,
    indexes: Vec<Template>,
    canonical: bool,
    status: Option<Status>,
    pass_thru: bool,
    precompressed: Vec<Sidecar>,
    order: Vec<String>,
    hide: Vec<Template>,
    fixed: Arc<Fixed>,
}

/// What does not depend on the request.
#[derive(Debug, Default)]
struct Fixed {
    /// `None` when one of them has placeholders.
    hide: Option<Hide>,
    indexes: Option<Vec<String>>,
    etag_extensions: Vec<String>,
    browse: Option<Browse>,
}

/// A compressed neighbour that a file may have.
#[derive(Debug, Clone, Copy)]
struct Sidecar {
    encoding: &'static str,
    suffix: &'static str,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let other = !matches!(config.fs.as_str(), "" | "default");
    cx.refuse_fields(&[("fs", other, "a file system other than the default one")])?;
    let browse = config.browse.as_ref();
    let browse = browse.map(|browse| cx.at("browse", |cx| Browse::build(browse, cx))).transpose()?;
    let root = if config.root.is_empty() { "{http.vars.root}" } else { &config.root };
    let default = ["index.html".to_owned(), "index.txt".to_owned()];
    let indexes = if config.index_names.is_empty() { &default[..] } else { &config.index_names };
    let templates = |texts: &[String], cx: &Build| {
        texts.iter().map(|text| Template::all(text, cx)).collect::<Result<Vec<_>, _>>()
    };
    let (indexes, hide) = (templates(indexes, cx)?, templates(&config.hide, cx)?);
    let constants = |templates: &[Template]| {
        templates.iter().map(|text| text.constant().map(str::to_owned)).collect::<Option<Vec<_>>>()
    };
    let fixed = Fixed {
        hide: constants(&hide).map(Hide::new),
        indexes: constants(&indexes),
        etag_extensions: config.etag_file_extensions.clone(),
        browse,
    };
    let precompressed = config.precompressed.iter().map(|kind| match kind {
        Precompressed::Br(_) => Ok(Sidecar { encoding: "br", suffix: ".br" }),
        Precompressed::Gzip(_) => Ok(Sidecar { encoding: "gzip", suffix: ".gz" }),
        Precompressed::Zstd(_) => Ok(Sidecar { encoding: "zstd", suffix: ".zst" }),
        Precompressed::Foreign(foreign) => {
            let what = format!("precompressed files of the kind {}", foreign.name);
            cx.at("precompressed", |cx| cx.at(&foreign.name, |cx| Err(cx.unsupported(&what))))
        }
    });
    let precompressed = precompressed.collect::<Result<_, _>>()?;
    Ok(Box::new(FileServer {
        root: Template::all(root, cx)?,
        indexes,
        canonical: config.canonical_uris.unwrap_or(true),
        status: cx.at("status_code", |cx| Status::build(&config.status_code, cx))?,
        pass_thru: config.pass_thru,
        precompressed,
        order: config.precompressed_order.clone(),
        hide,
        fixed: Arc::new(fixed),
    }))
}

impl Handler for FileServer {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        Box::pin(async move {
            let status = match &self.status {
                Some(status) => Some(status.get(exchange)?),
                None => exchange.error.as_ref().map(Error::status),
            };
            let lookup = self.lookup(exchange, status);
            let located = tokio::task::spawn_blocking(move || lookup.run()).await;
            match located.map_err(|error| Error::new(Kind::Internal, "serving a file").because(error))? {
                Located::Found(found) => respond(exchange, found, status),
                Located::Folder(listing) => match &self.fixed.browse {
                    Some(browse) => Ok(browse.respond(listing, exchange)),
                    None => Err(Error::status_only(StatusCode::NOT_FOUND)),
                },
                Located::Missing if self.pass_thru => next.run(exchange).await,
                Located::Missing => Err(Error::status_only(StatusCode::NOT_FOUND)),
                Located::AddSlash => Ok(redirect(exchange, true)),
                Located::RemoveSlash => Ok(redirect(exchange, false)),
                Located::Method => {
                    let headers = exchange.response_headers_mut();
                    headers.append(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
                    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
                    Err(Error::status_only(StatusCode::METHOD_NOT_ALLOWED))
                }
                Located::Failed(status, error) => {
                    if status == StatusCode::SERVICE_UNAVAILABLE {
                        let retry = HeaderValue::from_static("3");
                        exchange.response_headers_mut().insert(header::RETRY_AFTER, retry);
                    }
                    Err(Error::new(Kind::Status(status), "").because(error))
                }
            }
        })
    }

    fn name(&self) -> &'static str {
        "file_server"
    }
}

impl FileServer {
    fn lookup(&self, exchange: &Exchange, status: Option<StatusCode>) -> Lookup {
        let render = |templates: &[Template]| {
            templates.iter().map(|template| template.render(exchange).into_owned()).collect::<Vec<_>>()
        };
        let request = &exchange.request;
        let path = uri::path(&request.uri).into_owned();
        let original = uri::path(exchange.original().1);
        let accepted = match self.precompressed.as_slice() {
            [] => Vec::new(),
            _ => accept_encoding::accepted(&request.headers, &self.order),
        };
        let sidecars = accepted.iter().filter_map(|name| {
            self.precompressed.iter().find(|sidecar| sidecar.encoding.eq_ignore_ascii_case(name)).copied()
        });
        let early = exchange.response_headers.as_ref().and_then(|headers| headers.get(header::ETAG));
        Lookup {
            root: self.root.render(exchange).into_owned(),
            hide: self.fixed.hide.is_none().then(|| Hide::new(render(&self.hide))),
            indexes: self.fixed.indexes.is_none().then(|| render(&self.indexes)),
            // Redirects never lead from what an administrator has rewritten to.
            slash: (self.canonical && uri::base(&original) == uri::base(&path))
                .then(|| original.ends_with('/')),
            // The links of a listing lead astray without the slash.
            lacks_slash: (path.is_empty() || uri::base(&original) == uri::base(&path))
                && !original.ends_with('/'),
            path,
            sidecars: sidecars.collect(),
            etag: early.and_then(|etag| etag.to_str().ok()).map(str::to_owned),
            // An answer with a status of its own is sent whole.
            conditions: if status.is_some() {
                Conditions::default()
            } else {
                Conditions::of(&request.headers)
            },
            allowed: matches!(request.method, Method::GET | Method::HEAD) || exchange.error.is_some(),
            fixed: Arc::clone(&self.fixed),
        }
    }
}

/// To the same path with or without a slash at its end; the client's own path counts, not what it was rewritten to.
fn redirect(exchange: &mut Exchange, add: bool) -> Response {
    let path = exchange.original().1.path();
    let path = if add { format!("{path}/") } else { path.strip_suffix('/').unwrap_or(path).to_owned() };
    // Two slashes would make a host of what follows.
    let mut to = format!("/{}", path.trim_start_matches('/'));
    if let Some(query) = exchange.request.uri.query() {
        to.push('?');
        to.push_str(query);
    }
    let is_get = matches!(exchange.request.method, Method::GET | Method::HEAD);
    let mut response = exchange.respond(StatusCode::PERMANENT_REDIRECT);
    let headers = response.headers_mut();
    if is_get && !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        let link = browse::text_of(&to);
        *response.body_mut() = Body::from(format!("<a href=\"{link}\">Permanent Redirect</a>.\n\n"));
    }
    if let Ok(to) = HeaderValue::from_str(&to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

fn respond(exchange: &mut Exchange, found: Found, status: Option<StatusCode>) -> Outcome {
    let mut response = exchange.respond(StatusCode::OK);
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(etag) = HeaderValue::from_str(&found.etag)
        && !found.etag.is_empty()
    {
        headers.insert(header::ETAG, etag);
    }
    if !headers.contains_key(header::CONTENT_TYPE)
        && let Some(kind) = content_type(&found.extension)
    {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(modified) = found.modified.map(last_modified) {
        headers.insert(header::LAST_MODIFIED, modified);
    }
    if let Some(encoding) = found.encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    match found.verdict {
        Verdict::NotModified => {
            headers.remove(header::CONTENT_TYPE);
            headers.remove(header::CONTENT_ENCODING);
            if headers.contains_key(header::ETAG) {
                headers.remove(header::LAST_MODIFIED);
            }
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        Verdict::Failed => *response.status_mut() = StatusCode::PRECONDITION_FAILED,
        Verdict::Send => {
            headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
            found.content.send(&mut response, found.file);
            if let Some(status) = status {
                *response.status_mut() = status;
            }
        }
    }
    Ok(response)
}

impl locate::Content {
    fn send(self, response: &mut Response, file: std::fs::File) {
        let (status, headers) = (self.status, response.headers_mut());
        if let Some(range) = self.content_range.and_then(|range| HeaderValue::from_str(&range).ok()) {
            headers.insert(header::CONTENT_RANGE, range);
        }
        if let Some(kind) = self.content_type.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if status == StatusCode::RANGE_NOT_SATISFIABLE {
            for name in [header::ETAG, header::LAST_MODIFIED, header::CONTENT_ENCODING, header::ACCEPT_RANGES]
            {
                headers.remove(name);
            }
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.length));
        *response.status_mut() = status;
        *response.body_mut() = match self.segments {
            segments if segments.is_empty() => Body::Empty,
            mut segments => match segments.as_mut_slice() {
                [crate::http::file_body::Segment::Bytes(bytes)] => Body::from(std::mem::take(bytes)),
                _ => Body::boxed(FileBody::new(file, segments)),
            },
        };
    }
}

fn last_modified(time: SystemTime) -> HeaderValue {
    HeaderValue::from_str(&httpdate::fmt_http_date(time)).expect("a date has no control characters")
}

/// The type of a file by its extension; text is UTF-8, as Go says. `None` leaves it to the client.
fn content_type(extension: &str) -> Option<HeaderValue> {
    let kind = mime_guess::from_ext(extension).first_raw()?;
    if kind.starts_with("text/") {
        return HeaderValue::from_str(&format!("{kind}; charset=utf-8")).ok();
    }
    Some(HeaderValue::from_static(kind))
}
