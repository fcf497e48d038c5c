//! The client's end of a connection of HTTP/2.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use ::h2::{
    Reason, RecvStream, SendStream,
    client::{Builder, ResponseFuture, SendRequest},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body as _;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
};

use super::super::{Request, exchange::is_last};
use crate::{
    error::{Error, Kind},
    http::{
        Body,
        body::{BodyError, announced_length},
        connection::{
            h2::{Sending, Unsent},
            outgoing::strip,
        },
        passing::{Pass, Polled},
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
    /// The body of the request, if it is still on its way.
    pub(in super::super) upload: Option<Upload>,
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
            upload.begin(Sending::new(body, stream, length)).await;
        }
        match answered(response, interim).await {
            Ok(response) => {
                let upload = Some(upload).filter(Upload::is_under_way);
                Ok(Answered { response, stream, upload })
            }
            Err(error) => {
                let error = upload.error().map_or(Broken::Stream(error), Broken::Body);
                Err(Unanswered { error, unsent: None })
            }
        }
    }
}

/// Makes the fields those of a request of HTTP/2.
fn prepare(headers: &mut HeaderMap, body: &Body) {
    let trailers = HeaderValue::from_static("trailers");
    let takes_trailers = headers.get(header::TE) == Some(&trailers);
    strip(headers);
    if takes_trailers {
        headers.insert(header::TE, trailers);
    }
    if let Some(length @ 1..) = body.size_hint().exact() {
        headers.entry(header::CONTENT_LENGTH).or_insert_with(|| length.into());
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

/// The body of a request on its way, in a task of its own where it takes long. Dropped, it goes no further.
#[derive(Default)]
pub(in super::super) struct Upload {
    task: Option<JoinHandle<()>>,
    /// Why the body has broken off.
    error: Rc<RefCell<Option<BodyError>>>,
}

impl Upload {
    async fn begin(&mut self, mut sending: Sending<Body>) {
        let sent = poll_fn(|cx: &mut Context<'_>| Poll::Ready(Pin::new(&mut sending).poll(cx))).await;
        let error = Rc::clone(&self.error);
        match sent {
            Poll::Ready(sent) => note(&error, sent),
            Poll::Pending => {
                self.task = Some(tokio::task::spawn_local(async move { note(&error, sending.await) }));
            }
        }
    }

    /// What is left is sent, whoever lets go of this.
    pub(in super::super) fn go_on(&mut self) {
        self.task = None;
    }

    fn is_under_way(&self) -> bool {
        self.task.as_ref().is_some_and(|task| !task.is_finished())
    }

    fn error(&self) -> Option<BodyError> {
        self.error.take()
    }
}

fn note(error: &RefCell<Option<BodyError>>, sent: Result<(), Unsent>) {
    // What happens to the stream is told by its response.
    if let Err(Unsent::Body(broken)) = sent {
        *error.borrow_mut() = Some(broken);
    }
}

/// Goes with the response: whoever has read that to its end may go on sending, whoever has left may not.
impl Pass for Upload {
    fn poll(&mut self, mut body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let polled = body.as_mut().poll_frame(cx);
        if is_last(&polled, &body) {
            self.go_on();
        }
        polled
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
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
