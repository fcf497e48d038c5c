//! The client's end of a connection of HTTP/3.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use caddis_h3::{
    Code, Role, Settings,
    message::{Protocol, write},
    stream::Event,
};
use http::{HeaderMap, StatusCode, response};
use http_body::Body as _;
use quinn::{ConnectionError, ReadError};

use super::{
    super::{
        Request,
        places::Open,
        streamed::{Upload, prepare},
    },
    sessions::QUOTA,
};
use crate::{
    error::{Error, Kind},
    http::{
        Body,
        body::{BodyError, announced_length},
        connection::outgoing::Promise,
        h3::{
            Failed, Link, NoStream, Outbound, Reading, ReadingError, Received, SendError, Unsent, close,
            send_body, webtransport,
        },
        passing::{Pass, Passing, Polled},
    },
};

/// Takes requests for one connection, any number at once. It ends when the last of these is gone and no stream is open.
#[derive(Clone)]
pub(in super::super) struct Requests(pub(super) Rc<Connection>);

pub(super) struct Connection {
    pub(super) link: Rc<Link>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.link.finish();
    }
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum Broken {
    #[error(transparent)]
    NoStream(#[from] NoStream),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// The fields of the request take more room than the upstream gives them, in bytes.
    #[error("the head of the request has {size} bytes, and the upstream takes {limit}")]
    RequestTooLarge { size: u64, limit: u64 },
    #[error("the head of the response is larger than it may be")]
    ResponseTooLarge,
    #[error("the stream has ended without a response")]
    Nothing,
    /// The upstream has violated the protocol.
    #[error(transparent)]
    Protocol(#[from] caddis_h3::Error),
    /// The body of the request.
    #[error(transparent)]
    Body(BodyError),
}

/// A request that was not answered.
pub(super) struct Unanswered {
    pub(super) error: Broken,
    /// The body, if nothing of the request was sent.
    pub(super) unsent: Option<Body>,
}

/// A request that is answered.
pub(super) struct Answered {
    pub(super) response: response::Parts,
    pub(super) reading: Reading,
    /// Where to send to, after CONNECT.
    pub(super) stream: Option<Outbound>,
    /// The body of the request, which may be on its way still.
    pub(super) upload: Upload,
}

impl Requests {
    /// Begins to use a connection. `most_head` is the most that the fields of a response may take, in bytes. `sessions` says
    /// whether it is one for WebTransport.
    pub(in super::super) fn open(
        quic: quinn::Connection,
        most_head: usize,
        sessions: bool,
        open: Option<Open>,
    ) -> Self {
        let settings = Settings { max_field_section_size: Some(most_head as u64), ..Settings::default() };
        let settings = if sessions { webtransport(settings, QUOTA) } else { settings };
        let link = Link::new(quic, Role::Client, settings);
        let running = Rc::clone(&link);
        tokio::task::spawn_local(async move {
            let ended = Rc::clone(&running);
            // Whoever has a request on the connection learns what happens to it.
            drop(running.run(|send, receive| ended.accept_of_server(send, receive)).await);
            close(ended.quic(), Code::H3_NO_ERROR, "");
            drop(open);
        });
        Self(Rc::new(Connection { link }))
    }

    /// Whether it takes no further requests.
    pub(in super::super) fn is_closed(&self) -> bool {
        self.0.link.is_closed()
    }

    /// Whether the upstream takes extended CONNECT, once it has said that.
    pub(in super::super) async fn takes_extended_connect(&self) -> bool {
        self.0.link.settled().await.enable_connect_protocol
    }

    /// Sends a request in the form of HTTP/3, and waits for the head of its response. Given up before that, the stream is
    /// reset. With `protocol` it is an extended CONNECT.
    pub(super) async fn send(
        &self,
        request: Request,
        protocol: Option<Protocol>,
        interim: impl Fn(StatusCode, HeaderMap),
    ) -> Result<Answered, Box<Unanswered>> {
        let (mut parts, body) = request.into_parts();
        prepare(&mut parts.headers, &body);
        let link = &self.0.link;
        let (mut reading, mut outbound) = match link.request(parts.method.clone()).await {
            Ok(stream) => stream,
            Err(error) => return Err(unanswered(error, Some(body))),
        };
        let mut head = BytesMut::new();
        let size = write::request(&parts.method, &parts.uri, &parts.headers, protocol.as_ref(), &mut head);
        let limit = link.core().borrow().peer_field_section();
        if let Some(limit) = limit.filter(|limit| size > *limit) {
            return Err(unanswered(Broken::RequestTooLarge { size, limit }, None));
        }
        let mut upload = Upload::default();
        let mut stream = None;
        if protocol.is_some() || body.is_end_stream() {
            // That the upstream wants no more is no reason not to hear what it says.
            let sent = outbound.write(&mut [head.freeze()]).await;
            if sent.is_ok() && protocol.is_none() {
                outbound.finish();
            }
            stream = Some(outbound);
        } else {
            let promise = Promise::new(announced_length(&parts.headers));
            let sending = send(head.freeze(), body, promise, outbound, reading.failed());
            upload.begin(Box::pin(sending)).await;
        }
        match answered(&mut reading, interim).await {
            Ok(response) => {
                link.core().borrow_mut().request_done();
                Ok(Answered { response, reading, stream, upload })
            }
            Err(error) => Err(unanswered(upload.error().map_or(error, Broken::Body), None)),
        }
    }

    /// The body of a response. The connection stays open for as long as it is read.
    pub(super) async fn body(self, mut reading: Reading) -> Body {
        match reading.is_over().await {
            Ok(true) => Body::Empty,
            // What is wrong is said again to whoever reads.
            Ok(false) | Err(_) => Passing::boxed(Body::boxed(Received::new(reading)), self),
        }
    }
}

impl Pass for Requests {
    fn poll(&mut self, body: std::pin::Pin<&mut Body>, cx: &mut std::task::Context<'_>) -> Polled {
        body.poll_frame(cx)
    }
}

pub(super) fn unanswered(error: impl Into<Broken>, unsent: Option<Body>) -> Box<Unanswered> {
    Box::new(Unanswered { error: error.into(), unsent })
}

/// Sends a request; why its body has broken off, if it has.
async fn send(
    head: Bytes,
    body: Body,
    promise: Promise,
    mut outbound: Outbound,
    failed: Failed,
) -> Option<BodyError> {
    match send_body(head, body, promise, &mut outbound, &failed).await {
        Ok(()) => outbound.finish(),
        Err(Unsent::Body(error)) => return Some(error),
        Err(error @ Unsent::Length) => return Some(error.into()),
        // What happens to the stream is told by its response.
        Err(Unsent::Gone | Unsent::Send(_)) => {}
    }
    None
}

/// The head of the final response; those before it are told.
pub(super) async fn answered(
    reading: &mut Reading,
    interim: impl Fn(StatusCode, HeaderMap),
) -> Result<response::Parts, Broken> {
    loop {
        match reading.next().await? {
            Some(Event::Interim(head)) => interim(head.status, head.headers),
            Some(Event::Response(head)) => return Ok(head),
            Some(Event::TooLarge) => return Err(Broken::ResponseTooLarge),
            Some(Event::Request(_) | Event::Data(_) | Event::Trailers(_) | Event::WebTransport(_)) | None => {
                return Err(Broken::Nothing);
            }
        }
    }
}

impl Broken {
    /// A client that breaks off while its request is sent, or sends too much, is no fault of the upstream.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Body(error) => Error::kind_of_request_body(&**error),
            _ if matches!(self.lost(), Some(ConnectionError::TimedOut)) => Kind::UpstreamTimeout,
            Self::RequestTooLarge { .. } => Kind::Status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            _ => Kind::UpstreamBroken,
        }
    }

    /// Whether the peer has ended the connection, or has not looked at the request.
    pub(super) fn is_end(&self) -> bool {
        match self {
            Self::NoStream(NoStream::GoingAway) => true,
            Self::Reading(ReadingError::Lost(ReadError::Reset(code))) => {
                Code::new(code.into_inner()) == Code::H3_REQUEST_REJECTED
            }
            _ => matches!(
                self.lost(),
                Some(
                    ConnectionError::ApplicationClosed(_)
                        | ConnectionError::ConnectionClosed(_)
                        | ConnectionError::Reset
                        | ConnectionError::LocallyClosed
                        | ConnectionError::TransportError(_)
                )
            ),
        }
    }

    /// How the connection was lost, if it was.
    fn lost(&self) -> Option<&ConnectionError> {
        match self {
            Self::NoStream(NoStream::Lost(error))
            | Self::Reading(ReadingError::Lost(ReadError::ConnectionLost(error))) => Some(error),
            _ => None,
        }
    }
}
