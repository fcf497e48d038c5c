//! The directives in their default order.

mod abort;
mod acme_server;
mod basic_auth;
pub(crate) mod bind;
mod copy_response;
mod copy_response_headers;
mod encode;
mod error;
mod file_server;
pub(crate) mod forward_auth;
mod fs;
mod handle;
mod handle_errors;
mod handle_path;
mod header;
pub(crate) mod header_ops;
pub(crate) mod intercept;
mod invoke;
pub(crate) mod lenient;
pub(crate) mod log;
mod log_append;
mod log_name;
mod log_skip;
mod map;
mod method;
mod metrics;
mod mirror;
pub(crate) mod php_fastcgi;
mod push;
mod redir;
mod request_body;
mod request_header;
mod respond;
pub(crate) mod reverse_proxy;
mod rewrite;
mod root;
mod route;
mod templates;
mod timeouts;
pub(crate) mod tls;
mod tracing;
mod try_files;
mod uri;
mod vars;

use crate::directive::Directive;

/// The default order of routes, first to last; directives that stand outside the order follow.
pub(crate) static DIRECTIVES: &[&Directive] = &[
    &tracing::DIRECTIVE,
    &map::DIRECTIVE,
    &vars::DIRECTIVE,
    &fs::DIRECTIVE,
    &root::DIRECTIVE,
    &log_append::DIRECTIVE,
    &log_skip::FORMER,
    &log_skip::DIRECTIVE,
    &log_name::DIRECTIVE,
    &header::DIRECTIVE,
    &copy_response_headers::DIRECTIVE,
    &request_body::DIRECTIVE,
    &timeouts::DIRECTIVE,
    &redir::DIRECTIVE,
    &method::DIRECTIVE,
    &rewrite::DIRECTIVE,
    &uri::DIRECTIVE,
    &try_files::DIRECTIVE,
    &basic_auth::FORMER,
    &basic_auth::DIRECTIVE,
    &forward_auth::DIRECTIVE,
    &request_header::DIRECTIVE,
    &encode::DIRECTIVE,
    &push::DIRECTIVE,
    &intercept::DIRECTIVE,
    &templates::DIRECTIVE,
    &invoke::DIRECTIVE,
    &handle::DIRECTIVE,
    &handle_path::DIRECTIVE,
    &route::DIRECTIVE,
    &abort::DIRECTIVE,
    &error::DIRECTIVE,
    &copy_response::DIRECTIVE,
    &respond::DIRECTIVE,
    &metrics::DIRECTIVE,
    &mirror::DIRECTIVE,
    &reverse_proxy::DIRECTIVE,
    &php_fastcgi::DIRECTIVE,
    &file_server::DIRECTIVE,
    &acme_server::DIRECTIVE,
    &bind::DIRECTIVE,
    &handle_errors::DIRECTIVE,
    &log::DIRECTIVE,
    &tls::DIRECTIVE,
];
