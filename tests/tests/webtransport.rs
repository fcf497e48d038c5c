//! WebTransport through the proxy: our own client, server and upstream on real UDP.

use caddis_tests::{
    Server,
    webtransport::{Client, Ended, Session, Upstream},
};

const LISTEN: &str = "127.0.0.1:0";
const URL: &str = "https://a.localhost/chat?room=1";

/// A site that proxies to upstreams at these ports over HTTP/3, with the options of the case.
fn site(ports: &[u16], options: &str) -> String {
    with_transport(ports, options, "")
}

fn with_transport(ports: &[u16], options: &str, transport: &str) -> String {
    let addresses: Vec<_> = ports.iter().map(|port| format!("https://127.0.0.1:{port}")).collect();
    format!(
        "{{\n\tauto_https disable_redirects\n\tservers {{\n\t\tenable_webtransport\n\t}}\n}}\nhttps://a.localhost:0 {{\n\tbind 127.0.0.1\n\treverse_proxy {} {{\n\t\t{options}\n\t\ttransport http {{\n\t\t\tversions 3\n\t\t\ttls_insecure_skip_verify\n\t\t\t{transport}\n\t\t}}\n\t}}\n}}\n",
        addresses.join(" ")
    )
}

/// A proxy between a client and an upstream.
struct Scene {
    server: Server,
    client: Client,
    upstream: Upstream,
}

impl Scene {
    async fn new(options: &str) -> Self {
        let upstream = Upstream::start().await;
        let server = Server::start_on(1, &site(&[upstream.address.port()], options)).await;
        let client = Client::connect(server.address(LISTEN), "a.localhost").await;
        Self { server, client, upstream }
    }

    /// Both ends of a session.
    async fn session(&self) -> (Session, Session) {
        let (near, far) = tokio::join!(self.client.session(URL), self.upstream.accept());
        (near.unwrap(), far)
    }
}

#[tokio::test]
async fn w11_everything_passes_both_ways() {
    let scene = Scene::new("").await;
    let (near, far) = scene.session().await;
    for (one, other) in [(&near, &far), (&far, &near)] {
        let mut stream = one.open_bi().await;
        stream.write(b"ping").await;
        let mut taken = other.accept().await;
        assert_eq!(taken.read(4).await, b"ping");
        taken.write(b"pong").await;
        taken.finish();
        stream.finish();
        assert_eq!(stream.read_all().await.unwrap(), b"pong");
        assert_eq!(taken.read_all().await.unwrap(), b"");
        let mut stream = one.open_uni().await;
        stream.write(b"only this way").await;
        stream.finish();
        assert_eq!(other.accept().await.read_all().await.unwrap(), b"only this way");
        one.send_datagram(b"perhaps");
        assert_eq!(other.datagram().await, "perhaps");
    }
    drop(scene.server);
}

#[tokio::test]
async fn w12_codes_and_words_of_the_end_are_exact() {
    let scene = Scene::new("").await;
    let (mut near, mut far) = scene.session().await;
    far.close(9000, "upstream bye").await;
    assert_eq!(near.closed().await, Ended::Closed(9000, "upstream bye".into()));
    let (mut near, mut far) = scene.session().await;
    near.close(4242, "client bye").await;
    assert_eq!(far.closed().await, Ended::Closed(4242, "client bye".into()));
}
