//! One end of a session, in the hands of a test.

use std::{ops::Deref, sync::Arc};

use bytes::{Bytes, BytesMut};
use caddis_h3::{
    Code, SessionId,
    capsule::{Capsule, Decoder},
    datagram, frame,
    message::write,
    stream::{Event, Incoming},
    uni,
    webtransport::{codes, write_header},
};
use http::{HeaderMap, StatusCode};
use quinn::{ReadError, RecvStream, SendStream, VarInt, WriteError};
use tokio::sync::{Mutex, mpsc};

use super::{Came, Link};
use crate::client::Answer;

/// What comes for a session.
#[derive(Debug)]
pub(crate) struct Arrivals(mpsc::UnboundedReceiver<Came>);

impl Arrivals {
    pub(super) fn new() -> (mpsc::UnboundedSender<Came>, Option<Self>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Some(Self(receiver)))
    }
}

/// The stream of a CONNECT request.
#[derive(Debug)]
pub struct Connect {
    link: Arc<Link>,
    send: SendStream,
    receive: RecvStream,
    incoming: Incoming,
    input: Bytes,
}

impl Connect {
    pub(super) fn new(link: &Arc<Link>, send: SendStream, receive: RecvStream, incoming: Incoming) -> Self {
        Self { link: Arc::clone(link), send, receive, incoming, input: Bytes::new() }
    }

    /// What comes next; `None` at the end.
    pub(super) async fn event(&mut self) -> Option<Event> {
        self.try_event().await.expect("the stream is whole")
    }

    async fn try_event(&mut self) -> Result<Option<Event>, ReadError> {
        loop {
            let event = self.incoming.next(&mut self.input).expect("the peer keeps to the protocol");
            if event.is_some() {
                return Ok(event);
            }
            match self.receive.read_chunk(usize::MAX, true).await? {
                Some(chunk) => self.input = chunk.bytes,
                None => return Ok(None),
            }
        }
    }

    pub(super) async fn respond(&mut self, status: StatusCode, headers: &HeaderMap, body: &[u8]) {
        let mut out = BytesMut::new();
        write::response(status, headers, &mut out);
        if !body.is_empty() {
            frame::data(body.len() as u64, &mut out);
            out.extend_from_slice(body);
        }
        // Whoever has asked may have gone.
        let _ = self.send.write_all(&out).await;
    }

    pub(super) fn finish(&mut self) {
        let _ = self.send.finish();
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// The answer, if it does not accept the session.
    pub async fn answer(mut self) -> Result<Session, Answer> {
        let (status, headers) = self.head().await;
        if status.is_success() {
            return Ok(self.into_session(headers));
        }
        Err(self.rest(status, headers).await)
    }

    /// The whole answer, which is none of a session.
    pub(super) async fn whole(mut self) -> Answer {
        let (status, headers) = self.head().await;
        self.rest(status, headers).await
    }

    async fn head(&mut self) -> (StatusCode, HeaderMap) {
        loop {
            match self.event().await {
                Some(Event::Response(head)) => return (head.status, head.headers),
                Some(Event::Interim(_)) => {}
                other => panic!("{other:?} is no head"),
            }
        }
    }

    async fn rest(mut self, status: StatusCode, headers: HeaderMap) -> Answer {
        let mut body = BytesMut::new();
        while let Some(event) = self.event().await {
            if let Event::Data(data) = event {
                body.extend_from_slice(&data);
            }
        }
        Answer { status, headers, body: body.freeze(), interim: Vec::new() }
    }

    /// Waits until the server gives the request up, and says with which code.
    pub async fn reset_by_server(mut self) -> Code {
        match self.try_event().await {
            Err(ReadError::Reset(code)) => Code::new(code.into_inner()),
            other => panic!("{other:?} came"),
        }
    }

    /// Gives the request up, in both directions.
    pub fn cancel(mut self) {
        let code = number(Code::H3_REQUEST_CANCELLED);
        let _ = self.send.reset(code);
        let _ = self.receive.stop(code);
    }

    fn id(&self) -> SessionId {
        SessionId::new(VarInt::from(self.send.id()).into_inner()).expect("it is a request's stream")
    }

    /// What can be sent ahead of the answer.
    #[must_use]
    pub fn early(&self) -> Sending {
        Sending { id: self.id(), link: Arc::clone(&self.link) }
    }

    pub(super) fn into_stream(self) -> Stream {
        Stream::new(Some(self.send), Some(self.receive), self.input)
    }

    pub(super) fn into_session(self, headers: HeaderMap) -> Session {
        let arrivals = Mutex::new((self.link.arrivals(self.id()), Vec::new()));
        let sending = self.early();
        Session {
            sending,
            headers,
            arrivals,
            connect: self,
            capsules: Decoder::new(1 << 20),
            ahead: Bytes::new(),
        }
    }
}

/// What can be sent in a session.
#[derive(Debug, Clone)]
pub struct Sending {
    id: SessionId,
    link: Arc<Link>,
}

impl Sending {
    /// Opens a bidirectional stream.
    pub async fn open_bi(&self) -> Stream {
        let (mut send, receive) = self.link.quic.open_bi().await.expect("the connection is open");
        let mut header = Vec::new();
        write_header(self.id, &mut header);
        send.write_all(&header).await.expect("the peer reads");
        Stream::new(Some(send), Some(receive), Bytes::new())
    }

    /// Opens a unidirectional stream.
    pub async fn open_uni(&self) -> Stream {
        let mut send = self.link.quic.open_uni().await.expect("the connection is open");
        let mut header = Vec::new();
        uni::write_webtransport(self.id, &mut header);
        send.write_all(&header).await.expect("the peer reads");
        Stream::new(Some(send), None, Bytes::new())
    }

    /// Sends a datagram.
    pub fn send_datagram(&self, payload: &[u8]) {
        let mut out = BytesMut::new();
        datagram::write(self.id.stream(), &mut out);
        out.extend_from_slice(payload);
        self.link.quic.send_datagram(out.freeze()).expect("datagrams can be sent");
    }
}

impl Deref for Session {
    type Target = Sending;

    fn deref(&self) -> &Sending {
        &self.sending
    }
}

/// How a session has ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a code and words; code 0 and no words if the stream just ended.
    Closed(u32, String),
    /// The CONNECT stream was reset.
    Reset(Code),
    /// The connection is gone.
    Lost,
}

/// One end of a session.
#[derive(Debug)]
pub struct Session {
    sending: Sending,
    /// The fields of the answer.
    pub headers: HeaderMap,
    /// What comes, and what has come and is not wanted yet.
    arrivals: Mutex<(Arrivals, Vec<Came>)>,
    connect: Connect,
    capsules: Decoder,
    ahead: Bytes,
}

impl Session {
    /// The connection below.
    #[must_use]
    pub fn link(&self) -> &Arc<Link> {
        &self.connect.link
    }

    /// The next stream that the peer opens.
    pub async fn accept(&self) -> Stream {
        loop {
            if let Came::Stream(stream) = self.next(|came| matches!(came, Came::Stream(_))).await {
                return stream;
            }
        }
    }

    /// The next datagram.
    pub async fn datagram(&self) -> Bytes {
        loop {
            if let Came::Datagram(payload) = self.next(|came| matches!(came, Came::Datagram(_))).await {
                return payload;
            }
        }
    }

    async fn next(&self, wanted: impl Fn(&Came) -> bool) -> Came {
        let mut arrivals = self.arrivals.lock().await;
        let (Arrivals(receiver), kept) = &mut *arrivals;
        if let Some(at) = kept.iter().position(&wanted) {
            return kept.remove(at);
        }
        loop {
            let came = receiver.recv().await.expect("the connection is open");
            if wanted(&came) {
                return came;
            }
            kept.push(came);
        }
    }

    /// Sends a capsule.
    pub async fn say(&mut self, capsule: &Capsule) {
        let mut content = Vec::new();
        capsule.write(&mut content);
        self.say_raw(&content).await;
    }

    /// Sends content that may be no capsule.
    pub async fn say_raw(&mut self, content: &[u8]) {
        let mut out = BytesMut::new();
        frame::data(content.len() as u64, &mut out);
        out.extend_from_slice(content);
        self.connect.send.write_all(&out).await.expect("the peer reads");
    }

    /// Waits until the peer has all that was said, after the end.
    pub async fn acknowledged(&mut self) {
        // It may have stopped listening.
        let _ = self.connect.send.stopped().await;
    }

    /// The next capsule.
    ///
    /// # Errors
    /// When the session ends without one.
    pub async fn hear(&mut self) -> Result<Capsule, Ended> {
        loop {
            let capsule = self.capsules.next(&mut self.ahead).expect("the peer keeps to the protocol");
            if let Some(capsule) = capsule {
                return Ok(capsule);
            }
            match self.connect.try_event().await {
                Ok(Some(Event::Data(data))) => self.ahead = data,
                Ok(Some(other)) => panic!("{other:?} is no content"),
                Ok(None) => return Err(Ended::Closed(0, String::new())),
                Err(ReadError::Reset(code)) => return Err(Ended::Reset(Code::new(code.into_inner()))),
                Err(_) => return Err(Ended::Lost),
            }
        }
    }

    /// Waits for the end. What else is said is passed over.
    pub async fn closed(&mut self) -> Ended {
        loop {
            match self.hear().await {
                Ok(Capsule::CloseSession { code, reason }) => return Ended::Closed(code, reason),
                Ok(_) => {}
                Err(ended) => return ended,
            }
        }
    }

    /// Closes the session.
    pub async fn close(&mut self, code: u32, reason: &str) {
        self.say(&Capsule::CloseSession { code, reason: reason.to_owned() }).await;
        self.connect.finish();
    }

    /// Ends the CONNECT stream.
    pub fn finish(&mut self) {
        self.connect.finish();
    }

    /// Resets the CONNECT stream.
    pub fn reset(&mut self, code: Code) {
        self.connect.send.reset(number(code)).expect("it was not reset");
    }
}

/// A stream of a session.
#[derive(Debug)]
pub struct Stream {
    /// What is sent, if this end sends.
    pub send: Option<SendStream>,
    /// What is received, if the peer sends.
    pub receive: Option<RecvStream>,
    ahead: Bytes,
}

impl Stream {
    pub(super) fn new(send: Option<SendStream>, receive: Option<RecvStream>, ahead: Bytes) -> Self {
        Self { send, receive, ahead }
    }

    /// The half to send on.
    pub fn sender(&mut self) -> &mut SendStream {
        self.send.as_mut().expect("this end sends")
    }

    /// The half to receive on.
    pub fn receiver(&mut self) -> &mut RecvStream {
        self.receive.as_mut().expect("the peer sends")
    }

    /// Sends.
    pub async fn write(&mut self, content: &[u8]) {
        self.sender().write_all(content).await.expect("the peer reads");
    }

    /// Sends until the peer does not want more, and says with which code of an application.
    pub async fn write_until_stopped(&mut self) -> Option<u32> {
        loop {
            match self.sender().write(&[7; 1 << 14]).await {
                Ok(_) => {}
                Err(WriteError::Stopped(code)) => return application(code),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Says that all was sent.
    pub fn finish(&mut self) {
        self.sender().finish().expect("it was not finished");
    }

    /// Gives up sending, with a code of the application.
    pub fn reset(&mut self, code: u32) {
        self.sender().reset(number(codes::to_http(code))).expect("it was not reset");
    }

    /// Gives up receiving, with a code of the application.
    pub fn stop(&mut self, code: u32) {
        self.receiver().stop(number(codes::to_http(code))).expect("it was not stopped");
    }

    /// Waits until the peer does not want more, and says with which code of an application.
    pub async fn stopped(&mut self) -> Option<u32> {
        let stopped = self.sender().stopped().await.expect("the connection is open");
        application(stopped.expect("it was stopped"))
    }

    /// So many bytes.
    pub async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut content = self.ahead.split_to(count.min(self.ahead.len())).to_vec();
        let before = content.len();
        content.resize(count, 0);
        self.receiver().read_exact(&mut content[before..]).await.expect("they come");
        content
    }

    /// Everything up to the end.
    ///
    /// # Errors
    /// The code that the stream was reset with.
    pub async fn read_all(&mut self) -> Result<Vec<u8>, Code> {
        let mut content = std::mem::take(&mut self.ahead).to_vec();
        loop {
            match self.receiver().read_chunk(usize::MAX, true).await {
                Ok(Some(chunk)) => content.extend_from_slice(&chunk.bytes),
                Ok(None) => return Ok(content),
                Err(ReadError::Reset(code)) => return Err(Code::new(code.into_inner())),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Waits until the peer gives the stream up, and says with which code of an application.
    pub async fn reset_by_peer(&mut self) -> Option<u32> {
        match self.read_all().await {
            Err(code) => codes::from_http(code),
            Ok(content) => panic!("it has ended after {} bytes", content.len()),
        }
    }
}

fn application(code: VarInt) -> Option<u32> {
    codes::from_http(Code::new(code.into_inner()))
}

fn number(code: Code) -> VarInt {
    VarInt::from_u64(code.value()).expect("it is a code")
}
