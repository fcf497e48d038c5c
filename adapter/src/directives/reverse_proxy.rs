//! `reverse_proxy`: sends requests on to other servers.

use caddis_config::http::{
    handlers::{HeaderOps, ReverseProxy},
    reverse_proxy::{Transport, transport},
};
use caddis_grammar::Statement;

use crate::{
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, block_row, read_line_or, row},
};

mod address;
mod backends;
mod health;
mod load_balancing;
mod requests;
pub(crate) mod responses;
mod streams;

/// See `fixtures/directives/reverse_proxy.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "reverse_proxy",
    summary: "Sends requests on to other servers.",
    takes_matcher: true,
    ordered: true,
    read,
};

/// What can stand in the block. `forward_auth` and `php_fastcgi` take these lines too.
#[rustfmt::skip]
pub(crate) static ROWS: &[Row<Draft>] = &[
    // Backends.
    row("to", Shape::Some("upstream"), backends::to),
    block_row("dynamic", Shape::Some("source"), backends::dynamic),
    // Load balancing.
    block_row("lb_policy", Shape::Some("policy"), load_balancing::policy),
    row("lb_retries", Shape::One("count"), load_balancing::retries),
    row("lb_try_duration", Shape::One("duration"), load_balancing::try_duration),
    row("lb_try_interval", Shape::One("duration"), load_balancing::try_interval),
    row("lb_try_max_interval", Shape::One("duration"), load_balancing::try_max_interval),
    row("lb_retry_budget", Shape::Some("percent [per_second]"), load_balancing::retry_budget),
    block_row("lb_retry_match", Shape::Any("matcher"), load_balancing::retry_match),
    // Active health checks.
    row("health_uri", Shape::One("uri"), health::uri),
    row("health_path", Shape::One("path"), health::path),
    row("health_upstream", Shape::One("host:port"), health::upstream),
    row("health_port", Shape::One("port"), health::port),
    block_row("health_headers", Shape::Flag, health::headers),
    row("health_method", Shape::One("method"), health::method),
    row("health_request_body", Shape::One("text"), health::request_body),
    row("health_interval", Shape::One("duration"), health::interval),
    row("health_timeout", Shape::One("duration"), health::timeout),
    row("health_status", Shape::One("status"), health::status),
    row("health_body", Shape::One("regexp"), health::body),
    row("health_follow_redirects", Shape::Flag, health::follow_redirects),
    row("health_passes", Shape::One("count"), health::passes),
    row("health_fails", Shape::One("count"), health::fails),
    // Passive health checks.
    row("max_fails", Shape::One("count"), health::max_fails),
    row("fail_duration", Shape::One("duration"), health::fail_duration),
    row("unhealthy_request_count", Shape::One("count"), health::unhealthy_request_count),
    row("unhealthy_status", Shape::Some("status"), health::unhealthy_status),
    row("unhealthy_latency", Shape::One("duration"), health::unhealthy_latency),
    // Streaming.
    row("flush_interval", Shape::Some("duration"), streams::flush_interval),
    row("request_buffers", Shape::One("size"), streams::request_buffers),
    row("response_buffers", Shape::One("size"), streams::response_buffers),
    row("stream_buffer_size", Shape::One("size"), streams::buffer_size),
    row("stream_timeout", Shape::One("duration"), streams::timeout),
    row("stream_close_delay", Shape::One("duration"), streams::close_delay),
    row("stream_detached", Shape::Flag, streams::detached),
    block_row("stream_logs", Shape::Flag, streams::logs),
    row("verbose_logs", Shape::Flag, streams::verbose_logs),
    // The request on its way up.
    row("trusted_proxies", Shape::Any("range"), requests::trusted_proxies),
    row("header_up", Shape::Any("field [value [replacement]]"), requests::header_up),
    row("header_down", Shape::Any("field [value [replacement]]"), requests::header_down),
    row("method", Shape::One("method"), requests::method),
    row("rewrite", Shape::One("uri"), requests::rewrite),
    // The round trip and the response on its way down.
    block_row("transport", Shape::Some("name"), transport_line),
    block_row("handle_response", Shape::Any("@matcher"), responses::handle_response),
    block_row("replace_status", Shape::Any("[@matcher] status"), responses::replace_status),
];

/// A reverse proxy while its lines are read.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// What has been read.
    pub(crate) proxy: ReverseProxy,
    /// The scheme of the latest upstream; all share one, because all share one transport.
    scheme: String,
    /// The transport of this directive, as yet without what the scheme adds.
    transport: Option<Transport>,
    /// The operations of `header_down`.
    header_down: Option<HeaderOps>,
    /// What is to be done with responses; settled when all lines are read.
    pub(crate) responses: responses::Responses,
}

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut draft = Draft::default();
    draft.proxy.stream_detached = cx.options.stream_detached;
    draft.read_upstreams(cx, call.line);
    for line in call.line.children() {
        let outcome = read_subdirective(cx, line, &mut draft);
        cx.keep(outcome);
    }
    Ok(call.route(draft.finish(cx, call.line)?))
}

/// Reads one line of the block: a response matcher or a row of [`ROWS`].
pub(crate) fn read_subdirective(cx: &mut Cx<'_>, line: &Statement, draft: &mut Draft) -> Parsed<()> {
    if line.name().text.starts_with('@') {
        return draft.responses.define_matcher(cx, line);
    }
    read_line_or(cx, line, ROWS, draft, |_, line, _| {
        Err(errors::proxy::unknown_subdirective(line.name(), ROWS.iter().map(|row| row.name)))
    })
}

fn transport_line(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    if draft.proxy.transport.is_some() {
        return Err(errors::proxy::transport_twice(line));
    }
    draft.transport = Some(cx.module_argument(line)?);
    Ok(())
}

impl Draft {
    /// Reads the upstreams on the line of the directive itself.
    pub(crate) fn read_upstreams(&mut self, cx: &mut Cx<'_>, line: &Statement) {
        for word in line.args() {
            let outcome = backends::add(self, word);
            cx.keep(outcome);
        }
    }

    /// Settles what depends on several lines: transport, response handlers.
    ///
    /// # Errors
    /// The scheme of the upstreams does not fit the transport.
    pub(crate) fn finish(mut self, cx: &mut Cx<'_>, directive: &Statement) -> Parsed<ReverseProxy> {
        self.settle_transport(cx, directive)?;
        if let Some(operations) = self.header_down.take() {
            self.proxy.headers.get_or_insert_default().response = Some(operations.into());
        }
        self.proxy.handle_response.append(&mut self.responses.finish(cx));
        Ok(self.proxy)
    }

    /// Lets the scheme of the upstreams choose or complete the transport. An empty `http` transport is the default and
    /// is left out.
    fn settle_transport(&mut self, cx: &mut Cx<'_>, directive: &Statement) -> Parsed<()> {
        let scheme = self.scheme.as_str();
        if self.transport.is_none() && matches!(scheme, "https" | "h2c") {
            self.transport = Some(transport::Http::default().into());
        }
        match &mut self.transport {
            None => return Ok(()),
            Some(Transport::Http(http)) => match scheme {
                "https" => drop(http.tls.get_or_insert_default()),
                "http" if http.tls.is_some() => {
                    return Err(errors::proxy::https_transport_for_http(directive));
                }
                "h2c" => http.versions = vec!["h2c".to_owned(), "2".to_owned()],
                _ => {}
            },
            Some(other) if scheme == "https" => {
                return Err(errors::proxy::transport_without_tls(directive, other.name()));
            }
            Some(_) => {}
        }
        if matches!(&self.transport, Some(Transport::Http(http)) if http.tls.is_some())
            && self.sets_upstream_host()
        {
            cx.report(errors::proxy::needless_host(directive));
        }
        self.transport =
            self.transport.take().filter(|transport| *transport != transport::Http::default().into());
        if self.transport.is_some() {
            self.proxy.transport = self.transport.take();
        }
        Ok(())
    }

    /// Whether `header_up` gives `Host` the value that it has by itself where TLS is spoken.
    fn sets_upstream_host(&self) -> bool {
        let request = self.proxy.headers.as_ref().and_then(|headers| headers.request.as_ref());
        let host =
            request.and_then(|operations| operations.set.get("Host")).and_then(|values| values.first());
        host.is_some_and(|host| host == "{http.reverse_proxy.upstream.hostport}")
    }
}
