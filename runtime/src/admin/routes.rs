//! The endpoints of the admin API.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use caddis_config::to_json;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use super::{
    access::Access,
    config_tree, pki,
    reply::{ApiError, Reply, content, done, json},
    streams,
};
use crate::{control::Control, logging::Logger, metrics::Form};

/// The largest body that is read, in bytes: Caddy's 100 MB.
const BODY_LIMIT: usize = 100 * 1024 * 1024;

/// Answers one request.
pub(super) async fn answer(
    request: Request<Incoming>,
    access: &Access,
    control: &Arc<Control>,
    logger: &Logger,
) -> Result<Reply, Infallible> {
    let (head, body) = request.into_parts();
    logger.named("admin.api").info("received request", |fields| {
        fields.add("method", head.method.as_str()).add("uri", head.uri.to_string());
    });
    let outcome = match access.check(&head.headers) {
        Err(error) => Err(error),
        Ok(origin) => {
            let replied = if head.method == Method::OPTIONS && origin.is_some() {
                Ok(preflight())
            } else {
                route(&head, body, control).await
            };
            replied.map(|mut reply| {
                if let Some(origin) = origin {
                    reply.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                }
                reply
            })
        }
    };
    let pattern = pattern(head.uri.path());
    let reply = outcome.unwrap_or_else(|error| {
        logger.named("admin.api").error("request error", |fields| {
            fields.add("error", error.message.as_str()).add("status_code", i64::from(error.status.as_u16()));
        });
        control.runtime().process().metrics.admin_error(pattern, &head.method);
        error.into_reply()
    });
    control.runtime().process().metrics.admin_request(pattern, &head.method, reply.status());
    Ok(reply)
}

/// The endpoint of a path, for metrics: paths of clients must not become labels.
fn pattern(path: &str) -> &'static str {
    const ENDPOINTS: [&str; 10] = [
        "/config/",
        "/id/",
        "/load",
        "/adapt",
        "/stop",
        "/reverse_proxy/streams",
        "/reverse_proxy/upstreams",
        "/metrics",
        "/mirror/report",
        "/pki/",
    ];
    ENDPOINTS.into_iter().find(|endpoint| path.starts_with(endpoint.trim_end_matches('/'))).unwrap_or("other")
}

fn preflight() -> Reply {
    let mut reply = done();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "OPTIONS, GET, POST, PUT, PATCH, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Content-Length, Cache-Control"),
        (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
    ] {
        reply.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    reply
}

async fn route(
    head: &http::request::Parts,
    body: Incoming,
    control: &Arc<Control>,
) -> Result<Reply, ApiError> {
    let path = head.uri.path();
    let only = |method: Method| {
        let wrong = || ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
        if head.method == method { Ok(()) } else { Err(wrong()) }
    };
    match path {
        "/load" => {
            only(Method::POST)?;
            load(&head.headers, read(body).await?, control).await
        }
        "/adapt" => {
            only(Method::POST)?;
            adapt(&head.headers, &read(body).await?, control).await
        }
        "/stop" => {
            only(Method::POST)?;
            control.stop();
            Ok(done())
        }
        "/reverse_proxy/upstreams" => {
            only(Method::GET)?;
            Ok(json(upstreams(control)))
        }
        "/reverse_proxy/streams" if head.method == Method::DELETE => streams::drain(&head.uri, control),
        "/reverse_proxy/streams" => {
            only(Method::GET)?;
            Ok(streams::list(control))
        }
        "/mirror/report" => {
            let mirrors = &control.runtime().process().mirrors;
            if head.method == Method::DELETE {
                return Ok(json(format!("{}\n", mirrors.reset())));
            }
            only(Method::GET)?;
            Ok(json(format!("{}\n", mirrors.report())))
        }
        "/metrics" => {
            only(Method::GET)?;
            let form = Form::wanted(&head.headers);
            Ok(content(form.content_type(), control.runtime().process().metrics.text(form)))
        }
        _ => {
            if let Some(rest) = path.strip_prefix("/pki/ca/") {
                only(Method::GET)?;
                return pki::answer(rest, control);
            }
            if let Some(id) = path.strip_prefix("/id/") {
                return by_id(id, head, body, control).await;
            }
            match path.strip_prefix("/config").filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                Some(rest) => config(rest.trim_matches('/'), head, body, control).await,
                None => Err(ApiError::not_found(format!("unrecognized endpoint: {path}"))),
            }
        }
    }
}

/// Every upstream with what is counted of it. `healthy` is more than Caddy tells.
fn upstreams(control: &Control) -> String {
    let hosts = &control.runtime().process().hosts;
    let healthy = hosts.healthy();
    let list: Vec<String> = hosts
        .all()
        .iter()
        .map(|host| {
            let (address, requests, fails) = (to_json(&&*host.address), host.requests(), host.fails());
            let healthy = healthy.get(&host.address).copied().unwrap_or(true);
            format!("{{\"address\":{address},\"num_requests\":{requests},\"fails\":{fails},\"healthy\":{healthy}}}")
        })
        .collect();
    format!("[{}]\n", list.join(","))
}

async fn read(body: Incoming) -> Result<Bytes, ApiError> {
    let collected = Limited::new(body, BODY_LIMIT).collect().await;
    collected
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| ApiError::bad(format!("reading request body: {error}")))
}

/// The adapter that a content type asks for; `None` for JSON.
fn adapter_name(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::bad("invalid Content-Type"))?;
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((_, subtype)) = media_type.split_once('/') else {
        return Err(ApiError::bad(format!("invalid Content-Type: {text}")));
    };
    Ok(Some(subtype.to_owned()).filter(|subtype| subtype != "json"))
}

async fn run_adapter(
    name: &str,
    body: &[u8],
    control: &Control,
) -> Result<crate::control::Adapted, ApiError> {
    if name != "caddyfile" {
        return Err(ApiError::bad(format!("unrecognized config adapter '{name}'")));
    }
    let text = String::from_utf8_lossy(body).into_owned();
    let adapted = control.adapt(text).await?;
    adapted.map_err(|message| ApiError::bad(format!("adapting config using caddyfile adapter: {message}")))
}

async fn load(headers: &HeaderMap, body: Bytes, control: &Arc<Control>) -> Result<Reply, ApiError> {
    let (text, warnings) = match adapter_name(headers)? {
        None => (String::from_utf8_lossy(&body).into_owned(), Vec::new()),
        Some(name) => {
            let adapted = run_adapter(&name, &body, control).await?;
            (adapted.json, adapted.warnings)
        }
    };
    let force = headers.get(header::CACHE_CONTROL).is_some_and(|value| value == "must-revalidate");
    let loaded = control.load(text, force).await;
    control.runtime().process().metrics.config_loaded(loaded.is_ok());
    loaded.map_err(|error| ApiError {
        message: format!("loading config: loading new config: {error}"),
        ..error.into()
    })?;
    Ok(if warnings.is_empty() { done() } else { json(to_json(&warnings)) })
}

async fn adapt(headers: &HeaderMap, body: &[u8], control: &Control) -> Result<Reply, ApiError> {
    let name = adapter_name(headers)?.unwrap_or_default();
    let adapted = run_adapter(&name, body, control).await?;
    let warnings = if adapted.warnings.is_empty() {
        String::new()
    } else {
        format!("\"warnings\":{},", to_json(&adapted.warnings))
    };
    // The result is spliced in as text: as a value its keys would be sorted.
    Ok(json(format!("{{{warnings}\"result\":{}}}\n", adapted.json)))
}

async fn by_id(
    rest: &str,
    head: &http::request::Parts,
    body: Incoming,
    control: &Arc<Control>,
) -> Result<Reply, ApiError> {
    let (id, below) = rest.split_once('/').unwrap_or((rest, ""));
    if id.is_empty() {
        return Err(ApiError::bad("request path is missing object ID"));
    }
    let current = control.current().await;
    let pointer =
        current.ids.get(id).ok_or_else(|| ApiError::not_found(format!("unknown object ID '{id}'")))?;
    let path = format!("{}/{below}", pointer.trim_matches('/'));
    config(path.trim_matches('/'), head, body, control).await
}

async fn config(
    path: &str,
    head: &http::request::Parts,
    body: Incoming,
    control: &Arc<Control>,
) -> Result<Reply, ApiError> {
    if head.method == Method::GET || head.method == Method::HEAD {
        let current = control.current().await;
        let text = shown(config_tree::get(&current.value(), path)?);
        let mut reply = json(text.clone());
        let tag =
            header::HeaderValue::from_str(&etag(path, &text)).map_err(|_| ApiError::bad("invalid path"))?;
        reply.headers_mut().insert(header::ETAG, tag);
        return Ok(reply);
    }
    if ![Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&head.method) {
        let message = format!("method {} not allowed", head.method);
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message));
    }
    let new = if head.method == Method::DELETE {
        Value::Null
    } else {
        let media_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !media_type.is_some_and(|media_type| media_type.contains("/json")) {
            return Err(ApiError::bad(format!(
                "unacceptable content-type: {}",
                media_type.unwrap_or_default()
            )));
        }
        let body = read(body).await?;
        serde_json::from_slice(&body)
            .map_err(|error| ApiError::bad(format!("decoding request body: {error}")))?
    };
    let condition = head.headers.get(header::IF_MATCH).cloned();
    let changed = control
        .change(|current| {
            if let Some(condition) = &condition {
                check_condition(condition, current)?;
            }
            config_tree::change(current, path, &head.method, new)
        })
        .await;
    control.runtime().process().metrics.config_loaded(changed.is_ok());
    changed.map(|()| done())
}

fn shown(value: &Value) -> String {
    format!("{}\n", to_json(value))
}

/// `"PATH HASH"`: the hash is over what a GET of the path shows.
fn etag(path: &str, shown: &str) -> String {
    format!("\"/config/{path} {:x}\"", xxhash_rust::xxh64::xxh64(shown.as_bytes(), 0))
}

/// `If-Match` names the path that must be unchanged, which need not be the one that is changed.
fn check_condition(condition: &header::HeaderValue, raw: &Value) -> Result<(), ApiError> {
    let malformed = || ApiError::bad("malformed If-Match header; expect format \"<path> <hash>\"");
    let text = condition.to_str().map_err(|_| malformed())?.trim();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or_else(malformed)?;
    let (path, _) = inner.split_once(' ').ok_or_else(malformed)?;
    let path = path.strip_prefix("/config").ok_or_else(malformed)?.trim_matches('/');
    let now = etag(path, &shown(config_tree::get(raw, path)?));
    if now == text {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::PRECONDITION_FAILED,
        format!("If-Match header did not match current config hash: {now}"),
    ))
}
