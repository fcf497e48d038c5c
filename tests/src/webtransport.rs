//! Both ends of WebTransport over HTTP/3: a client, and an upstream whose sessions a test answers by hand.

mod session;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::{Bytes, BytesMut};
use caddis_h3::{
    Connection, Role, SessionId, Settings,
    connection::Limits,
    control::Control,
    datagram,
    message::{Protocol, write},
    settings,
    stream::Event,
    uni::Uni,
    webtransport::StreamHeader,
};
use http::{HeaderMap, Request, StatusCode, request};
use quinn::{
    Endpoint, RecvStream, SendStream, ServerConfig, TransportConfig, VarInt, crypto::rustls::QuicServerConfig,
};
use rustls::{crypto::aws_lc_rs::default_provider, pki_types::PrivateKeyDer};
use tokio::sync::{mpsc, watch};

use self::session::{Arrivals, Connect};
pub use self::session::{Ended, Sending, Session, Stream};
use crate::{client::Answer, http3};

/// What is said of WebTransport by default: all dialects, and limits that are hardly ever reached.
#[must_use]
pub fn settings() -> Settings {
    let webtransport = settings::WebTransport {
        draft02_enabled: true,
        draft04_max_sessions: 100,
        draft07_max_sessions: 100,
        draft13_max_sessions: 100,
        draft15_enabled: true,
        initial_max_data: 1 << 40,
        initial_max_streams_uni: 1 << 40,
        initial_max_streams_bidi: 1 << 40,
    };
    Settings { enable_connect_protocol: true, datagrams: true, webtransport, ..Settings::default() }
}

/// A connection at either end.
#[derive(Debug)]
pub struct Link {
    /// The connection below.
    pub quic: quinn::Connection,
    core: Mutex<Connection>,
    settled: watch::Sender<bool>,
    /// How often the peer has said that it goes away.
    goaway: watch::Sender<usize>,
    sessions: Mutex<BTreeMap<SessionId, Channel>>,
    /// Never closed.
    control: tokio::sync::Mutex<SendStream>,
}

/// Where to send what comes for a session, and, until the session is there, who receives it.
type Channel = (mpsc::UnboundedSender<Came>, Option<Arrivals>);

/// What has come for a session.
#[derive(Debug)]
pub(crate) enum Came {
    Stream(Stream),
    Datagram(Bytes),
}

impl Link {
    async fn open(quic: quinn::Connection, role: Role, settings: Settings) -> Arc<Self> {
        let mut control = quic.open_uni().await.expect("the connection is open");
        let core = Connection::new(role, settings, Limits::default());
        let mut hello = BytesMut::new();
        core.open(3, &mut hello);
        control.write_all(&hello).await.expect("the peer reads");
        let (core, sessions) = (Mutex::new(core), Mutex::default());
        let (settled, goaway) = (watch::Sender::new(false), watch::Sender::new(0));
        let link = Arc::new(Self { quic, core, settled, goaway, sessions, control: control.into() });
        tokio::spawn(unidirectional(Arc::clone(&link)));
        tokio::spawn(datagrams(Arc::clone(&link)));
        link
    }

    fn core(&self) -> MutexGuard<'_, Connection> {
        self.core.lock().expect("nobody panicked")
    }

    /// The peer's settings.
    pub async fn settled(&self) -> Settings {
        self.settled.subscribe().wait_for(|settled| *settled).await.expect("the sender is here");
        self.core().peer().cloned().expect("they came")
    }

    /// Waits until the peer goes away and takes no further requests.
    pub async fn goaway(&self) {
        // First it warns.
        self.goaway.subscribe().wait_for(|said| *said >= 2).await.expect("the sender is here");
    }

    /// Goes away.
    pub async fn go_away(&self) {
        let mut out = BytesMut::new();
        self.core().goaway_soon(&mut out);
        self.control.lock().await.write_all(&out).await.expect("the peer reads");
    }

    fn came(&self, session: SessionId, what: Came) {
        let mut sessions = self.sessions.lock().expect("nobody panicked");
        let (sender, _) = sessions.entry(session).or_insert_with(Arrivals::new);
        // Those that the test does not want any more are dropped.
        let _ = sender.send(what);
    }

    pub(crate) fn arrivals(&self, session: SessionId) -> Arrivals {
        let mut sessions = self.sessions.lock().expect("nobody panicked");
        let (_, arrivals) = sessions.entry(session).or_insert_with(Arrivals::new);
        arrivals.take().expect("a session is there once")
    }
}

async fn unidirectional(link: Arc<Link>) {
    while let Ok(mut stream) = link.quic.accept_uni().await {
        let link = Arc::clone(&link);
        tokio::spawn(async move {
            let (mut header, mut uni) = (link.core().uni_header(), None);
            while let Ok(Some(chunk)) = stream.read_chunk(usize::MAX, true).await {
                let mut input = chunk.bytes;
                if uni.is_none() {
                    uni = header.next(&mut input).expect("the peer keeps to the protocol");
                    uni.map(|uni| link.core().accept_uni(uni).expect("the peer keeps to the protocol"));
                }
                if let Some(Uni::WebTransport(session)) = uni {
                    link.came(session, Came::Stream(Stream::new(None, Some(stream), input)));
                    return;
                }
                while uni == Some(Uni::Control) {
                    let said = link.core().control(&mut input).expect("the peer keeps to the protocol");
                    match said {
                        Some(Control::Settings(_)) => drop(link.settled.send_replace(true)),
                        Some(Control::Goaway(_)) => link.goaway.send_modify(|said| *said += 1),
                        Some(_) => {}
                        None => break,
                    }
                }
            }
        });
    }
}

async fn datagrams(link: Arc<Link>) {
    while let Ok(datagram) = link.quic.read_datagram().await {
        let (stream, payload) = datagram::read(datagram).expect("the peer keeps to the protocol");
        let session = SessionId::new(stream.value()).expect("the peer keeps to the protocol");
        link.came(session, Came::Datagram(payload));
    }
}

/// A client.
#[derive(Debug)]
pub struct Client {
    /// The connection.
    pub link: Arc<Link>,
    _endpoint: Endpoint,
}

impl Client {
    /// Connects under a name.
    pub async fn connect(address: SocketAddr, name: &str) -> Self {
        Self::connect_with(address, name, settings()).await
    }

    /// The same with other settings.
    pub async fn connect_with(address: SocketAddr, name: &str, settings: Settings) -> Self {
        let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).expect("a socket can be opened");
        let connecting = endpoint.connect_with(http3::memory(), address, name).expect("the name is one");
        let quic = connecting.await.expect("the server agrees");
        let link = Link::open(quic, Role::Client, settings).await;
        tokio::spawn(of_server(Arc::clone(&link)));
        Self { link, _endpoint: endpoint }
    }

    /// Asks for a session in the newest dialect.
    ///
    /// # Errors
    /// The answer, if it is another one.
    pub async fn session(&self, url: &str) -> Result<Session, Answer> {
        let protocol = Protocol::from_static("webtransport-h3");
        self.ask(Request::connect(url).extension(protocol).body(()).expect("it is a URL")).await
    }

    /// Asks with this request, which has the protocol among its extensions.
    ///
    /// # Errors
    /// The answer, if it is another one.
    pub async fn ask(&self, request: Request<()>) -> Result<Session, Answer> {
        self.begin(request).await.answer().await
    }

    /// Sends an ordinary request without content, and waits for the answer.
    pub async fn fetch(&self, request: Request<()>) -> Answer {
        let mut request = self.begin(request).await;
        request.finish();
        request.whole().await
    }

    /// Sends a request for a session.
    pub async fn begin(&self, request: Request<()>) -> Connect {
        let (head, ()) = request.into_parts();
        let mut out = BytesMut::new();
        let protocol = head.extensions.get::<Protocol>();
        write::request(&head.method, &head.uri, &head.headers, protocol, &mut out);
        let (mut send, receive) = self.link.quic.open_bi().await.expect("the connection is open");
        send.write_all(&out).await.expect("the server reads");
        let incoming = self.link.core().incoming_response(head.method);
        Connect::new(&self.link, send, receive, incoming)
    }
}

/// Takes bidirectional streams that a server opens.
async fn of_server(link: Arc<Link>) {
    while let Ok((send, mut receive)) = link.quic.accept_bi().await {
        let link = Arc::clone(&link);
        tokio::spawn(async move {
            let mut header = StreamHeader::default();
            while let Ok(Some(chunk)) = receive.read_chunk(usize::MAX, true).await {
                let mut input = chunk.bytes;
                if let Some(session) = header.next(&mut input).expect("the server keeps to the protocol") {
                    link.came(session, Came::Stream(Stream::new(Some(send), Some(receive), input)));
                    return;
                }
            }
        });
    }
}

/// An upstream. The test takes its requests one after the other.
#[derive(Debug)]
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    requests: tokio::sync::Mutex<mpsc::UnboundedReceiver<Asked>>,
    endpoint: Endpoint,
}

/// A request that came to an upstream.
#[derive(Debug)]
pub struct Asked {
    /// Its head.
    pub head: request::Parts,
    /// The name in the handshake.
    pub server_name: Option<String>,
    /// The connection that it came on.
    pub link: Arc<Link>,
    connect: Connect,
}

impl Upstream {
    /// Starts an upstream.
    pub async fn start() -> Self {
        Self::start_with(settings()).await
    }

    /// The same with other settings.
    pub async fn start_with(settings: Settings) -> Self {
        let mut transport = TransportConfig::default();
        transport.max_concurrent_bidi_streams(1000_u32.into()).max_concurrent_uni_streams(1000_u32.into());
        Self::start_on(settings, transport).await
    }

    /// The same on another kind of connections.
    pub async fn start_on(settings: Settings, transport: TransportConfig) -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a key can be made");
        let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).expect("it is a key");
        let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider has TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private)
            .expect("the key is that of the certificate");
        tls.alpn_protocols = vec![b"h3".to_vec()];
        let tls = QuicServerConfig::try_from(tls).expect("the suites are those of the provider");
        let mut config = ServerConfig::with_crypto(Arc::new(tls));
        config.transport_config(Arc::new(transport));
        let endpoint = Endpoint::server(config, ([127, 0, 0, 1], 0).into()).expect("a socket can be opened");
        let address = endpoint.local_addr().expect("a bound socket has an address");
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(serve(endpoint.clone(), settings, sender));
        Self { address, requests: tokio::sync::Mutex::new(requests), endpoint }
    }

    /// The next request.
    pub async fn asked(&self) -> Asked {
        self.requests.lock().await.recv().await.expect("the upstream runs")
    }

    /// Accepts the next request.
    pub async fn accept(&self) -> Session {
        self.asked().await.accept(HeaderMap::new()).await
    }

    /// Connections that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.endpoint.open_connections()
    }

    /// Is gone from one moment to the next.
    pub fn crash(&self) {
        self.endpoint.close(VarInt::from_u32(0x102), b"crashed");
    }
}

async fn serve(endpoint: Endpoint, settings: Settings, sender: mpsc::UnboundedSender<Asked>) {
    while let Some(incoming) = endpoint.accept().await {
        let (settings, sender) = (settings.clone(), sender.clone());
        tokio::spawn(async move {
            let Ok(quic) = incoming.await else { return };
            let shaken = quic.handshake_data().and_then(|data| data.downcast().ok());
            let server_name =
                shaken.and_then(|data: Box<quinn::crypto::rustls::HandshakeData>| data.server_name.clone());
            let link = Link::open(quic, Role::Server, settings).await;
            while let Ok((send, receive)) = link.quic.accept_bi().await {
                let (link, name, sender) = (Arc::clone(&link), server_name.clone(), sender.clone());
                tokio::spawn(take(link, name, send, receive, sender));
            }
        });
    }
}

async fn take(
    link: Arc<Link>,
    server_name: Option<String>,
    send: SendStream,
    receive: RecvStream,
    sender: mpsc::UnboundedSender<Asked>,
) {
    let incoming = link.core().incoming_request();
    let mut connect = Connect::new(&link, send, receive, incoming);
    match connect.event().await {
        Some(Event::Request(head)) => drop(sender.send(Asked { head, server_name, link, connect })),
        Some(Event::WebTransport(session)) => {
            link.came(session, Came::Stream(connect.into_stream()));
        }
        _ => {}
    }
}

impl Asked {
    /// A field of the request.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.head.headers.get(name).map_or("", |value| value.to_str().expect("it is text"))
    }

    /// The protocol that was asked for.
    #[must_use]
    pub fn protocol(&self) -> &str {
        self.head.extensions.get::<Protocol>().map_or("", Protocol::as_str)
    }

    /// Accepts it.
    pub async fn accept(self, headers: HeaderMap) -> Session {
        let mut connect = self.connect;
        connect.respond(StatusCode::OK, &headers, b"").await;
        connect.into_session(headers)
    }

    /// Answers something else.
    pub async fn refuse(mut self, status: u16, headers: HeaderMap, body: &[u8]) {
        let status = StatusCode::from_u16(status).expect("it is a status");
        self.connect.respond(status, &headers, body).await;
        self.connect.finish();
    }
}
