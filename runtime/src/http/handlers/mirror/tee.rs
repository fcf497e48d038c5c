//! Bodies that are read by one and copied for others, who may lag behind but never slow the one down.

use std::{
    cell::RefCell,
    collections::VecDeque,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use crate::{
    http::{Body, body::BodyError},
    mirrors::{Capacity, Full, Held},
};

/// How far a copy may lag behind, in bytes.
pub(super) const WINDOW: usize = 1 << 20;

/// Why a copy ends before its original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Cut {
    /// Its reader was too slow.
    #[error("the copy of the body lagged too far behind")]
    Lagged,
    /// The body is larger than what is copied.
    #[error("the body is too large to be mirrored")]
    TooLarge,
    /// The original was not read to its end.
    #[error("the body was not read to its end")]
    Unfinished,
    /// Its reader had enough.
    #[error("nobody reads the copy of the body any more")]
    Unread,
    /// There was no room for what its reader had not read.
    #[error(transparent)]
    Full(#[from] Full),
}

#[derive(Debug, Clone)]
enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
}

#[derive(Debug)]
struct Queue {
    pieces: VecDeque<Piece>,
    /// Bytes in `pieces` that came after the beginning.
    waiting: usize,
    held: Held,
    /// Bytes that may still be copied.
    left: u64,
    end: Option<Result<(), Cut>>,
    reader: Option<Waker>,
}

impl Queue {
    fn add(&mut self, piece: &Piece) {
        if self.end.is_some() {
            return;
        }
        if let Piece::Data(data) = piece {
            let Some(left) = self.left.checked_sub(data.len() as u64) else {
                return self.end(Err(Cut::TooLarge));
            };
            self.left = left;
            if self.waiting + data.len() > WINDOW {
                return self.end(Err(Cut::Lagged));
            }
            if let Err(full) = self.held.grow(data.len()) {
                return self.end(Err(full.into()));
            }
            self.waiting += data.len();
        }
        self.pieces.push_back(piece.clone());
        self.wake();
    }

    fn end(&mut self, how: Result<(), Cut>) {
        if self.end.is_some() {
            return;
        }
        self.end = Some(how);
        if how.is_err() {
            self.pieces = VecDeque::new();
            self.forget(self.waiting);
        }
        self.wake();
    }

    /// Gives room back.
    fn forget(&mut self, bytes: usize) {
        self.waiting = self.waiting.saturating_sub(bytes);
        // Less is always there.
        let _ = self.held.resize(self.waiting);
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// What is called when a body has ended; the argument says whether it was whole.
pub(super) type Ended = Box<dyn FnOnce(bool)>;

/// Splits a body into itself and copies, each of at most `limit` bytes. `ended` is told when the original is through.
pub(super) fn tee(
    body: Body,
    copies: usize,
    limit: u64,
    capacity: &Arc<Capacity>,
    ended: Option<Ended>,
) -> (Body, Vec<Copied>) {
    let exact = http_body::Body::size_hint(&body).exact();
    let whole = match &body {
        Body::Empty => Some(None),
        Body::Full(content) if content.len() as u64 <= limit => Some(Some(content.clone())),
        Body::Full(_) | Body::Incoming(_) | Body::Boxed(_) => None,
    };
    let queues: Vec<_> = std::iter::repeat_with(|| {
        let pieces: VecDeque<Piece> = whole.iter().flatten().cloned().map(Piece::Data).collect();
        let end = whole.is_some().then_some(Ok(()));
        Rc::new(RefCell::new(Queue { pieces, waiting: 0, held: capacity.part(), left: limit, end, reader: None }))
    })
    .take(copies)
    .collect();
    let copied = queues.iter().map(|queue| Copied { queue: Rc::clone(queue), left: exact }).collect();
    // A body in memory needs no watching, unless somebody wants to know when it is through.
    if whole.is_some() && ended.is_none() {
        return (body, copied);
    }
    let mut tee = Tee { inner: body, queues, ended };
    tee.settle();
    (Body::Boxed(Box::pin(tee)), copied)
}

struct Tee {
    inner: Body,
    queues: Vec<Rc<RefCell<Queue>>>,
    ended: Option<Ended>,
}

impl Tee {
    fn each(&self, act: impl Fn(&mut Queue)) {
        self.queues.iter().for_each(|queue| act(&mut queue.borrow_mut()));
    }

    /// Ends the copies once nothing is to come: whoever reads need not ask again to find out.
    fn settle(&mut self) {
        if self.inner.is_empty() {
            self.finish(Ok(()));
        }
    }

    fn finish(&mut self, how: Result<(), Cut>) {
        self.each(|queue| queue.end(how));
        if let Some(ended) = self.ended.take() {
            ended(how.is_ok());
        }
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        self.finish(Err(Cut::Unfinished));
    }
}

impl http_body::Body for Tee {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(None) => self.finish(Ok(())),
            Poll::Ready(Some(Err(_))) => self.finish(Err(Cut::Unfinished)),
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.data_ref().map(|data| Piece::Data(data.clone()));
                let trailers = || frame.trailers_ref().map(|trailers| Piece::Trailers(trailers.clone()));
                if let Some(piece) = data.or_else(trailers) {
                    self.each(|queue| queue.add(&piece));
                }
                self.settle();
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A copy of a body, as far as its original has been read.
#[derive(Debug)]
pub(super) struct Copied {
    queue: Rc<RefCell<Queue>>,
    /// Bytes to come, where that is known.
    left: Option<u64>,
}

impl Drop for Copied {
    fn drop(&mut self) {
        self.queue.borrow_mut().end(Err(Cut::Unread));
    }
}

impl Copied {
    /// What tells later whether the copy was cut.
    pub(super) fn watch(&self) -> Watch {
        Watch(Rc::clone(&self.queue))
    }
}

/// Tells how a copy fared, after it was given away.
#[derive(Debug)]
pub(super) struct Watch(Rc<RefCell<Queue>>);

impl Watch {
    /// Why the copy was cut, if its reader is not to blame.
    pub(super) fn cut(&self) -> Option<Cut> {
        self.0.borrow().end.and_then(Result::err).filter(|cut| *cut != Cut::Unread)
    }
}

impl http_body::Body for Copied {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let mut queue = this.queue.borrow_mut();
        match (queue.pieces.pop_front(), queue.end) {
            (Some(Piece::Data(data)), _) => {
                queue.forget(data.len());
                this.left = this.left.map(|left| left.saturating_sub(data.len() as u64));
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            (Some(Piece::Trailers(trailers)), _) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            (None, Some(Ok(()))) => Poll::Ready(None),
            (None, Some(Err(cut))) => Poll::Ready(Some(Err(cut.into()))),
            (None, None) => {
                queue.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let queue = self.queue.borrow();
        queue.pieces.is_empty() && queue.end == Some(Ok(()))
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::testing::run;

    fn tee(body: Body, copies: usize, limit: u64, ended: Option<Ended>) -> (Body, Vec<Copied>) {
        super::tee(body, copies, limit, &Arc::default(), ended)
    }

    /// A body of pieces of a size.
    fn pieces(count: usize, size: usize) -> Body {
        let pieces = (0..count).map(move |_| Ok::<_, BodyError>(Frame::data(Bytes::from(vec![b'a'; size]))));
        Body::boxed(http_body_util::StreamBody::new(futures_util::stream::iter(pieces)))
    }

    async fn length(body: impl http_body::Body<Data = Bytes, Error = BodyError>) -> Result<usize, Cut> {
        let collected = std::pin::pin!(body).collect().await;
        collected.map(|body| body.to_bytes().len()).map_err(|error| *error.downcast::<Cut>().unwrap())
    }

    #[test]
    fn a_copy_that_keeps_up_is_whole() {
        run(async {
            let (original, mut copies) = tee(pieces(40, WINDOW / 16), 1, u64::MAX, None);
            let copy = tokio::task::spawn_local(length(copies.remove(0)));
            let mut read = 0;
            let mut original = original;
            while let Some(frame) = original.frame().await {
                read += frame.unwrap().data_ref().map_or(0, Bytes::len);
                tokio::task::yield_now().await;
            }
            assert_eq!((read, copy.await.unwrap()), (40 * WINDOW / 16, Ok(40 * WINDOW / 16)));
        });
    }

    #[test]
    fn copies_are_cut_and_originals_are_not() {
        run(async {
            for (limit, expected) in [(u64::MAX, Cut::Lagged), (1000, Cut::TooLarge)] {
                let (original, mut copies) = tee(pieces(40, WINDOW / 16), 1, limit, None);
                let copy = copies.remove(0);
                assert_eq!(length(original).await, Ok(40 * WINDOW / 16));
                assert_eq!(copy.watch().cut(), Some(expected));
                assert_eq!(length(copy).await, Err(expected));
            }
            let (original, mut copies) = tee(pieces(2, 10), 1, u64::MAX, None);
            drop(original);
            assert_eq!(length(copies.remove(0)).await, Err(Cut::Unfinished));
        });
    }

    #[test]
    fn all_copies_share_what_memory_there_is() {
        run(async {
            let capacity = Arc::new(Capacity::new(100));
            let (mut one, mut ours) = super::tee(pieces(9, 10), 1, u64::MAX, &capacity, None);
            let (mut other, mut theirs) = super::tee(pieces(9, 20), 1, u64::MAX, &capacity, None);
            for _ in 0..3 {
                one.frame().await.unwrap().unwrap();
                other.frame().await.unwrap().unwrap();
            }
            other.frame().await.unwrap().unwrap();
            let (ours, theirs) = (ours.remove(0), theirs.remove(0));
            assert_eq!((ours.watch().cut(), theirs.watch().cut()), (None, Some(Cut::Full(Full))));
            let ours = tokio::task::spawn_local(length(ours));
            assert_eq!((length(one).await, ours.await.unwrap()), (Ok(60), Ok(90)));
            capacity.part().grow(100).unwrap();
        });
    }

    #[test]
    fn what_is_in_memory_is_shared() {
        run(async {
            let big = Bytes::from(vec![b'a'; 3 * WINDOW]);
            let (original, mut copies) = tee(Body::Full(big), 2, u64::MAX, None);
            assert!(matches!(original, Body::Full(_)));
            for _ in 0..2 {
                assert_eq!(length(copies.remove(0)).await, Ok(3 * WINDOW));
            }
        });
    }

    #[test]
    fn the_end_is_told_once() {
        run(async {
            let ends = Rc::new(RefCell::new(Vec::new()));
            let note = |ends: &Rc<RefCell<Vec<bool>>>| -> Option<Ended> {
                let ends = Rc::clone(ends);
                Some(Box::new(move |whole| ends.borrow_mut().push(whole)))
            };
            length(tee(pieces(2, 10), 0, 0, note(&ends)).0).await.unwrap();
            drop(tee(pieces(2, 10), 0, 0, note(&ends)));
            drop(tee(Body::Empty, 0, 0, note(&ends)));
            assert_eq!(*ends.borrow(), [true, false, true]);
        });
    }
}
