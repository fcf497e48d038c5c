//! Access logs: a line for each request, written once the last byte of its answer is gone.
//!
//! The line is begun before any handler runs, because handlers may change the request. Wherever the request ends, the
//! line is dropped there, and that is what writes it: also when the client leaves early.

pub(crate) mod fields;

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    pin::Pin,
    rc::Rc,
    task::Context,
    time::Instant,
};

use caddis_config::http::ServerLogs;
use http::StatusCode;
use http_body::Body as _;

use super::{
    Body, Exchange, Response,
    passing::{Pass, Passing, Polled, bytes},
};
use crate::{
    build::{Build, BuildError},
    logging::{Field, Fields, Level, Logger},
    placeholder::Value,
};

const ACCESS: &str = "http.log.access";
const ERROR: &str = "http.log.error";

/// Which requests of a server are logged, and under which names.
#[derive(Debug)]
pub(crate) struct Logs {
    root: Logger,
    default: Vec<Pair>,
    by_host: HashMap<String, Vec<Pair>>,
    skipped: HashSet<String>,
    skip_unmapped: bool,
    wildcards: bool,
    credentials: bool,
}

/// The two loggers of one name.
#[derive(Debug, Clone)]
struct Pair {
    access: Logger,
    error: Logger,
}

impl Pair {
    fn new(name: &str, root: &Logger) -> Self {
        let named = |base: &str| match name {
            "" => root.named(base),
            name => root.named(&format!("{base}.{name}")),
        };
        Self { access: named(ACCESS), error: named(ERROR) }
    }
}

impl Logs {
    /// # Errors
    /// For what is not supported.
    pub(crate) fn build(config: &ServerLogs, cx: &mut Build) -> Result<Self, BuildError> {
        cx.refuse_fields(&[("trace", config.trace, "a log line for each handler")])?;
        let root = cx.process.logger.clone();
        let by_host: HashMap<_, _> = config
            .logger_names
            .iter()
            .map(|(host, names)| {
                let pairs = names.0.iter().map(|name| Pair::new(name, &root)).collect();
                (host.to_ascii_lowercase(), pairs)
            })
            .collect();
        let skipped: HashSet<_> = config.skip_hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Ok(Self {
            default: vec![Pair::new(&config.default_logger_name, &root)],
            wildcards: by_host.keys().chain(&skipped).any(|host| host.contains('*')),
            by_host,
            skipped,
            skip_unmapped: config.skip_unmapped_hosts,
            credentials: config.should_log_credentials,
            root,
        })
    }

    /// Begins the line of a request, unless its host is not logged.
    pub(crate) fn begin(&self, exchange: &mut Exchange) {
        let Some(pairs) = self.pairs(exchange.host()) else { return };
        let loggers = pairs.iter().map(|pair| pair.access.clone()).collect();
        let mut request = Fields::default();
        fields::request(exchange, self.credentials, &mut request);
        let read = Rc::new(Cell::new(0));
        if !exchange.body.is_empty() {
            let body = std::mem::take(&mut exchange.body);
            exchange.body = Passing::boxed(body, Counted(Rc::clone(&read)));
        }
        exchange.access_log = Some(Box::new(Line {
            loggers,
            started: exchange.started,
            request,
            read,
            user: String::new(),
            size: 0,
            // What stays when the handlers do not come to an end because the client has left.
            status: 499,
            unhandled: false,
            response: Fields::default(),
            extra: Fields::default(),
            stream: None,
        }));
    }

    /// Who takes the lines of a host; `None` when it is not logged.
    fn pairs(&self, host: &str) -> Option<&[Pair]> {
        if let Some(pairs) = self.find(host, |host| self.by_host.get(host)) {
            return Some(pairs);
        }
        let skipped = self.skip_unmapped || self.find(host, |host| self.skipped.get(host)).is_some();
        (!skipped).then_some(&self.default)
    }

    /// Looks for a host, then for it with one label after the other replaced by `*`, from the left.
    fn find<T>(&self, host: &str, get: impl Fn(&str) -> Option<T>) -> Option<T> {
        let host = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        };
        if let Some(found) = get(&host) {
            return Some(found);
        }
        if !self.wildcards {
            return None;
        }
        let mut stars = String::new();
        let mut rest = &*host;
        loop {
            let (label, after) =
                rest.split_once('.').map_or((rest, None), |(label, after)| (label, Some(after)));
            stars.push_str(if label.is_empty() { "" } else { "*" });
            let candidate = after.map_or_else(|| stars.clone(), |after| format!("{stars}.{after}"));
            if let Some(found) = get(&candidate) {
                return Some(found);
            }
            rest = after?;
            stars.push('.');
        }
    }

    /// Who takes the errors of a request: loggers named like those of its access log.
    pub(crate) fn error_loggers(&self, exchange: &Exchange) -> Vec<Logger> {
        if let Some(names) = chosen_names(exchange) {
            return names.iter().map(|name| Pair::new(name, &self.root).error).collect();
        }
        let pairs = self.find(exchange.host(), |host| self.by_host.get(host)).unwrap_or(&self.default);
        pairs.iter().map(|pair| pair.error.clone()).collect()
    }

    /// Whether credentials are shown.
    pub(crate) fn credentials(&self) -> bool {
        self.credentials
    }

    /// Completes the line with the answer; `None` when there is none to be written. Without a response the connection
    /// was cut by a handler.
    pub(crate) fn complete(&self, exchange: &mut Exchange, response: Option<&Response>) -> Option<Box<Line>> {
        let mut line = exchange.access_log.take()?;
        if exchange.var("log_skip") == Some(&Value::Bool(true)) {
            line.loggers.clear();
            return None;
        }
        if let Some(names) = chosen_names(exchange) {
            line.loggers = names.iter().map(|name| Pair::new(name, &self.root).access).collect();
        }
        line.unhandled = exchange.unhandled;
        line.status = match response {
            // Nobody has chosen a status.
            Some(response) if exchange.unhandled && response.status() == StatusCode::OK => 0,
            Some(response) => response.status().as_u16(),
            None => 0,
        };
        if let Some(response) = response {
            line.response = fields::headers(response.headers(), self.credentials);
        }
        if let Some((_, user)) = exchange.placeholders.iter().find(|(name, _)| **name == *"http.auth.user.id")
        {
            line.user = user.borrowed().into_text().into_owned();
        }
        if let Some(uuid) = exchange.uuid.get() {
            line.extra.add("uuid", uuid.as_str());
        }
        for (name, value) in &exchange.log_fields {
            line.extra.add(name.to_string(), value.clone());
        }
        match line.stream.take() {
            None => Some(line),
            Some(stream) => {
                *stream.0.borrow_mut() = Some(line);
                None
            }
        }
    }
}

/// Who takes the line of a request, for others who have something to say about it. Where no access log is kept, the
/// name that all of them begin with.
pub(crate) fn loggers(exchange: &Exchange, root: &Logger) -> Vec<Logger> {
    match (chosen_names(exchange), &exchange.access_log) {
        (Some(names), _) => names.iter().map(|name| Pair::new(name, root).access).collect(),
        (None, Some(line)) => line.loggers.clone(),
        (None, None) => vec![root.named(ACCESS)],
    }
}

/// The names that the directive `log_name` has chosen.
fn chosen_names(exchange: &Exchange) -> Option<&[String]> {
    match exchange.var("access_logger_names") {
        Some(Value::List(names)) => Some(names),
        _ => None,
    }
}

/// The line of a request that has not ended. Written when it is dropped.
#[derive(Debug)]
pub(crate) struct Line {
    loggers: Vec<Logger>,
    started: Instant,
    request: Fields,
    read: Rc<Cell<u64>>,
    user: String,
    /// Bytes of the response's body.
    size: u64,
    status: u16,
    unhandled: bool,
    response: Fields,
    extra: Fields,
    stream: Option<Stream>,
}

impl Line {
    /// The object `request`, as it was before any handler.
    pub(crate) fn request(&self) -> &Fields {
        &self.request
    }

    /// Counts bytes of the response's body.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.size += bytes as u64;
    }

    /// Keeps the line until the stream that this request becomes has ended.
    pub(crate) fn keep(&mut self) -> Stream {
        self.stream.get_or_insert_default().clone()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let level = if self.status >= 500 { Level::Error } else { Level::Info };
        if !self.loggers.iter().any(|logger| logger.enabled(level)) {
            return;
        }
        let message = if self.unhandled { "NOP" } else { "handled request" };
        let mut fields = Fields(Vec::with_capacity(8 + self.extra.0.len()));
        fields
            .add("request", Field::Object(std::mem::take(&mut self.request)))
            .add("bytes_read", self.read.get())
            .add("user_id", std::mem::take(&mut self.user))
            .add("duration", self.started.elapsed())
            .add("size", self.size)
            .add("status", i64::from(self.status))
            .add("resp_headers", Field::Object(std::mem::take(&mut self.response)));
        fields.0.append(&mut self.extra.0);
        for logger in &self.loggers {
            logger.write(level, message, &fields);
        }
    }
}

/// Holds the line of a request that has become a stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream(Rc<RefCell<Option<Box<Line>>>>);

impl Stream {
    /// Writes the line with what went through the stream, in bytes.
    pub(crate) fn ended(&self, from_client: u64, to_client: u64) {
        if let Some(mut line) = self.0.borrow_mut().take() {
            line.read.set(line.read.get() + from_client);
            line.size += to_client;
        }
    }
}

/// Counts what is read of a request's body.
struct Counted(Rc<Cell<u64>>);

impl Pass for Counted {
    fn poll(&mut self, body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let polled = body.poll_frame(cx);
        self.0.set(self.0.get() + bytes(&polled) as u64);
        polled
    }
}

#[cfg(test)]
mod tests;
