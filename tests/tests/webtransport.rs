//! WebTransport through the proxy: our own client and upstream on real UDP. What is numbered W, B and L are the points that
//! `fixtures/webtransport.md` goes through.

mod dialects;
mod handler;
mod lifecycle;
mod server;
mod sharing;
mod streams;
mod stress;

use bytes::Bytes;
use caddis_tests::{
    Server, client,
    webtransport::{Client, Session, Upstream},
};
use serde_json::Value;

const LISTEN: &str = "127.0.0.1:0";
const URL: &str = "https://a.localhost/chat?room=1";

/// What a case wants of its site.
#[derive(Debug, Clone, Copy)]
struct Site<'a> {
    /// In `servers`.
    servers: &'a str,
    /// In the site, ahead of the proxy.
    before: &'a str,
    /// In the proxy.
    proxy: &'a str,
    /// In its transport.
    transport: &'a str,
}

const SITE: Site<'static> = Site {
    servers: "enable_webtransport",
    before: "",
    proxy: "",
    transport: "versions 3\n\t\t\ttls_insecure_skip_verify",
};

impl Site<'_> {
    /// The Caddyfile, with upstreams at these addresses. Logs go to the file `log` of the folder.
    fn text(self, upstreams: &[String], folder: &std::path::Path) -> String {
        let Self { servers, before, proxy, transport } = self;
        let (upstreams, log) = (upstreams.join(" "), folder.join("log"));
        let log = log.display();
        format!(
            "{{\n\tauto_https disable_redirects\n\tlog {{\n\t\toutput file {log}\n\t\tlevel debug\n\t}}\n\tservers {{\n\t\t{servers}\n\t}}\n}}\n\
             https://a.localhost:0 {{\n\tbind 127.0.0.1\n\tlog\n\troute {{\n\t\t{before}\n\t\treverse_proxy {upstreams} {{\n\t\t\t{proxy}\n\t\t\t\
             transport http {{\n\t\t\t{transport}\n\t\t\t}}\n\t\t}}\n\t}}\n}}\n"
        )
    }
}

fn dial(upstream: &Upstream) -> String {
    format!("https://{}", upstream.address)
}

/// A proxy between a client and an upstream.
struct Scene {
    client: Client,
    server: Server,
    upstream: Upstream,
}

impl Scene {
    async fn new() -> Self {
        Self::of(SITE).await
    }

    async fn of(site: Site<'_>) -> Self {
        Self::with(site, Upstream::start().await).await
    }

    async fn with(site: Site<'_>, upstream: Upstream) -> Self {
        let server = serve(site, &[dial(&upstream)]).await;
        let client = Client::connect(server.address(LISTEN), "a.localhost").await;
        Self { client, server, upstream }
    }

    /// Both ends of a session.
    async fn session(&self) -> (Session, Session) {
        session(&self.client, &self.upstream).await
    }

    async fn reload(&self, site: Site<'_>) {
        self.server.load(&site.text(&[dial(&self.upstream)], &self.server.folder)).await.unwrap();
    }
}

async fn session(client: &Client, upstream: &Upstream) -> (Session, Session) {
    let asking = async { Ok(client.session(URL).await.unwrap_or_else(|answer| panic!("{answer:?}"))) };
    let accepting = async { Ok::<_, ()>(upstream.accept().await) };
    tokio::try_join!(asking, accepting).unwrap()
}

async fn serve(site: Site<'_>, upstreams: &[String]) -> Server {
    let server = Server::one_shard();
    server.load(&site.text(upstreams, &server.folder)).await.unwrap_or_else(|error| panic!("{error}"));
    server
}

/// That a stream goes from one end to the other and back.
async fn echo(near: &Session, far: &Session) {
    let mut stream = near.open_bi().await;
    stream.write(b"ping").await;
    let mut taken = far.accept().await;
    assert_eq!(taken.read(4).await, b"ping");
    taken.write(b"pong").await;
    taken.finish();
    stream.finish();
    assert_eq!(stream.read_all().await.unwrap(), b"pong");
    assert_eq!(taken.read_all().await.unwrap(), b"");
}

async fn admin(server: &Server, method: &str, target: &str) -> client::Answer {
    let address = server.control.admin_address().unwrap();
    let request = client::request(method, &address.to_string(), target);
    client::send(address, request.body(Bytes::new()).unwrap()).await
}

/// The streams that the admin API tells of.
async fn listed(server: &Server) -> Vec<Value> {
    admin(server, "GET", "/reverse_proxy/streams").await.json().as_array().unwrap().clone()
}

/// What the admin API tells of the only upstream: requests in flight, and failures.
async fn figures(server: &Server) -> (u64, u64) {
    let upstreams = admin(server, "GET", "/reverse_proxy/upstreams").await.json();
    (upstreams[0]["num_requests"].as_u64().unwrap(), upstreams[0]["fails"].as_u64().unwrap())
}

/// The first line of the log that meets the condition, once it is there.
async fn logged(server: &Server, condition: impl Fn(&Value) -> bool) -> Value {
    loop {
        let text = std::fs::read_to_string(server.folder.join("log")).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut lines = whole.lines().map(|line| serde_json::from_str(line).unwrap());
        if let Some(line) = lines.find(&condition) {
            return line;
        }
        tokio::task::yield_now().await;
    }
}

fn is_access(line: &Value) -> bool {
    line["logger"].as_str().is_some_and(|logger| logger.starts_with("http.log.access"))
}

/// Waits until no stream is left.
async fn drained(server: &Server) {
    server.control.runtime().process().tunnels.drained().await;
}

/// Tasks that live on the shard, once their number does not change any more.
async fn quiet_tasks(server: &Server) -> usize {
    let (mut before, mut quiet) = (0, 0);
    while quiet < 500 {
        let now = tasks(server, |_| true).await;
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
    before
}

/// Tasks that live on the shard, once there are so many as is wanted.
async fn tasks(server: &Server, wanted: impl Fn(usize) -> bool) -> usize {
    loop {
        let count = || async { tokio::runtime::Handle::current().metrics().num_alive_tasks() };
        let tasks = server.control.runtime().process().shards.call_on(0, count).await.unwrap();
        if wanted(tasks) {
            return tasks;
        }
    }
}
