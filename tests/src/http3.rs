//! A client of HTTP/3: one connection, and streams that send and read piece by piece.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
};

use bytes::{Bytes, BytesMut};
use caddis_h3::{
    Code, Connection, Role, Settings,
    connection::Limits,
    control::Control,
    frame,
    message::{Protocol, write},
    stream::{Event, Incoming},
    uni::Uni,
};
use caddis_runtime::tls::AcceptAnything;
use http::{HeaderMap, Request, StatusCode};
use quinn::{
    ClientConfig, Connecting, ConnectionError, Endpoint, ReadError, RecvStream, SendStream, VarInt,
    ZeroRttAccepted, crypto::rustls::QuicClientConfig,
};
use rustls::{crypto::aws_lc_rs::default_provider, pki_types::CertificateDer};
use tokio::sync::watch;

use crate::client::Answer;

/// A connection to a server. Certificates are not checked.
#[derive(Debug)]
pub struct Client {
    /// The socket.
    pub endpoint: Endpoint,
    /// The connection.
    pub quic: quinn::Connection,
    core: Arc<Mutex<Connection>>,
    goaway: watch::Receiver<Vec<u64>>,
    /// Never closed.
    control: SendStream,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The server has reset the stream with this code.
    Reset(Code),
    /// The connection is closed, by the server with this code.
    Closed(Option<Code>),
}

impl Client {
    /// Connects under a name.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn try_connect(address: SocketAddr, name: &str) -> Result<Self, ConnectionError> {
        Self::connect_as(&memory(), address, name).await
    }

    /// The same with a memory of the server.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn connect_as(
        memory: &ClientConfig,
        address: SocketAddr,
        name: &str,
    ) -> Result<Self, ConnectionError> {
        let (endpoint, connecting) = begin(memory, address, name);
        Self::speak(endpoint, connecting.await?).await
    }

    /// Does not wait for the end of the handshake, of which the second value tells, and whether the server has taken what was
    /// sent before; `None` if nothing that is remembered of the server permits that.
    pub async fn early(
        memory: &ClientConfig,
        address: SocketAddr,
        name: &str,
    ) -> Option<(Self, ZeroRttAccepted)> {
        let (endpoint, connecting) = begin(memory, address, name);
        let (quic, accepted) = connecting.into_0rtt().ok()?;
        Some((Self::speak(endpoint, quic).await.expect("the connection is open"), accepted))
    }

    async fn speak(endpoint: Endpoint, quic: quinn::Connection) -> Result<Self, ConnectionError> {
        let mut control = quic.open_uni().await?;
        let core = Connection::new(Role::Client, Settings::default(), Limits::default());
        let mut hello = BytesMut::new();
        core.open(3, &mut hello);
        control.write_all(&hello).await.expect("the server reads");
        let core = Arc::new(Mutex::new(core));
        let (sender, goaway) = watch::channel(Vec::new());
        tokio::spawn(listen(quic.clone(), Arc::clone(&core), sender));
        Ok(Self { endpoint, quic, core, goaway, control })
    }

    /// The same for a server that agrees.
    pub async fn connect(address: SocketAddr, name: &str) -> Self {
        Self::try_connect(address, name).await.expect("the server agrees")
    }

    /// Sends the head of a request.
    pub async fn open(&self, request: Request<()>) -> Stream {
        let mut out = BytesMut::new();
        let (head, ()) = request.into_parts();
        let protocol = head.extensions.get::<Protocol>();
        write::request(&head.method, &head.uri, &head.headers, protocol, &mut out);
        let (mut send, receive) = self.quic.open_bi().await.expect("the connection is open");
        // A server that resets at once is met by whoever reads.
        let _ = send.write_all(&out).await;
        let incoming = self.core.lock().expect("nobody panicked").incoming_response(head.method);
        Stream { send, receive, incoming, input: Bytes::new(), interim: Vec::new() }
    }

    /// Sends bytes that may be no request.
    pub async fn raw(&self, bytes: &[u8]) -> Stream {
        let (mut send, receive) = self.quic.open_bi().await.expect("the connection is open");
        let _ = send.write_all(bytes).await;
        let incoming = self.core.lock().expect("nobody panicked").incoming_response(http::Method::GET);
        Stream { send, receive, incoming, input: Bytes::new(), interim: Vec::new() }
    }

    /// A whole request without content.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn send(&self, request: Request<()>) -> Result<Answer, Failure> {
        let mut stream = self.open(request).await;
        stream.end();
        stream.answer().await.map(|(answer, _)| answer)
    }

    /// A GET that is answered.
    pub async fn get(&self, target: &str) -> Answer {
        let request = Request::get(target).body(()).expect("it is a URI");
        self.send(request).await.expect("the server answers")
    }

    /// Waits until the server has said a number of times that it goes away, and what.
    pub async fn goaway(&mut self, times: usize) -> Vec<u64> {
        let said = self.goaway.wait_for(|said| said.len() >= times).await;
        said.expect("the connection is open").clone()
    }

    /// Goes on from another port.
    pub fn migrate(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket can be opened");
        self.endpoint.rebind(socket).expect("the socket can be used");
    }

    /// The certificate that the server has shown.
    #[must_use]
    pub fn certificate(&self) -> CertificateDer<'static> {
        let identity = self.quic.peer_identity().expect("servers show one");
        identity.downcast::<Vec<CertificateDer<'static>>>().expect("quinn says so")[0].clone()
    }

    /// Waits until the server closes the connection, and says with which code.
    pub async fn closed(&self) -> Option<Code> {
        code_of(&self.quic.closed().await)
    }

    /// The stream on which the settings were sent.
    pub fn control(&mut self) -> &mut SendStream {
        &mut self.control
    }
}

/// One request and its response.
#[derive(Debug)]
pub struct Stream {
    /// What is sent.
    pub send: SendStream,
    /// What is received.
    pub receive: RecvStream,
    incoming: Incoming,
    input: Bytes,
    interim: Vec<(StatusCode, HeaderMap)>,
}

impl Stream {
    /// Sends content.
    pub async fn write(&mut self, content: &[u8]) {
        let mut out = BytesMut::new();
        frame::data(content.len() as u64, &mut out);
        out.extend_from_slice(content);
        self.send.write_all(&out).await.expect("the server reads");
    }

    /// Sends trailers.
    pub async fn trailers(&mut self, trailers: &HeaderMap) {
        let mut out = BytesMut::new();
        write::trailers(trailers, &mut out);
        self.send.write_all(&out).await.expect("the server reads");
    }

    /// Says that the request is complete.
    pub fn end(&mut self) {
        // A server that has stopped it needs no end.
        let _ = self.send.finish();
    }

    /// Gives the request up, in both directions.
    pub fn cancel(&mut self) {
        let code = VarInt::from_u64(Code::H3_REQUEST_CANCELLED.value()).expect("it is small");
        self.send.reset(code).expect("it was not reset");
        self.receive.stop(code).expect("it was not stopped");
    }

    /// What comes next.
    ///
    /// # Errors
    /// When the server gives the stream or the connection up.
    pub async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(event) =
                self.incoming.next(&mut self.input).expect("the server keeps to the protocol")
            {
                return Ok(Some(event));
            }
            match self.receive.read_chunk(usize::MAX, true).await {
                Ok(Some(chunk)) => self.input = chunk.bytes,
                Ok(None) => {
                    self.incoming.end().expect("the response is whole");
                    return Ok(None);
                }
                Err(ReadError::Reset(code)) => return Err(Failure::Reset(Code::new(code.into_inner()))),
                Err(ReadError::ConnectionLost(error)) => return Err(Failure::Closed(code_of(&error))),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// The head of the response.
    ///
    /// # Errors
    /// When there is none.
    pub async fn head(&mut self) -> Result<(StatusCode, HeaderMap), Failure> {
        loop {
            match self.next().await? {
                Some(Event::Response(head)) => return Ok((head.status, head.headers)),
                Some(Event::Interim(head)) => self.interim.push((head.status, head.headers)),
                other => panic!("{other:?} is no head"),
            }
        }
    }

    /// The next piece of content; `None` at the end.
    ///
    /// # Errors
    /// When the response breaks off.
    pub async fn data(&mut self) -> Result<Option<Bytes>, Failure> {
        match self.next().await? {
            Some(Event::Data(data)) => Ok(Some(data)),
            None => Ok(None),
            other => panic!("{other:?} is no content"),
        }
    }

    /// The whole response, and its trailers.
    ///
    /// # Errors
    /// When it is not whole.
    pub async fn answer(mut self) -> Result<(Answer, HeaderMap), Failure> {
        let (status, headers) = self.head().await?;
        let (mut body, mut trailers) = (BytesMut::new(), HeaderMap::new());
        while let Some(event) = self.next().await? {
            match event {
                Event::Data(data) => body.extend_from_slice(&data),
                Event::Trailers(fields) => trailers = fields,
                other => panic!("{other:?} follows a head"),
            }
        }
        Ok((Answer { status, headers, body: body.freeze(), interim: self.interim }, trailers))
    }

    /// Waits until the server reads no further, and says with which code; `None` if it has read all.
    pub async fn stopped(&mut self) -> Option<Code> {
        let stopped = self.send.stopped().await.expect("the connection is open");
        stopped.map(|code| Code::new(code.into_inner()))
    }
}

fn begin(memory: &ClientConfig, address: SocketAddr, name: &str) -> (Endpoint, Connecting) {
    let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).expect("a socket can be opened");
    let connecting = endpoint.connect_with(memory.clone(), address, name).expect("the name is one");
    (endpoint, connecting)
}

/// What a client remembers of servers: nothing yet.
#[must_use]
pub fn memory() -> ClientConfig {
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnything(Arc::new(default_provider()))))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h3".to_vec()];
    config.enable_early_data = true;
    let config = QuicClientConfig::try_from(config).expect("the suites are those of the provider");
    ClientConfig::new(Arc::new(config))
}

/// Reads what the server says of the connection.
async fn listen(quic: quinn::Connection, core: Arc<Mutex<Connection>>, goaway: watch::Sender<Vec<u64>>) {
    while let Ok(mut stream) = quic.accept_uni().await {
        let core = Arc::clone(&core);
        let lock = || core.lock().expect("nobody panicked");
        let (mut header, mut uni) = (lock().uni_header(), None);
        while let Ok(Some(chunk)) = stream.read_chunk(usize::MAX, true).await {
            let mut input = chunk.bytes;
            if uni.is_none() {
                uni = header.next(&mut input).expect("the server keeps to the protocol");
                uni.map(|uni| lock().accept_uni(uni).expect("the server keeps to the protocol"));
            }
            if uni == Some(Uni::Control) {
                while let Some(said) = lock().control(&mut input).expect("the server keeps to the protocol") {
                    if let Control::Goaway(id) = said {
                        goaway.send_modify(|said| said.push(id));
                    }
                }
            }
        }
    }
}

fn code_of(error: &ConnectionError) -> Option<Code> {
    match error {
        ConnectionError::ApplicationClosed(close) => Some(Code::new(close.error_code.into_inner())),
        _ => None,
    }
}
