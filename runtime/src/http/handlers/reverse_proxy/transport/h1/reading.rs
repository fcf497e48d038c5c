//! The body of a response that is still coming.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::super::pool::Home;
use super::{Broken, H1};
use crate::http::{
    body::BodyError,
    h1::{Framing, Piece},
    passing::Polled,
};

/// Reads a body from its connection, and lets go of that at the end.
pub(super) struct Reading {
    wire: Wire,
    framing: Framing,
    home: Option<Home>,
}

/// The connection.
enum Wire {
    /// The request was sent.
    Own(Box<H1>),
    /// The request is still being sent, by a task: whoever reads the response may wait for a client that first wants to
    /// get rid of its request.
    Shared(Rc<RefCell<Shared>>),
    Gone,
}

struct Shared {
    /// `None` when the response is over.
    connection: Option<Box<H1>>,
    /// Why the request could not be sent to its end.
    failed: Option<Broken>,
    /// Of the task that reads.
    reader: Option<Waker>,
    /// Of the task that writes.
    writer: Option<Waker>,
}

impl Reading {
    pub(super) fn new(connection: Box<H1>, framing: Framing, home: Option<Home>) -> Self {
        let sent = connection.upload.is_over();
        let wire = if sent { Wire::Own(connection) } else { Wire::shared(connection) };
        Self { wire, framing, home }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>, BodyError>> {
        let framing = &mut self.framing;
        match &mut self.wire {
            Wire::Own(connection) => poll_frame(framing, connection, cx),
            Wire::Shared(shared) => {
                let mut shared = shared.borrow_mut();
                if let Some(failed) = shared.failed.take() {
                    return Poll::Ready(Err(failed.into()));
                }
                shared.reader = Some(cx.waker().clone());
                let connection = shared.connection.as_mut().expect("only this side takes it");
                poll_frame(framing, connection, cx)
            }
            Wire::Gone => Poll::Ready(Ok(None)),
        }
    }

    /// The body is complete.
    fn end(&mut self) {
        let connection = match std::mem::replace(&mut self.wire, Wire::Gone) {
            Wire::Own(connection) => Some(connection),
            Wire::Shared(shared) => shared.borrow_mut().leave(),
            Wire::Gone => None,
        };
        if let Some(connection) = connection {
            connection.go_home(self.home.take());
        }
    }
}

impl Wire {
    fn shared(connection: Box<H1>) -> Self {
        let shared = Shared { connection: Some(connection), failed: None, reader: None, writer: None };
        let shared = Rc::new(RefCell::new(shared));
        let writing = Rc::clone(&shared);
        tokio::task::spawn_local(std::future::poll_fn(move |cx| {
            let mut shared = writing.borrow_mut();
            let Some(connection) = &mut shared.connection else { return Poll::Ready(()) };
            let H1 { upload, line, .. } = &mut **connection;
            let Poll::Ready(sent) = upload.poll(&mut line.leg, cx) else {
                shared.writer = Some(cx.waker().clone());
                return Poll::Pending;
            };
            if let Err(error) = sent {
                shared.failed = Some(error);
                shared.reader.take().into_iter().for_each(Waker::wake);
            }
            Poll::Ready(())
        }));
        Self::Shared(shared)
    }
}

impl Shared {
    /// Takes the connection away from whoever still sends on it.
    fn leave(&mut self) -> Option<Box<H1>> {
        self.writer.take().into_iter().for_each(Waker::wake);
        self.connection.take()
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Wire::Shared(shared) = &self.wire {
            drop(shared.borrow_mut().leave());
        }
    }
}

/// The next frame of a body; `None` is the end.
fn poll_frame(
    framing: &mut Framing,
    connection: &mut H1,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Frame<Bytes>>, BodyError>> {
    loop {
        match framing.next(&mut connection.input.bytes, connection.line.most_head)? {
            Some(Piece::Data(data)) => return Poll::Ready(Ok(Some(Frame::data(data)))),
            Some(Piece::Trailers(fields)) => return Poll::Ready(Ok(Some(Frame::trailers(fields)))),
            Some(Piece::End) => return Poll::Ready(Ok(None)),
            None => {}
        }
        if ready!(connection.poll_fill(cx))? == 0 {
            framing.closed()?;
            return Poll::Ready(Ok(None));
        }
    }
}

impl http_body::Body for Reading {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let frame = ready!(self.poll(cx));
        match &frame {
            // Whoever reads may not ask again after the last frame.
            Ok(None) => self.end(),
            Ok(Some(_)) if self.framing.is_done() => self.end(),
            Ok(Some(_)) => {}
            Err(_) => drop(std::mem::replace(&mut self.wire, Wire::Gone)),
        }
        Poll::Ready(frame.transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.framing.is_done()
    }

    fn size_hint(&self) -> SizeHint {
        self.framing.size_hint()
    }
}
