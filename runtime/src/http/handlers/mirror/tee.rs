//! Bodies that are read by one and copied for others, who may lag behind but never slow the one down.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};

use crate::{
    http::{
        Body,
        body::BodyError,
        passing::{Pass, Passing, Polled},
    },
    mirrors::{Capacity, Full, Held},
};

/// What a copy of a body may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'c> {
    /// Bytes of the body.
    pub(super) limit: u64,
    /// How far it may lag behind, in bytes.
    pub(super) lag: usize,
    /// What there is for all copies.
    pub(super) capacity: &'c Arc<Capacity>,
}

/// Why a copy ends before its original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Cut {
    /// Its reader was too slow.
    #[error("the copy of the body lagged too far behind")]
    Lagged,
    /// The body is larger than what is copied.
    #[error("the body is too large to be mirrored")]
    TooLarge,
    /// The original did not come to its end.
    #[error("the body did not come to its end")]
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
    /// Bytes that may be in `pieces`.
    lag: usize,
    /// Bytes that may still be copied.
    left: u64,
    end: Option<Result<(), Cut>>,
    reader: Option<Waker>,
    /// Whoever wants to know when the copy is cut.
    watcher: Option<Waker>,
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
            if self.waiting + data.len() > self.lag {
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
            if let Some(watcher) = self.watcher.take() {
                watcher.wake();
            }
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

/// The copies of a body.
#[derive(Debug)]
struct Copies {
    queues: Vec<Queue>,
    /// What the original has left unread, for whichever copy waits.
    rest: Option<Body>,
}

impl Copies {
    /// Gives every copy what was read; `over` says that nothing is to come.
    fn spread(&mut self, polled: &Polled, over: bool) {
        let how = match polled {
            Poll::Pending => return,
            Poll::Ready(None) => Some(Ok(())),
            Poll::Ready(Some(Err(_))) => Some(Err(Cut::Unfinished)),
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.data_ref().map(|data| Piece::Data(data.clone()));
                let trailers = || frame.trailers_ref().map(|trailers| Piece::Trailers(trailers.clone()));
                if let Some(piece) = data.or_else(trailers) {
                    self.queues.iter_mut().for_each(|queue| queue.add(&piece));
                }
                // Whoever reads need not ask again to find out.
                over.then_some(Ok(()))
            }
        };
        if let Some(how) = how {
            self.end(how);
        }
    }

    fn end(&mut self, how: Result<(), Cut>) {
        self.queues.iter_mut().for_each(|queue| queue.end(how));
        self.rest = None;
    }

    /// Whether somebody still waits for more.
    fn wait(&self) -> bool {
        self.queues.iter().any(|queue| queue.end.is_none())
    }

    fn wake(&mut self) {
        self.queues.iter_mut().for_each(Queue::wake);
    }
}

/// What is special about a body that is split.
pub(super) enum Original {
    /// Of a request. If it is left unread the copies may read on, unless the client waits for a word before it sends.
    Request { waits: bool },
    /// Of a response, with what is called when it is through.
    Response { ended: Option<Box<dyn FnOnce()>> },
}

/// What somebody else may read of a body.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) body: Body,
    /// Tells later how the copy fared; `None` where it was whole from the beginning.
    pub(super) watch: Option<Watch>,
}

/// Splits a body into itself and copies within bounds.
pub(super) fn tee(body: Body, copies: usize, bounds: Bounds<'_>, original: Original) -> (Body, Vec<Copy>) {
    let times = matches!(original, Original::Response { ended: Some(_) });
    let whole = match &body {
        Body::Full(content) if content.len() as u64 <= bounds.limit => Some(content.clone()),
        body if body.is_empty() => Some(Bytes::new()),
        _ => None,
    };
    // What is in memory is shared.
    if let Some(content) = whole {
        let copies = (0..copies).map(|_| Copy { body: Body::from(content.clone()), watch: None }).collect();
        return (if times { watched(body, Vec::new(), original).0 } else { body }, copies);
    }
    if copies == 0 && !times {
        return (body, Vec::new());
    }
    let left = http_body::Body::size_hint(&body).exact();
    let queue = || Queue {
        pieces: VecDeque::new(),
        waiting: 0,
        held: bounds.capacity.part(),
        lag: bounds.lag,
        left: bounds.limit,
        end: None,
        reader: None,
        watcher: None,
    };
    let (body, all) = watched(body, std::iter::repeat_with(queue).take(copies).collect(), original);
    let copied = |at| {
        let watch = Some(Watch(Rc::clone(&all), at));
        Copy { body: Body::Boxed(Box::pin(Copied { all: Rc::clone(&all), at, left })), watch }
    };
    (body, (0..copies).map(copied).collect())
}

/// A body that fills queues as it is read.
fn watched(body: Body, queues: Vec<Queue>, original: Original) -> (Body, Rc<RefCell<Copies>>) {
    let all = Rc::new(RefCell::new(Copies { queues, rest: None }));
    (Passing::boxed(body, Tee { all: Rc::clone(&all), original }), all)
}

struct Tee {
    all: Rc<RefCell<Copies>>,
    original: Original,
}

impl Tee {
    fn through(&mut self) {
        if let Original::Response { ended } = &mut self.original
            && let Some(ended) = ended.take()
        {
            ended();
        }
    }
}

impl Pass for Tee {
    fn poll(&mut self, mut body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let polled = body.as_mut().poll_frame(cx);
        let over = body.is_empty();
        if let Original::Request { waits } = &mut self.original
            && polled.is_ready()
        {
            // It has got its word.
            *waits = false;
        }
        self.all.borrow_mut().spread(&polled, over);
        if over || matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.through();
        }
        polled
    }

    fn left(&mut self, body: &mut Body) {
        let mut all = self.all.borrow_mut();
        if matches!(self.original, Original::Request { waits: false }) && all.wait() {
            all.rest = Some(std::mem::take(body));
            all.wake();
        } else {
            all.end(Err(Cut::Unfinished));
        }
        drop(all);
        self.through();
    }
}

/// A copy of a body, as far as its original has been read.
#[derive(Debug)]
pub(super) struct Copied {
    all: Rc<RefCell<Copies>>,
    at: usize,
    /// Bytes to come, where that is known.
    left: Option<u64>,
}

impl Drop for Copied {
    fn drop(&mut self) {
        let mut all = self.all.borrow_mut();
        all.queues[self.at].end(Err(Cut::Unread));
        if all.wait() {
            // One of the others must read on.
            all.wake();
        } else {
            all.rest = None;
        }
    }
}

/// Tells when a copy is cut, after it was given away: who is to read it may be waiting for somebody else.
#[derive(Debug)]
pub(super) struct Watch(Rc<RefCell<Copies>>, usize);

impl Watch {
    /// Waits until the copy is cut, and its reader is not to blame.
    pub(super) async fn cut(&self) -> Cut {
        let Self(all, at) = self;
        let poll = |cx: &mut Context<'_>| {
            let queue = &mut all.borrow_mut().queues[*at];
            match queue.end {
                Some(Err(cut)) if cut != Cut::Unread => return Poll::Ready(cut),
                Some(_) => {}
                None if queue.watcher.as_ref().is_some_and(|watcher| watcher.will_wake(cx.waker())) => {}
                None => queue.watcher = Some(cx.waker().clone()),
            }
            Poll::Pending
        };
        poll_fn(poll).await
    }
}

impl http_body::Body for Copied {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let this = self.get_mut();
        let mut all = this.all.borrow_mut();
        loop {
            let queue = &mut all.queues[this.at];
            match (queue.pieces.pop_front(), queue.end) {
                (Some(Piece::Data(data)), _) => {
                    queue.forget(data.len());
                    this.left = this.left.map(|left| left.saturating_sub(data.len() as u64));
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                (Some(Piece::Trailers(trailers)), _) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                (None, Some(Ok(()))) => return Poll::Ready(None),
                (None, Some(Err(cut))) => return Poll::Ready(Some(Err(cut.into()))),
                (None, None) => queue.reader = Some(cx.waker().clone()),
            }
            let Some(rest) = &mut all.rest else { return Poll::Pending };
            let polled = Pin::new(&mut *rest).poll_frame(cx);
            let over = rest.is_empty();
            if polled.is_pending() {
                return Poll::Pending;
            }
            all.spread(&polled, over);
        }
    }

    fn is_end_stream(&self) -> bool {
        let queue = &self.all.borrow().queues[self.at];
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

    const WINDOW: usize = 1 << 20;

    fn response(ended: Option<Box<dyn FnOnce()>>) -> Original {
        Original::Response { ended }
    }

    fn tee(body: Body, copies: usize, limit: u64, original: Original) -> (Body, Vec<Copy>) {
        super::tee(body, copies, Bounds { limit, lag: WINDOW, capacity: &Arc::default() }, original)
    }

    /// A body of pieces of a size.
    fn pieces(count: usize, size: usize) -> Body {
        let pieces = (0..count).map(move |_| Ok::<_, BodyError>(Frame::data(Bytes::from(vec![b'a'; size]))));
        Body::boxed(http_body_util::StreamBody::new(futures_util::stream::iter(pieces)))
    }

    async fn length(body: Body) -> Result<usize, Cut> {
        let collected = body.collect().await;
        collected.map(|body| body.to_bytes().len()).map_err(|error| *error.downcast::<Cut>().unwrap())
    }

    #[test]
    fn a_copy_that_keeps_up_is_whole() {
        run(async {
            let (original, mut copies) = tee(pieces(40, WINDOW / 16), 1, u64::MAX, response(None));
            let copy = tokio::task::spawn_local(length(copies.remove(0).body));
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
                let (original, mut copies) = tee(pieces(40, WINDOW / 16), 1, limit, response(None));
                let copy = copies.remove(0);
                assert_eq!(length(original).await, Ok(40 * WINDOW / 16));
                assert_eq!(copy.watch.unwrap().cut().await, expected);
                assert_eq!(length(copy.body).await, Err(expected));
            }
            let (original, mut copies) = tee(pieces(2, 10), 1, u64::MAX, response(None));
            drop(original);
            assert_eq!(length(copies.remove(0).body).await, Err(Cut::Unfinished));
        });
    }

    #[test]
    fn all_copies_share_what_memory_there_is() {
        run(async {
            let capacity = Arc::new(Capacity::new(100));
            let bounds = Bounds { limit: u64::MAX, lag: WINDOW, capacity: &capacity };
            let (mut one, mut ours) = super::tee(pieces(9, 10), 1, bounds, response(None));
            let (mut other, mut theirs) = super::tee(pieces(9, 20), 1, bounds, response(None));
            for _ in 0..3 {
                one.frame().await.unwrap().unwrap();
                other.frame().await.unwrap().unwrap();
            }
            other.frame().await.unwrap().unwrap();
            let (ours, theirs) = (ours.remove(0), theirs.remove(0));
            assert_eq!(theirs.watch.unwrap().cut().await, Cut::Full(Full));
            let ours = tokio::task::spawn_local(length(ours.body));
            assert_eq!((length(one).await, ours.await.unwrap()), (Ok(60), Ok(90)));
            capacity.part().grow(100).unwrap();
        });
    }

    #[test]
    fn what_is_in_memory_is_shared() {
        run(async {
            let big = Bytes::from(vec![b'a'; 3 * WINDOW]);
            let (original, mut copies) = tee(Body::Full(big), 2, u64::MAX, response(None));
            assert!(matches!(original, Body::Full(_)));
            for _ in 0..2 {
                assert_eq!(length(copies.remove(0).body).await, Ok(3 * WINDOW));
            }
        });
    }

    #[test]
    fn what_a_request_leaves_unread_is_read_by_its_copies() {
        run(async {
            let size = WINDOW / 64;
            let (mut original, mut copies) =
                tee(pieces(40, size), 3, u64::MAX, Original::Request { waits: false });
            original.frame().await.unwrap().unwrap();
            let (one, other, gone) = (copies.remove(0), copies.remove(0), copies.remove(0));
            let one = tokio::task::spawn_local(length(one.body));
            let other = tokio::task::spawn_local(length(other.body));
            tokio::task::yield_now().await;
            drop(original);
            drop(gone);
            assert_eq!((one.await.unwrap(), other.await.unwrap()), (Ok(40 * size), Ok(40 * size)));

            // A client that waits to be asked is not asked for a copy.
            for (waits, read, expected) in
                [(true, 0, Err(Cut::Unfinished)), (true, 1, Ok(20)), (false, 0, Ok(20))]
            {
                let (mut original, mut copies) = tee(pieces(2, 10), 1, u64::MAX, Original::Request { waits });
                for _ in 0..read {
                    original.frame().await.unwrap().unwrap();
                }
                drop(original);
                assert_eq!(length(copies.remove(0).body).await, expected, "{waits} {read}");
            }
            let (original, mut copies) = tee(pieces(2, 10), 1, 19, Original::Request { waits: false });
            drop(original);
            assert_eq!(length(copies.remove(0).body).await, Err(Cut::TooLarge));
        });
    }

    #[test]
    fn the_end_is_told_once() {
        run(async {
            let ends = Rc::new(RefCell::new(0));
            let note = || {
                let ends = Rc::clone(&ends);
                response(Some(Box::new(move || *ends.borrow_mut() += 1)))
            };
            length(tee(pieces(2, 10), 0, 0, note()).0).await.unwrap();
            assert_eq!(*ends.borrow(), 1);
            drop(tee(pieces(2, 10), 0, 0, note()));
            assert_eq!(*ends.borrow(), 2);
            drop(tee(Body::Empty, 0, 0, note()));
            assert_eq!(*ends.borrow(), 3);
        });
    }
}
