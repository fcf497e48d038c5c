//! The client's end of a connection of HTTP/2.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use ::h2::{
    Reason, RecvStream, SendStream,
    client::{Builder, ResponseFuture, SendRequest},
};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Method, Response, StatusCode};
use http_body::Body as _;
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::{
    Request,
    streamed::{Upload, prepare},
};
use crate::{
    error::{Error, Kind},
    http::{
        Body,
        body::{BodyError, announced_length},
        connection::h2::{Sending, Unsent},
    },
};

/// Takes requests for one connection, any number at once.
#[derive(Clone)]
pub(in super::super) struct Requests {
    sender: SendRequest<Bytes>,
    /// Shared by all that take requests for it.
    ended: Rc<Cell<bool>>,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(in super::super) enum Broken {
    Stream(#[from] ::h2::Error),
    /// The body of the request.
    Body(BodyError),
}

/// A request that was not answered.
pub(in super::super) struct Unanswered {
    pub(in super::super) error: Broken,
    /// The body, if nothing of the request was sent.
    pub(in super::super) unsent: Option<Body>,
}

/// A request that is answered.
pub(in super::super) struct Answered {
    pub(in super::super) response: Response<RecvStream>,
    /// Where to send to, after CONNECT.
    pub(in super::super) stream: Option<SendStream<Bytes>>,
    /// The body of the request, which may be on its way still.
    pub(in super::super) upload: Upload,
}

/// How connections are opened, with windows that do not slow down a single large response.
pub(in super::super) fn builder() -> Builder {
    const STREAM_WINDOW: u32 = 4 << 20;
    const CONNECTION_WINDOW: u32 = 16 << 20;
    /// What may wait to be sent on a stream, in bytes.
    const SEND_BUFFER: usize = 1 << 20;
    /// What the fields of a response may take unless configured, as in Go.
    const MAX_HEADERS: u32 = 10 << 20;
    /// Streams until the upstream says how many it takes: the least that RFC 9113, section 6.5.2, recommends.
    const STREAMS: usize = 100;
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_max_send_streams(STREAMS)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADERS)
        .max_send_buffer_size(SEND_BUFFER);
    builder
}

impl Requests {
    /// Begins a connection. The future is what happens on it.
    pub(in super::super) async fn open<S>(
        builder: &Builder,
        stream: S,
    ) -> Result<(Self, impl Future<Output = ()> + 'static), ::h2::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (sender, connection) = builder.handshake(stream).await?;
        let requests = Self { sender, ended: Rc::default() };
        let ended = Rc::clone(&requests.ended);
        let running = async move {
            // The requests that are under way on it learn what happens to a connection.
            drop(connection.await);
            ended.set(true);
        };
        Ok((requests, running))
    }

    /// Whether it takes no further requests.
    pub(in super::super) fn is_closed(&self) -> bool {
        self.ended.get()
    }

    /// Sends a request in the form of HTTP/2, and waits for the head of its response. Given up before that, the stream is
    /// reset.
    pub(in super::super) async fn send(
        &mut self,
        request: Request,
        interim: impl Fn(StatusCode, HeaderMap),
    ) -> Result<Answered, Unanswered> {
        let (mut parts, body) = request.into_parts();
        prepare(&mut parts.headers, &body);
        if let Err(error) = poll_fn(|cx| self.sender.poll_ready(cx)).await {
            self.ended.set(true);
            return Err(Unanswered { error: error.into(), unsent: Some(body) });
        }
        let connect = parts.method == Method::CONNECT;
        let ended = !connect && body.is_end_stream();
        let head = http::Request::from_parts(parts, ());
        let length = announced_length(head.headers());
        let (response, stream) = match self.sender.send_request(head, ended) {
            Ok(sent) => sent,
            Err(error) => return Err(Unanswered { error: error.into(), unsent: Some(body) }),
        };
        let mut stream = Some(stream);
        let mut upload = Upload::default();
        if !connect
            && !ended
            && let Some(stream) = stream.take()
        {
            upload.begin(Sending::new(body, stream, length).map(broken_off)).await;
        }
        match answered(response, interim).await {
            Ok(response) => Ok(Answered { response, stream, upload }),
            Err(error) => {
                let error = upload.error().map_or(Broken::Stream(error), Broken::Body);
                Err(Unanswered { error, unsent: None })
            }
        }
    }
}

/// Why the body has broken off, if that is why it was not sent.
fn broken_off(sent: Result<(), Unsent>) -> Option<BodyError> {
    match sent {
        Err(Unsent::Body(error)) => Some(error),
        // What happens to the stream is told by its response.
        Ok(()) | Err(Unsent::Stream) => None,
    }
}

/// The final response; those before it are told.
async fn answered(
    mut response: ResponseFuture,
    interim: impl Fn(StatusCode, HeaderMap),
) -> Result<Response<RecvStream>, ::h2::Error> {
    poll_fn(|cx| {
        while let Poll::Ready(Some(came)) = response.poll_informational(cx)? {
            let (head, ()) = came.into_parts();
            interim(head.status, head.headers);
        }
        Pin::new(&mut response).poll(cx)
    })
    .await
}

impl Broken {
    /// A client that breaks off while its request is sent, or sends too much, is no fault of the upstream.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Body(error) => Error::kind_of_request_body(&**error),
            Self::Stream(error) if io_kind(error) == Some(io::ErrorKind::TimedOut) => Kind::UpstreamTimeout,
            Self::Stream(_) => Kind::UpstreamBroken,
        }
    }

    /// Whether the peer has ended the connection, or has not looked at the request.
    pub(super) fn is_end(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        match self {
            Self::Body(_) => false,
            Self::Stream(error) => {
                error.reason() == Some(Reason::REFUSED_STREAM)
                    || matches!(io_kind(error), Some(BrokenPipe | ConnectionReset))
            }
        }
    }
}

fn io_kind(error: &::h2::Error) -> Option<io::ErrorKind> {
    error.get_io().map(io::Error::kind)
}
