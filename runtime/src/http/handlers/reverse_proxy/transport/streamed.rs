//! What requests have in common on the versions that have streams.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderValue, Uri, Version, header};
use http_body::Body as _;
use tokio::task::JoinHandle;

use super::{Request, exchange::is_last};
use crate::http::{
    Body,
    body::BodyError,
    connection::outgoing::strip,
    passing::{Pass, Passing, Polled},
};

/// Gives a request the form of this version, which has streams: the host is in the target, and no field is about the connection.
pub(super) fn adapt(request: &mut Request, encrypted: bool, version: Version) {
    let host = request.headers_mut().remove(header::HOST);
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let uri = Uri::builder()
        .scheme(if encrypted { "https" } else { "http" })
        .authority(host.as_ref().map_or(&b"localhost"[..], |host| host.as_bytes()))
        .path_and_query(target);
    if let Ok(uri) = uri.build() {
        *request.uri_mut() = uri;
    }
    request.headers_mut().remove(header::CONNECTION);
    request.headers_mut().remove(header::UPGRADE);
    *request.version_mut() = version;
}

/// Makes the fields those of a request on a stream.
pub(super) fn prepare(headers: &mut HeaderMap, body: &Body) {
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

/// The body of a request on its way, in a task of its own where it takes long. Dropped, it goes no further.
#[derive(Default)]
pub(super) struct Upload {
    task: Option<JoinHandle<()>>,
    /// Why the body has broken off.
    error: Rc<RefCell<Option<BodyError>>>,
}

impl Upload {
    /// Begins what sends the body, and says in the end why the body itself has broken off, if it has.
    pub(super) async fn begin(
        &mut self,
        mut sending: impl Future<Output = Option<BodyError>> + Unpin + 'static,
    ) {
        let sent = poll_fn(|cx: &mut Context<'_>| Poll::Ready(Pin::new(&mut sending).poll(cx))).await;
        let error = Rc::clone(&self.error);
        match sent {
            Poll::Ready(sent) => *error.borrow_mut() = sent,
            Poll::Pending => {
                self.task = Some(tokio::task::spawn_local(async move {
                    let sent = sending.await;
                    *error.borrow_mut() = sent;
                }));
            }
        }
    }

    /// What is left is sent, whoever lets go of this.
    pub(super) fn go_on(&mut self) {
        self.task = None;
    }

    /// The body of the response, with which the rest of the request goes along.
    pub(super) fn go_along(mut self, response: Body) -> Body {
        if !self.is_under_way() {
            return response;
        }
        if response.is_empty() {
            self.go_on();
            return response;
        }
        Passing::boxed(response, self)
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.task.as_ref().is_some_and(|task| !task.is_finished())
    }

    /// Why the body has broken off.
    pub(super) fn error(&self) -> Option<BodyError> {
        self.error.take()
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
