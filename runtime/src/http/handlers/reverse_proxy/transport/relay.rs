//! The body of a request on its way to another shard. It is read where it comes from, one frame whenever the other side asks
//! for one, so that nothing is lost of a body that is not asked for.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::http::{Body, body::BodyError, passing::Polled};

/// A body that can be sent to another shard.
pub(super) enum Portable {
    Empty,
    Full(Bytes),
    Relayed(Relayed),
}

/// What stays where the body comes from.
pub(super) enum Origin {
    Empty,
    Full(Bytes),
    /// Ends with what is left of the body when nobody asks for more.
    Relayed(JoinHandle<Body>),
}

/// What one frame is answered with: `None` at the end.
type Answer = Option<Result<Frame<Bytes>, BodyError>>;

/// Takes a body apart into what goes and what stays.
pub(super) fn split(body: Body) -> (Portable, Origin) {
    match body {
        Body::Full(bytes) => (Portable::Full(bytes.clone()), Origin::Full(bytes)),
        body if body.is_empty() => (Portable::Empty, Origin::Empty),
        body => {
            let (asking, asked) = mpsc::channel(1);
            let (answering, frames) = mpsc::channel(1);
            let size = http_body::Body::size_hint(&body);
            let relayed = Relayed { asking, frames, size, waiting: false };
            let origin = tokio::task::spawn_local(pump(body, asked, answering));
            (Portable::Relayed(relayed), Origin::Relayed(origin))
        }
    }
}

async fn pump(mut body: Body, mut asked: mpsc::Receiver<()>, answering: mpsc::Sender<Answer>) -> Body {
    while asked.recv().await.is_some() {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = answering.closed() => break,
        };
        let ended = frame.is_none();
        if answering.send(frame).await.is_err() || ended {
            break;
        }
    }
    body
}

impl Portable {
    /// The body for the connection of the other shard.
    pub(super) fn into_body(self) -> Body {
        match self {
            Self::Empty => Body::Empty,
            Self::Full(bytes) => bytes.into(),
            Self::Relayed(relayed) => Body::boxed(relayed),
        }
    }
}

impl Origin {
    /// The body again, after the other side has let go of what it had, without asking for anything.
    pub(super) async fn into_body(self) -> Body {
        match self {
            Self::Empty => Body::Empty,
            Self::Full(bytes) => bytes.into(),
            // Only a panic ends it without the body.
            Self::Relayed(pump) => pump.await.unwrap_or_default(),
        }
    }
}

/// The far end of a body.
pub(super) struct Relayed {
    asking: mpsc::Sender<()>,
    frames: mpsc::Receiver<Answer>,
    size: SizeHint,
    /// Whether a frame was asked for that has not come yet.
    waiting: bool,
}

/// The other side is gone, and the end of the body with it.
#[derive(Debug, thiserror::Error)]
#[error("the body broke off")]
struct BrokeOff;

impl http_body::Body for Relayed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let this = self.get_mut();
        // There is room for the question: the one before was answered. A side that is gone answers nothing.
        this.waiting = this.waiting || this.asking.try_send(()).is_ok();
        let answer = ready!(this.frames.poll_recv(cx));
        this.waiting = false;
        Poll::Ready(answer.unwrap_or_else(|| Some(Err(BrokeOff.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::prefixed::prefixed;

    /// A body of several frames.
    fn body() -> Body {
        let frame = |text: &'static str| Some(Frame::data(Bytes::from_static(text.as_bytes())));
        prefixed([frame("one"), frame("two")], Body::from("three"))
    }

    #[tokio::test(flavor = "local")]
    async fn a_body_arrives_in_its_frames() {
        let (portable, _origin) = split(body());
        let there = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut there = portable.into_body();
                let mut frames = Vec::new();
                while let Some(frame) = there.frame().await {
                    frames.push(frame.unwrap().into_data().unwrap());
                }
                frames
            })
        });
        let there = tokio::task::spawn_blocking(|| there.join().unwrap()).await.unwrap();
        assert_eq!(there, ["one", "two", "three"]);
    }

    #[tokio::test(flavor = "local")]
    async fn a_body_that_nobody_asked_for_comes_back_whole() {
        for (body, expected) in [(body(), "onetwothree"), (Body::from("x"), "x"), (Body::Empty, "")] {
            let (portable, origin) = split(body);
            drop(portable.into_body());
            let back = origin.into_body().await.collect().await.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(back.to_bytes(), expected);
        }
    }

    #[tokio::test(flavor = "local")]
    async fn a_body_whose_origin_is_gone_is_no_whole_body() {
        let (portable, origin) = split(body());
        let Origin::Relayed(pump) = origin else { panic!("it has several frames") };
        let mut there = portable.into_body();
        assert_eq!(there.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
        pump.abort();
        assert_eq!(there.frame().await.unwrap().unwrap_err().to_string(), "the body broke off");
    }
}
