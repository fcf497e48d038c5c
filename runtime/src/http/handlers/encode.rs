//! The handler `encode`: compresses what later handlers answer, if the client takes it and it is worth it.

mod body;
mod compressor;
#[cfg(test)]
mod tests;

use std::{future::poll_fn, pin::Pin};

use bytes::Bytes;
use caddis_config::http::{encoders::Encoder as EncoderConfig, handlers::Encode as Config};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;

use self::{body::CompressedBody, compressor::Algorithm};
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::{
        Body, Exchange, Handler, HandlerFuture, Next, Response, accept_encoding, body::announced_length,
        prefixed::prefixed, response_matcher::ResponseMatcher, sniff,
    },
};

struct Encode {
    algorithms: Vec<Algorithm>,
    prefer: Vec<String>,
    minimum: u64,
    /// `None` for the usual types.
    matcher: Option<ResponseMatcher>,
}

/// Fewer bytes than these are not worth the effort.
const MINIMUM: u64 = 512;

/// Types whose content compresses well; a type fits if it begins like one of these.
const COMPRESSIBLE: &[&str] = &[
    "application/atom+xml",
    "application/eot",
    "application/font",
    "application/geo+json",
    "application/graphql+json",
    "application/graphql-response+json",
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/manifest+json",
    "application/opentype",
    "application/otf",
    "application/rss+xml",
    "application/truetype",
    "application/ttf",
    "application/vnd.api+json",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-httpd-cgi",
    "application/x-javascript",
    "application/x-opentype",
    "application/x-otf",
    "application/x-perl",
    "application/x-protobuf",
    "application/x-ttf",
    "application/xhtml+xml",
    "application/xml",
    "font/otf",
    "font/ttf",
    "image/svg+xml",
    "image/vnd.microsoft.icon",
    "image/x-icon",
    "multipart/bag",
    "multipart/mixed",
    "text/",
];

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let algorithms = cx.at("encodings", |cx| {
        let encoders = config.encodings.iter();
        encoders
            .map(|encoder| cx.at(encoder.name(), |cx| algorithm(encoder, cx)))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let enabled = |name: &str| algorithms.iter().any(|algorithm| algorithm.name() == name);
    for (index, name) in config.prefer.iter().enumerate() {
        if !enabled(name) {
            return Err(cx.at("prefer", |cx| cx.error(format!("encoding {name} not enabled"))));
        }
        if config.prefer[..index].contains(name) {
            return Err(cx.at("prefer", |cx| cx.error(format!("encoding {name} is duplicated in prefer"))));
        }
    }
    let prefer = match config.prefer.as_slice() {
        [] => ["zstd", "gzip"].into_iter().filter(|name| enabled(name)).map(str::to_owned).collect(),
        names => names.to_vec(),
    };
    let minimum = match config.minimum_length {
        0 => MINIMUM,
        length => u64::try_from(length)
            .map_err(|_| cx.at("minimum_length", |cx| cx.unsupported("a negative minimum length")))?,
    };
    let matcher = match &config.matchers {
        Some(matcher) => Some(cx.at("match", |cx| ResponseMatcher::build(matcher, cx))?),
        None => None,
    };
    Ok(Box::new(Encode { algorithms, prefer, minimum, matcher }))
}

fn algorithm(config: &EncoderConfig, cx: &Build) -> Result<Algorithm, BuildError> {
    match config {
        EncoderConfig::Gzip(gzip) => match gzip.level {
            0 => Ok(Algorithm::Gzip { level: 5 }),
            -1 => Ok(Algorithm::Gzip { level: 6 }),
            level @ 1..=9 => Ok(Algorithm::Gzip { level: u32::try_from(level).unwrap_or(9) }),
            level @ (-3 | -2) => Err(cx.unsupported(&format!("gzip level {level}"))),
            level => Err(cx.error(format!("gzip level {level} is not between -3 and 9"))),
        },
        EncoderConfig::Zstd(zstd) => {
            let level = match zstd.level.as_str() {
                "" | "default" => 3,
                "fastest" => 1,
                "better" => 7,
                "best" => 11,
                other => {
                    return Err(cx.error(format!(
                        "unexpected compression level, use one of fastest, default, better, best: {other}"
                    )));
                }
            };
            Ok(Algorithm::Zstd { level, checksum: zstd.checksum.unwrap_or(true) })
        }
        EncoderConfig::Foreign(foreign) => Err(cx.unsupported(&format!("encoder {}", foreign.name))),
    }
}

impl Handler for Encode {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        let Some(algorithm) = self.choose(&exchange.request.headers) else {
            return next.run(exchange);
        };
        strip_suffix(&mut exchange.request.headers, algorithm.name());
        Box::pin(async move {
            let response = next.run(exchange).await?;
            self.compress(response, algorithm, exchange.request.method == Method::HEAD).await
        })
    }

    fn name(&self) -> &'static str {
        "encode"
    }
}

impl Encode {
    fn choose(&self, headers: &HeaderMap) -> Option<Algorithm> {
        if forbids_transformation(headers) {
            return None;
        }
        let accepted = accept_encoding::accepted(headers, &self.prefer);
        let known = |name: &&str| {
            self.algorithms.iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name)).copied()
        };
        accepted.iter().find_map(known)
    }

    async fn compress(&self, mut response: Response, algorithm: Algorithm, is_head: bool) -> Outcome {
        if response.status() == StatusCode::NOT_MODIFIED {
            add_vary(response.headers_mut());
        }
        if !is_head {
            self.name_type(&mut response).await?;
        }
        if !self.is_meant(&response) {
            return Ok(response);
        }
        let worthwhile = match known_length(&response) {
            _ if is_event_stream(response.headers()) => true,
            Some(length) => length > self.minimum,
            None if is_head => false,
            None => beginning(response.body_mut()).await?.len() as u64 > self.minimum,
        };
        if !worthwhile {
            return Ok(response);
        }
        mark(response.headers_mut(), algorithm.name());
        let body = std::mem::take(response.body_mut());
        if !is_head {
            let body = CompressedBody::new(body, algorithm)
                .map_err(|error| Error::new(Kind::Internal, "starting a compression").because(error))?;
            *response.body_mut() = Body::boxed(body);
        }
        Ok(response)
    }

    /// Finds the type of a response that says none by its first bytes, if it is long enough to be compressed. Caddy
    /// does that too for parts of content and for what is encoded already, of which the bytes tell nothing.
    async fn name_type(&self, response: &mut Response) -> Outcome<()> {
        if !is_plain(response)
            || response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| !kind.is_empty())
        {
            return Ok(());
        }
        let announced = known_length(response);
        if announced.is_some_and(|length| length <= self.minimum) {
            return Ok(());
        }
        let first = beginning(response.body_mut()).await?;
        if announced.is_some() || first.len() as u64 > self.minimum {
            let kind = HeaderValue::from_static(sniff::media_type(&first));
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        Ok(())
    }

    fn is_meant(&self, response: &Response) -> bool {
        let (status, headers) = (response.status(), response.headers());
        if !is_plain(response) || forbids_transformation(headers) {
            return false;
        }
        match &self.matcher {
            Some(matcher) => matcher.matches(status, headers),
            None => headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
                COMPRESSIBLE.iter().any(|prefix| kind.as_bytes().starts_with(prefix.as_bytes()))
            }),
        }
    }
}

/// Whether a response has the whole content, as it is.
fn is_plain(response: &Response) -> bool {
    let (status, headers) = (response.status(), response.headers());
    !status.is_informational()
        && !matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        && headers.get(header::CONTENT_ENCODING).is_none_or(HeaderValue::is_empty)
}

/// The first piece of a body; waits for it, and leaves it in the body.
async fn beginning(body: &mut Body) -> Outcome<Bytes> {
    let Some(first) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await else {
        return Ok(Bytes::new());
    };
    let first = first.map_err(|error| {
        Error::new(Kind::UpstreamBroken, "reading a response body").because(error).after_answer()
    })?;
    let data = first.data_ref().cloned().unwrap_or_default();
    *body = prefixed([Some(first), None], std::mem::take(body));
    Ok(data)
}

fn forbids_transformation(headers: &HeaderMap) -> bool {
    let control = headers.get(header::CACHE_CONTROL).and_then(|control| control.to_str().ok());
    control.is_some_and(|control| control.contains("no-transform"))
}

fn known_length(response: &Response) -> Option<u64> {
    announced_length(response.headers()).or_else(|| response.body().size_hint().exact())
}

/// Events are compressed whatever their length, as nobody knows when the first will come.
fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim_end().eq_ignore_ascii_case("text/event-stream")
}

/// What changes in the header of a compressed response. Its entity tag is another, so that caches do not mix up the
/// two (RFC 9110, section 8.8.3.3).
fn mark(headers: &mut HeaderMap, encoding: &'static str) {
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::ACCEPT_RANGES);
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    add_vary(headers);
    let tagged = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).and_then(|tag| {
        let strong = !tag.is_empty() && !tag.starts_with("W/");
        strong.then(|| format!("{}-{encoding}\"", tag.strip_suffix('"').unwrap_or(tag)))
    });
    if let Some(tag) = tagged.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        headers.insert(header::ETAG, tag);
    }
}

/// Takes what [`mark`] adds to an entity tag off again, so that whoever made the tag knows it.
fn strip_suffix(headers: &mut HeaderMap, encoding: &str) {
    let own = headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok()).and_then(|tag| {
        let rest = tag.strip_suffix('"')?.strip_suffix(encoding)?.strip_suffix('-')?;
        (!tag.starts_with("W/")).then(|| format!("{rest}\""))
    });
    if let Some(tag) = own.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        headers.insert(header::IF_NONE_MATCH, tag);
    }
}

fn add_vary(headers: &mut HeaderMap) {
    let named = headers
        .get_all(header::VARY)
        .iter()
        .filter_map(|vary| vary.to_str().ok())
        .any(|vary| vary.split(',').any(|name| name.trim().eq_ignore_ascii_case("accept-encoding")));
    if !named {
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}
