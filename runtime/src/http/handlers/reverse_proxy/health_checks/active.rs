//! Requests made in the background to find out whether an upstream is well.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use caddis_config::{Duration as Span, http::reverse_proxy::ActiveHealthChecks as Config, to_json};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use regex::Regex;
use xxhash_rust::xxh64::xxh64;

use super::super::{
    dial::Dial,
    transport::{Answer, HttpTransport, Interim, Wanted},
    upstreams::{Health, Target, Upstream},
};
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::{Body, Exchange, exchange::Connection, header_ops::header_value},
    logging::Logger,
    placeholder::{Scope, Template},
    regexp,
};

const INTERVAL: Span = Span::from_secs(30);
const TIMEOUT: Span = Span::from_secs(5);
/// As many as Go's client follows.
const MAX_REDIRECTS: u32 = 10;

/// The checks of one handler. They go on until this is dropped.
#[derive(Debug)]
pub(in super::super) struct Active {
    transport: Arc<HttpTransport>,
    targets: Vec<Checked>,
    method: Method,
    uri: Uri,
    headers: Vec<(HeaderName, Template)>,
    body: Template,
    interval: Duration,
    timeout: Duration,
    passes: i64,
    fails: i64,
    max_size: usize,
    follow_redirects: bool,
    /// A status, a class of them, or 0 for any success.
    expect_status: i64,
    expect_body: Option<Regex>,
    logger: Logger,
}

/// One upstream and where it is asked.
#[derive(Debug)]
struct Checked {
    health: Arc<Health>,
    address: Arc<str>,
    dial: Arc<Dial>,
    /// What the request says it is for.
    host: HeaderValue,
}

impl Active {
    /// Gives the upstreams their health, and has them checked once the configuration is current. `None` if checks are
    /// not enabled.
    ///
    /// # Errors
    /// When something is invalid or not supported.
    pub(in super::super) fn build(
        config: &Config,
        upstreams: &mut [Upstream],
        transport: &Arc<HttpTransport>,
        cx: &mut Build,
    ) -> Result<Option<Arc<Self>>, BuildError> {
        if config.path.is_empty() && config.uri.is_empty() && config.port == 0 {
            return Ok(None);
        }
        let logger = cx.process.logger.named("http.handlers.reverse_proxy.health_checker.active");
        let fingerprint = xxh64(to_json(config).as_bytes(), 0);
        let mut targets = Vec::new();
        for upstream in upstreams {
            // Where an upstream is may depend on the request; then there is nothing to ask.
            let Target::Fixed(dial) = &upstream.target else { continue };
            let health = cx.process.hosts.health(&upstream.host.address, fingerprint);
            let (dial, host) = asked_at(config, dial, cx)?;
            targets.push(Checked {
                health: Arc::clone(&health),
                address: Arc::clone(&upstream.host.address),
                dial,
                host,
            });
            upstream.health = Some(health);
        }
        let active = Arc::new(Self {
            transport: Arc::clone(transport),
            targets,
            method: match &*config.method {
                "" => Method::GET,
                method => Method::from_bytes(method.as_bytes())
                    .map_err(|_| cx.at("method", |cx| cx.error(format!("no method: {method}"))))?,
            },
            uri: uri(config, cx)?,
            headers: cx.at("headers", |cx| headers(config, cx))?,
            body: cx.at("body", |cx| Template::all(&config.body, cx))?,
            interval: config.interval.or(INTERVAL).unwrap_or_default().max(Duration::from_millis(1)),
            timeout: config.timeout.or(TIMEOUT).unwrap_or(Duration::MAX),
            passes: config.passes.max(1),
            fails: config.fails.max(1),
            max_size: usize::try_from(config.max_size).ok().filter(|size| *size > 0).unwrap_or(usize::MAX),
            follow_redirects: config.follow_redirects,
            expect_status: config.expect_status,
            expect_body: match &*config.expect_body {
                "" => None,
                pattern => {
                    let compiled =
                        cx.at("expect_body", |cx| regexp::compile(pattern).map_err(|error| cx.error(error)))?;
                    Some(compiled)
                }
            },
            logger,
        });
        let (process, checks) = (Arc::clone(&cx.process), Arc::downgrade(&active));
        cx.on_commit.push(move || {
            process.shards.run_on(0, move || drop(tokio::task::spawn_local(watch(checks))));
        });
        Ok(Some(active))
    }
}

/// Checks all upstreams again and again, the first time at once.
async fn watch(checks: Weak<Active>) {
    loop {
        let Some(active) = checks.upgrade() else { return };
        let interval = tokio::time::Instant::now() + active.interval;
        for index in 0..active.targets.len() {
            let active = Arc::clone(&active);
            tokio::task::spawn_local(async move { active.check(&active.targets[index]).await });
        }
        drop(active);
        tokio::time::sleep_until(interval).await;
    }
}

impl Active {
    async fn check(&self, target: &Checked) {
        let result = match tokio::time::timeout(self.timeout, self.ask(target)).await {
            Ok(result) => result,
            Err(_) => Err(Error::new(Kind::UpstreamTimeout, "no answer in time")),
        };
        let (passed, needed) = if result.is_ok() { (true, self.passes) } else { (false, self.fails) };
        let changed = target.health.record(passed, needed);
        if let Err(error) = result {
            self.logger.info("health check failed", |fields| {
                fields.add("host", &*target.address).add("error", error.to_string());
            });
        } else if changed {
            self.logger.info("host is up", |fields| {
                fields.add("host", target.address.to_string());
            });
        }
    }

    /// Asks, and asks again where the upstream redirects to, if redirects are followed. All requests go to the upstream
    /// that is checked, whatever host a redirect names.
    async fn ask(&self, target: &Checked) -> Result<(), Error> {
        let mut asked = Asked {
            method: self.method.clone(),
            uri: self.uri.clone(),
            host: target.host.clone(),
            body: true,
        };
        let mut redirects = 0;
        let mut answer = loop {
            let answer = self.request(target, &asked).await?;
            if !(self.follow_redirects && asked.follow(&answer.response)?) {
                break answer;
            }
            answer.discard(self.timeout).await;
            redirects += 1;
            if redirects > MAX_REDIRECTS {
                let message = format!("stopped after {MAX_REDIRECTS} redirects");
                return Err(Error::new(Kind::UpstreamBroken, message));
            }
        };
        let status = answer.response.status();
        if !self.expects(status) {
            return Err(Error::new(
                Kind::UpstreamBroken,
                format!("unexpected status code {}", status.as_u16()),
            ));
        }
        self.judge_body(answer.response.body_mut()).await?;
        tokio::task::spawn_local(answer.discard(self.timeout));
        Ok(())
    }

    async fn request(&self, target: &Checked, asked: &Asked) -> Result<Box<Answer>, Error> {
        let mut head = Request::new(()).into_parts().0;
        head.method = asked.method.clone();
        head.uri = asked.uri.clone();
        let nobody = Arc::new(Connection::new(None, None, None));
        let mut exchange = Exchange::new(head, Body::Empty, nobody);
        exchange.set_placeholder("http.reverse_proxy.active.target_upstream", target.address.to_string());
        let scope = Scope::from(&exchange);
        let wanted = Wanted { dial: &target.dial, upgrade: None, client: None, scope };
        let connection = self.transport.connection(wanted).await?;
        let body = if asked.body { Bytes::from(self.body.render(scope).into_owned()) } else { Bytes::new() };
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = asked.method.clone();
        *request.uri_mut() = asked.uri.clone();
        request.headers_mut().insert(header::HOST, asked.host.clone());
        for (name, value) in &self.headers {
            if let Some(value) = header_value(&value.render(scope)) {
                if *name == header::HOST {
                    request.headers_mut().insert(name, value);
                } else {
                    request.headers_mut().append(name, value);
                }
            }
        }
        connection.send(request.into(), Interim::default(), None).await.map_err(|failure| failure.error)
    }

    fn expects(&self, status: StatusCode) -> bool {
        let status = i64::from(status.as_u16());
        let expected = if self.expect_status > 0 { self.expect_status } else { 2 };
        expected == status || expected == status / 100
    }

    async fn judge_body(&self, body: &mut Body) -> Result<(), Error> {
        let Some(pattern) = &self.expect_body else { return Ok(()) };
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|error| Error::new(Kind::UpstreamBroken, "reading the body").because(error))?;
            read.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            if read.len() >= self.max_size {
                read.truncate(self.max_size);
                break;
            }
        }
        if pattern.is_match(&String::from_utf8_lossy(&read)) {
            return Ok(());
        }
        Err(Error::new(Kind::UpstreamBroken, "response body failed expectations"))
    }
}

/// What one request of a check asks for.
struct Asked {
    method: Method,
    uri: Uri,
    host: HeaderValue,
    /// Whether the body is sent.
    body: bool,
}

impl Asked {
    /// Becomes the request that a redirect leads to (RFC 9110, section 15.4); whether the response is one.
    ///
    /// # Errors
    /// When the redirect leads nowhere that can be asked.
    fn follow(&mut self, response: &Response<Body>) -> Result<bool, Error> {
        let status = response.status().as_u16();
        let Some(location) = response.headers().get(header::LOCATION) else { return Ok(false) };
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return Ok(false);
        }
        let location = location.to_str().unwrap_or_default();
        let wrong =
            || Error::new(Kind::UpstreamBroken, format!("redirected to {location:?}, which is no URL"));
        let uri = resolve(self.uri.path(), location).ok_or_else(wrong)?;
        if let Some(authority) = uri.authority() {
            self.host = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong())?;
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        self.uri = target.parse().map_err(|_| wrong())?;
        if status <= 303 && self.method != Method::HEAD {
            self.method = Method::GET;
            self.body = false;
        }
        Ok(true)
    }
}

/// What a reference stands for on a page at `base` (RFC 3986, section 5.2); dots in it are left to the upstream.
fn resolve(base: &str, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    let whole = if reference.contains("://") {
        reference.to_owned()
    } else if let Some(rest) = reference.strip_prefix("//") {
        format!("http://{rest}")
    } else if reference.starts_with('/') {
        reference.to_owned()
    } else if reference.is_empty() || reference.starts_with('?') {
        format!("{base}{reference}")
    } else {
        format!("{}/{reference}", base.rsplit_once('/').map_or("", |(folder, _)| folder))
    };
    whole.parse().ok()
}

/// Where to ask, and for which host: the upstream itself unless another address or port is given.
fn asked_at(
    config: &Config,
    dial: &Arc<Dial>,
    cx: &mut Build,
) -> Result<(Arc<Dial>, HeaderValue), BuildError> {
    let asked = if !config.upstream.is_empty() {
        cx.at("upstream", |cx| {
            Dial::parse(&config.upstream).map(Arc::new).map_err(|reason| cx.error(reason))
        })?
    } else if config.port != 0 {
        let port =
            u16::try_from(config.port).map_err(|_| cx.at("port", |cx| cx.error("there is no such port")))?;
        Arc::new(dial.with_port(port))
    } else {
        Arc::clone(dial)
    };
    let host = match &*asked {
        Dial::Tcp { .. } => asked.hostport(),
        Dial::Unix(_) => "localhost".to_owned(),
    };
    let host = HeaderValue::from_str(&host).map_err(|_| cx.error(format!("{host} is no host")))?;
    Ok((asked, host))
}

fn uri(config: &Config, cx: &mut Build) -> Result<Uri, BuildError> {
    let text = if config.uri.is_empty() { &config.path } else { &config.uri };
    let slash = if text.starts_with('/') { "" } else { "/" };
    format!("{slash}{text}").parse().map_err(|error| cx.at("uri", |cx| cx.error(format!("{text}: {error}"))))
}

fn headers(config: &Config, cx: &mut Build) -> Result<Vec<(HeaderName, Template)>, BuildError> {
    let mut headers = Vec::new();
    for (name, values) in &config.headers {
        let field = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| cx.error(format!("{name} is no name of a field")))?;
        for value in values {
            headers.push((field.clone(), Template::known(value, cx)?));
        }
    }
    Ok(headers)
}
