//! Handlers.

use std::collections::HashMap;
use std::slice;

use super::routes::Context;
use super::{Report, mirror, reverse_proxy, template};
use crate::http::Handler;
use crate::http::authentication::providers::Provider;
use crate::http::encoders::Encoder;
use crate::http::handlers::{
    Authentication, Browse, Encode, HeaderReplacement, Headers, Map, Rewrite, StaticResponse, Subroute,
};

pub(super) fn check(report: &mut Report, handler: &Handler, routes: &Context<'_>) {
    match handler {
        Handler::AcmeServer(handler) => {
            report.within("ca", |report| routes.authorities.check(report, &handler.ca));
        }
        Handler::Authentication(handler) => authentication(report, handler),
        Handler::CopyResponseHeaders(handler) => {
            if !handler.exclude.is_empty() && !handler.include.is_empty() {
                report.error("cannot define both 'exclude' and 'include' lists at the same time");
            }
        }
        Handler::Encode(handler) => encode(report, handler),
        Handler::FileServer(handler) => report.field("browse", &handler.browse, browse),
        Handler::Headers(handler) => {
            report.responses.have_type |= sets_type(handler);
            headers(report, handler);
        }
        Handler::Intercept(handler) => routes.response_handlers(report, &handler.handle_response),
        Handler::Invoke(handler) => {
            if !routes.server.named_routes.contains_key(&handler.name) {
                report.within("name", |report| {
                    report.error(format!("invoke: route '{}' not found", handler.name));
                });
            }
        }
        Handler::Map(handler) => map(report, handler),
        Handler::Mirror(handler) => mirror::check(report, handler, routes),
        Handler::ReverseProxy(handler) => reverse_proxy::check(report, handler, routes),
        Handler::Rewrite(handler) => rewrite(report, handler),
        Handler::Subroute(handler) => subroute(report, handler, routes),
        Handler::Vars(handler) => {
            let names = handler.0.get("access_logger_names").into_iter();
            for name in names.flat_map(|names| names.as_array().map_or(slice::from_ref(names), Vec::as_slice))
            {
                let path = format!("{}/access_logger_names", report.path);
                // Of another kind than a text, Caddy takes none.
                report.chosen_loggers.extend(name.as_str().map(|name| (path, name.to_owned())));
            }
        }
        Handler::StaticResponse(handler) => body(report, handler),
        Handler::Templates(handler) => {
            report.responses.templates = template::Language::of(handler);
            if !matches!(handler.delimiters.len(), 0 | 2) {
                report.within("delimiters", |report| {
                    report.error("delimiters must consist of exactly two elements: opening and closing");
                });
            }
        }
        Handler::CopyResponse(_)
        | Handler::Error(_)
        | Handler::LogAppend(_)
        | Handler::Metrics(_)
        | Handler::Push(_)
        | Handler::RequestBody(_)
        | Handler::Timeouts(_)
        | Handler::Tracing(_)
        | Handler::Foreign(_) => {}
    }
}

/// What is known of the responses to requests that come to a handler.
#[derive(Clone, Default)]
pub(super) struct Responses {
    /// How templates among them are written, if they are any.
    pub(super) templates: Option<template::Language>,
    /// Whether their type may have been set already.
    pub(super) have_type: bool,
}

fn is_type(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
}

fn sets_type(headers: &Headers) -> bool {
    let response = headers.response.as_ref();
    response.is_some_and(|ops| ops.add.keys().chain(ops.set.keys()).any(|name| is_type(name)))
}

/// A body behind templates is one, unless it is taken for JSON.
fn body(report: &mut Report, handler: &StaticResponse) {
    let Responses { templates: Some(language), have_type: false } = &report.responses else { return };
    let text = handler.body.trim();
    let is_json = || text.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(text).is_ok();
    if handler.headers.keys().any(|name| is_type(name)) || is_json() {
        return;
    }
    if let Err(mistake) = language.check(&handler.body) {
        report.within("body", |report| report.warn(format!("every such response will fail: {mistake}")));
    }
}

pub(super) fn subroute(report: &mut Report, handler: &Subroute, routes: &Context<'_>) {
    report.within("routes", |report| routes.check(report, &handler.routes));
    report.field("errors", &handler.errors, |report, errors| {
        report.within("routes", |report| routes.check(report, &errors.routes));
    });
}

fn authentication(report: &mut Report, handler: &Authentication) {
    let Some(Provider::HttpBasic(basic)) = handler.providers.get("http_basic") else { return };
    let mut seen = HashMap::new();
    report.within("providers", |report| {
        report.within("http_basic", |report| {
            report.within("accounts", |report| {
                for (index, account) in basic.accounts.iter().enumerate() {
                    let repeated = seen.insert(&account.username, index).is_some();
                    report.within(index, |report| {
                        if repeated {
                            report.error(format!(
                                "account {index}: username is not unique: {}",
                                account.username
                            ));
                        }
                        if account.username.is_empty() || account.password.is_empty() {
                            report.error(format!("account {index}: username and password are required"));
                        }
                    });
                }
            });
        });
    });
}

fn encode(report: &mut Report, handler: &Encode) {
    report.within("encodings", |report| {
        for encoder in handler.encodings.iter() {
            report.within(encoder.name(), |report| {
                report.within("level", |report| report.result(encoder_level(encoder)));
            });
        }
    });
    let mut seen = Vec::new();
    report.each("prefer", &handler.prefer, |report, name| {
        if handler.encodings.get(name).is_none() {
            report.error(format!("encoding {name} not enabled"));
        } else if seen.contains(&name) {
            report.error(format!("encoding {name} is duplicated in prefer"));
        }
        seen.push(name);
    });
}

fn encoder_level(encoder: &Encoder) -> Result<(), String> {
    match encoder {
        Encoder::Gzip(gzip) if gzip.level < -3 => Err("quality too low; must be >= -3".to_owned()),
        Encoder::Gzip(gzip) if gzip.level > 9 => Err("quality too high; must be <= 9".to_owned()),
        Encoder::Zstd(zstd)
            if !["", "fastest", "default", "better", "best"].contains(&zstd.level.as_str()) =>
        {
            Err("unexpected compression level, use one of 'fastest', 'better', 'best', 'default'".to_owned())
        }
        Encoder::Gzip(_) | Encoder::Zstd(_) | Encoder::Foreign(_) => Ok(()),
    }
}

fn browse(report: &mut Report, browse: &Browse) {
    const BY: [&str; 4] = ["name", "namedirfirst", "size", "time"];
    const ORDER: [&str; 2] = ["asc", "desc"];
    report.within("sort", |report| match browse.sort.as_slice() {
        [by, ..] if !BY.contains(&by.as_str()) => {
            report.error(format!(
                "the first option must be one of the following: {}, but got {by}",
                BY.join(", ")
            ));
        }
        [_, order, ..] if !ORDER.contains(&order.as_str()) => report.error(format!(
            "the second option must be one of the following: {}, but got {order}",
            ORDER.join(", ")
        )),
        options if options.len() > 2 => report.error("only max 2 sort options are allowed, but got 3"),
        _ => {}
    });
}

pub(super) fn headers(report: &mut Report, headers: &Headers) {
    let request = headers.request.as_ref().map(|ops| ("request", &ops.replace));
    let response = headers.response.as_ref().map(|ops| ("response", &ops.replace));
    for (key, replacements) in request.into_iter().chain(response) {
        report.within(key, |report| {
            report.within("replace", |report| {
                for (name, replacements) in replacements {
                    if replacements.iter().any(has_two_searches) {
                        report.within(name, |report| {
                            report.error(format!(
                                "cannot specify both a substring search and a regular expression search for field '{name}'"
                            ));
                        });
                    }
                }
            });
        });
    }
}

fn has_two_searches(replacement: &HeaderReplacement) -> bool {
    !replacement.search.is_empty() && !replacement.search_regexp.is_empty()
}

fn map(report: &mut Report, handler: &Map) {
    report.each("destinations", &handler.destinations, |report, destination| {
        if !destination.starts_with('{') || destination.matches('{').count() != 1 {
            report.error("destination must be a placeholder and only a placeholder");
        }
    });
    let destinations = handler.destinations.len();
    let mut seen = HashMap::new();
    report.within("mappings", |report| {
        for (index, mapping) in handler.mappings.iter().enumerate() {
            let by_regexp = !mapping.input_regexp.is_empty();
            let input = if by_regexp { &mapping.input_regexp } else { &mapping.input };
            let previous = seen.insert(input, index);
            let outputs = mapping.outputs.len();
            report.within(index, |report| {
                if by_regexp && !mapping.input.is_empty() {
                    report.error(format!(
                        "mapping {index} has both input and input_regexp fields specified, which is confusing"
                    ));
                }
                if let Some(previous) = previous {
                    report.error(format!(
                        "mapping {index} has a duplicate input '{input}' previously used with mapping {previous}"
                    ));
                }
                if outputs != destinations {
                    report.error(format!(
                        "mapping {index} has {outputs} outputs but there are {destinations} destinations defined"
                    ));
                }
            });
        }
    });
    let defaults = handler.defaults.len();
    if defaults != 0 && defaults != destinations {
        report.within("defaults", |report| {
            report.error(format!("{destinations} destinations != {defaults} defaults"));
        });
    }
}

pub(super) fn rewrite(report: &mut Report, handler: &Rewrite) {
    report.each("path_regexp", &handler.path_regexp, |report, replacement| {
        if replacement.find.is_empty() {
            report.error("path_regexp find cannot be empty");
        }
    });
}
