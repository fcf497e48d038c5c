//! A connection on a pair of sockets.

use std::{
    cell::RefCell,
    future::{Future, pending, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
};

use bytes::Bytes;
use h2::{
    Ping, PingPong, Reason, RecvStream, SendStream,
    client::{ResponseFuture, SendRequest},
};
use http::{HeaderMap, Request, Response, response::Parts};
use tokio::{
    net::UnixStream,
    sync::{mpsc, oneshot},
};

use super::super::{Engine, Http2};
use crate::http::{
    Body,
    body::BodyError,
    connection::{Activity, Socket, Stream as Bytestream, Watched},
    server::{Aborted, Stream},
};

/// What the fields of a request may take.
pub(super) const MAX_HEADERS: usize = 16 << 10;

/// Serves one end of a pair of sockets; the other end.
pub(super) fn serve<F, B>(service: impl Fn(Request<Body>, Stream) -> F + 'static) -> UnixStream
where
    F: Future<Output = Result<Response<B>, Aborted>> + 'static,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
{
    serve_on(&Arc::new(Activity::new(true)), service, oneshot::channel().1)
}

/// The same on a connection that is watched, until it is told to finish.
pub(super) fn serve_on<F, B>(
    activity: &Arc<Activity>,
    service: impl Fn(Request<Body>, Stream) -> F + 'static,
    finish: oneshot::Receiver<()>,
) -> UnixStream
where
    F: Future<Output = Result<Response<B>, Aborted>> + 'static,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
{
    let (near, far) = UnixStream::pair().unwrap();
    let near = Watched::new(Bytestream::Plain(Socket::Unix(near).into()), Arc::clone(activity));
    let mut engine = Http2::new(near, activity, MAX_HEADERS, service);
    let mut finish = Some(finish);
    // Clients leave as they please.
    tokio::task::spawn_local(async move {
        drop(
            poll_fn(|cx| {
                if let Some(told) = &mut finish
                    && let Poll::Ready(told) = Pin::new(told).poll(cx)
                {
                    finish = None;
                    if told.is_ok() {
                        Pin::new(&mut engine).finish();
                    }
                }
                Pin::new(&mut engine).poll(cx)
            })
            .await,
        );
    });
    far
}

/// A client of the library.
pub(super) struct Client {
    sender: SendRequest<Bytes>,
    pings: PingPong,
}

impl Client {
    /// Of a service.
    pub(super) async fn of<F, B>(service: impl Fn(Request<Body>, Stream) -> F + 'static) -> Self
    where
        F: Future<Output = Result<Response<B>, Aborted>> + 'static,
        B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
    {
        Self::on(serve(service)).await
    }

    /// On a socket.
    pub(super) async fn on(socket: UnixStream) -> Self {
        Self::with(&mut h2::client::Builder::new(), socket).await
    }

    /// With settings of its own.
    pub(super) async fn with(settings: &mut h2::client::Builder, socket: UnixStream) -> Self {
        let (sender, mut connection) = settings.handshake(socket).await.unwrap();
        let pings = connection.ping_pong().unwrap();
        tokio::task::spawn_local(async move { drop(connection.await) });
        let mut client = Self { sender, pings };
        // The first answer comes after the settings of the server.
        client.ping().await;
        client
    }

    pub(super) fn send(&mut self, request: Request<()>, end: bool) -> (ResponseFuture, SendStream<Bytes>) {
        self.sender.send_request(request, end).unwrap()
    }

    /// Comes back when the server has seen all that was sent before.
    pub(super) async fn ping(&mut self) {
        self.pings.ping(Ping::opaque()).await.unwrap();
    }
}

pub(super) fn get() -> Request<()> {
    Request::get("http://example.com/").body(()).unwrap()
}

pub(super) fn post() -> Request<()> {
    Request::post("http://example.com/").body(()).unwrap()
}

/// A request for a WebSocket.
pub(super) fn websocket() -> Request<()> {
    let request = Request::connect("http://example.com/chat");
    request.extension(h2::ext::Protocol::from_static("websocket")).body(()).unwrap()
}

/// Head, body and trailers of a response.
pub(super) async fn whole(
    response: Response<RecvStream>,
) -> Result<(Parts, Bytes, Option<HeaderMap>), h2::Error> {
    let (head, mut stream) = response.into_parts();
    let mut body = Vec::new();
    while let Some(data) = stream.data().await.transpose()? {
        stream.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    Ok((head, body.into(), stream.trailers().await?))
}

/// How much there is room for, as soon as there is.
pub(super) async fn room(stream: &mut SendStream<Bytes>) -> usize {
    while stream.capacity() == 0 {
        poll_fn(|cx| stream.poll_capacity(cx)).await.unwrap().unwrap();
    }
    stream.capacity()
}

/// What the library says of an error.
pub(super) fn reason(error: &(dyn std::error::Error + 'static)) -> Option<Reason> {
    error.downcast_ref::<h2::Error>().unwrap().reason()
}

/// What becomes of a request that is never answered.
pub(super) struct Handling(mpsc::UnboundedReceiver<bool>);

/// A client whose requests are never answered.
pub(super) fn handling() -> (impl Future<Output = Client>, Handling) {
    struct Dropped(mpsc::UnboundedSender<bool>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.send(false).unwrap();
        }
    }
    let (sender, receiver) = mpsc::unbounded_channel();
    let client = Client::of(move |request: Request<Body>, stream| {
        let sender = sender.clone();
        async move {
            sender.send(true).unwrap();
            let _held = (request, stream, Dropped(sender));
            pending::<Result<Response<Body>, Aborted>>().await
        }
    });
    (client, Handling(receiver))
}

impl Handling {
    pub(super) async fn begun(&mut self) -> bool {
        self.0.recv().await.unwrap()
    }

    pub(super) async fn dropped(&mut self) {
        assert!(!self.0.recv().await.unwrap());
    }
}

/// A body that is sent piece by piece, and how much of it was asked for.
pub(super) struct Pieces {
    pieces: Vec<Result<http_body::Frame<Bytes>, BodyError>>,
    asked: Rc<RefCell<usize>>,
}

impl Pieces {
    pub(super) fn new(
        pieces: impl IntoIterator<Item = Result<http_body::Frame<Bytes>, BodyError>>,
    ) -> (Self, Rc<RefCell<usize>>) {
        let mut pieces: Vec<_> = pieces.into_iter().collect();
        pieces.reverse();
        let asked = Rc::default();
        (Self { pieces, asked: Rc::clone(&asked) }, asked)
    }

    /// Some text.
    pub(super) fn text(pieces: &[&'static str]) -> Self {
        Self::new(pieces.iter().map(|text| Ok(http_body::Frame::data(Bytes::from_static(text.as_bytes()))))).0
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BodyError>>> {
        *self.asked.borrow_mut() += 1;
        Poll::Ready(self.pieces.pop())
    }
}
