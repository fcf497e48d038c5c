//! HTTP/1.1 to upstreams (RFC 9112). A connection is a value: it waits in the pool or belongs to one exchange, and no task
//! goes with it, so that a request is answered where it is asked.

mod head;
mod reading;
mod upload;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod whole;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use http::{Method, StatusCode};
use tokio::io::{AsyncRead, ReadBuf};

use self::{head::Head, reading::Reading, upload::Upload};
use super::{
    Answer, Outgoing,
    between::Interim,
    places::{Open, Place},
    pool::Home,
};
use crate::{
    error::{Error, Kind},
    http::{
        Body,
        body::BodyError,
        h1::{Framing, Input, Invalid},
    },
    tunnel::Leg,
};

/// The longest head of a response in bytes, unless the configuration says otherwise: Go's default.
pub(super) const MOST_HEAD: usize = 10 << 20;

/// A connection without an exchange.
pub(super) struct Line {
    pub(super) leg: Leg,
    /// The longest head of a response in bytes.
    pub(super) most_head: usize,
    /// Where connections are counted.
    pub(super) place: Option<Box<Place>>,
    /// Tells other shards of it.
    pub(super) _open: Option<Open>,
}

/// A connection for one request at a time.
pub(super) struct H1 {
    line: Line,
    /// What was read and not used yet; empty while the connection waits.
    input: Input,
    /// The request that is sent.
    upload: Upload,
    /// Whether that is HEAD.
    to_head: bool,
    /// Whether nothing has come since it was begun.
    silent: bool,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("connection closed before message completed")]
    Closed,
    #[error("connection error")]
    Io(#[from] io::Error),
    #[error("invalid response")]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Body(BodyError),
    #[error("the request body has another length than was announced")]
    Length,
}

impl Broken {
    /// A client that breaks off while its request is sent, or sends too much, is no fault of the upstream.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Body(error) => Error::kind_of_request_body(&**error),
            Self::Length => Kind::ClientGone,
            Self::Io(error) if error.kind() == io::ErrorKind::TimedOut => Kind::UpstreamTimeout,
            Self::Closed | Self::Io(_) | Self::Invalid(_) => Kind::UpstreamBroken,
        }
    }

    /// Whether the peer has ended the connection.
    pub(super) fn is_end(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        match self {
            Self::Closed => true,
            Self::Io(error) => matches!(error.kind(), ConnectionReset | BrokenPipe),
            Self::Invalid(_) | Self::Body(_) | Self::Length => false,
        }
    }
}

/// A request that was not answered.
pub(super) struct Unanswered {
    pub(super) error: Broken,
    /// The body, if nothing of the request was sent.
    pub(super) unsent: Option<Body>,
    /// Whether the peer ended the connection before it said anything.
    pub(super) silent: bool,
}

impl H1 {
    pub(super) fn on(line: Line) -> Box<Self> {
        Box::new(Self {
            line,
            input: Input::default(),
            upload: Upload::default(),
            to_head: false,
            silent: true,
        })
    }

    /// The connection, after its exchange.
    pub(super) fn into_line(self) -> Line {
        self.line
    }

    /// Where it is counted, if connections are.
    pub(super) fn place(&mut self) -> Option<&mut Place> {
        self.line.place.as_deref_mut()
    }

    /// Whether a connection that waits can take a request: its peer has neither ended it nor said anything unasked.
    pub(super) fn is_open(&mut self) -> bool {
        let mut byte = [0];
        let waiting = match &mut self.line.leg {
            // Costs no system call unless something has happened.
            Leg::Tcp(stream) => stream.try_read(&mut byte),
            Leg::Unix(stream) => stream.try_read(&mut byte),
            Leg::Other(stream) => {
                let (mut cx, mut read) = (Context::from_waker(Waker::noop()), ReadBuf::new(&mut byte));
                return Pin::new(stream).poll_read(&mut cx, &mut read).is_pending();
            }
        };
        waiting.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Begins an exchange; takes the body of the request. `last`: the connection is closed after it.
    pub(super) fn begin(&mut self, request: &mut Outgoing<'_>, last: bool) {
        self.to_head = *request.method() == Method::HEAD;
        self.silent = true;
        self.upload.begin(request, last);
    }

    /// Sends what can be sent, and reads until the head of the final response is there.
    pub(super) fn poll_head(
        &mut self,
        interim: &Interim,
        head: &mut Option<Head>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Broken>> {
        if let Poll::Ready(Err(error)) = self.upload.poll(&mut self.line.leg, cx) {
            return Poll::Ready(Err(error));
        }
        loop {
            self.input.take_head(self.line.most_head, head, head::read)?;
            if let Some(interim_head) = head.take_if(|head| head.is_interim()) {
                interim.came(interim_head.status, interim_head.headers);
                continue;
            }
            if head.is_some() {
                return Poll::Ready(Ok(()));
            }
            let read = ready!(self.poll_fill(cx));
            match read {
                Ok(1..) => self.silent = false,
                // Why writing failed says more than that there is nothing to read.
                Ok(0) => {
                    let failure = self.upload.failure();
                    return Poll::Ready(Err(failure.map_or(Broken::Closed, Broken::Io)));
                }
                Err(error) => return Poll::Ready(Err(Broken::Io(error))),
            }
        }
    }

    /// There will be no response.
    pub(super) fn unanswered(self: Box<Self>, error: Broken) -> Unanswered {
        let unsent = self.silent && self.upload.is_untouched();
        Unanswered { error, silent: self.silent, unsent: unsent.then(|| self.upload.into_body()) }
    }

    /// Makes the response of its head. `home` is where the connection goes when the exchange is over.
    ///
    /// # Errors
    /// When the head does not say where the body ends.
    pub(super) fn answered(
        mut self: Box<Self>,
        head: &mut Head,
        home: Option<Home>,
    ) -> Result<Box<Answer>, Unanswered> {
        let (framing, reusable) = match head.framing(self.to_head) {
            Ok(framing) => framing,
            Err(error) => return Err(self.unanswered(error.into())),
        };
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            let read = std::mem::take(&mut self.input.bytes).freeze();
            let mut answer = Answer::switched(head.response(Body::Empty), (self.line.leg, read));
            answer.place = self.line.place;
            return Ok(answer);
        }
        let body = self.body(framing, home.filter(|_| reusable));
        Ok(Answer::of(head.response(body)))
    }

    /// Reads on; 0 is the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.poll_fill(&mut self.line.leg, cx)
    }

    /// The body of a response, which takes the connection with it unless it has come already.
    fn body(mut self: Box<Self>, framing: Framing, home: Option<Home>) -> Body {
        let length = match &framing {
            Framing::Length(length) => usize::try_from(*length).ok(),
            Framing::Chunked(_) | Framing::Close => None,
        };
        let Some(length) = length.filter(|length| *length <= self.input.bytes.len()) else {
            return Body::Boxed(Box::pin(Reading::new(self, framing, home)));
        };
        let body = self.input.take_body(length);
        self.go_home(home);
        body.into()
    }

    /// The exchange is over: the connection waits for the next, unless anything is left of this one. A peer that has
    /// answered before it has got everything will not take the rest for what it is.
    fn go_home(mut self: Box<Self>, home: Option<Home>) {
        let over = self.upload.is_done() && self.input.is_empty();
        let Some(home) = home.filter(|_| over) else { return };
        self.input.free();
        self.upload.free();
        home.take_in(self);
    }
}

#[cfg(test)]
mod tests;
