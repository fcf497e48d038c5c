//! One direction of a tunnel: from reading at the source to the end that is passed on to the sink.

use std::{
    io,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    Leg,
    websocket::{self, Frames},
};

/// Who the bytes of a direction go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Upstream,
}

/// What broke.
#[derive(Debug)]
pub(super) enum Broken {
    Source(io::Error),
    Sink(io::Error),
}

pub(super) struct Direction {
    to: Side,
    /// What was read and not yet taken by the sink.
    rest: Bytes,
    /// Followed on WebSockets only.
    frames: Option<Frames>,
    phase: Phase,
    /// Whether something was written that the sink may still hold back.
    flush: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Bytes are passed on as they come.
    Flowing,
    /// The current frame is passed on, then a close frame.
    Leaving,
    /// The close frame is on its way; what still comes is dropped until the peer has said goodbye, too.
    Left,
    /// The source has ended, the sink is to learn of it.
    Ending,
    Done,
}

impl Direction {
    pub(super) fn new(to: Side, read_ahead: Bytes, websocket: bool) -> Self {
        let frames = websocket.then(|| {
            let mut frames = Frames::default();
            frames.pass(&read_ahead);
            frames
        });
        Self { to, rest: read_ahead, frames, phase: Phase::Flowing, flush: false }
    }

    /// Whether the source has nothing more to say.
    pub(super) fn source_ended(&self) -> bool {
        matches!(self.phase, Phase::Ending | Phase::Done)
    }

    /// Ends the direction with a close frame at the next boundary of a frame.
    pub(super) fn leave(&mut self) {
        if self.phase == Phase::Flowing {
            self.phase = Phase::Leaving;
        }
    }

    /// Moves what can be moved. Ready when the sink has been told that nothing is to come.
    pub(super) fn poll(
        &mut self,
        source: &mut Leg,
        sink: &mut Leg,
        bytes: &AtomicU64,
        buffer: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Broken>> {
        loop {
            let written = self.poll_write_rest(sink, cx)?;
            match self.phase {
                Phase::Ending => {
                    ready!(written);
                    ready!(Pin::new(&mut *sink).poll_shutdown(cx)).map_err(Broken::Sink)?;
                    self.phase = Phase::Done;
                }
                Phase::Done => return Poll::Ready(Ok(())),
                Phase::Leaving if self.frames.as_ref().is_none_or(Frames::closed) => {
                    self.phase = Phase::Ending;
                }
                Phase::Leaving if self.frames.as_ref().is_some_and(Frames::at_boundary) => self.say_goodbye(),
                Phase::Left if self.frames.as_ref().is_some_and(Frames::closed) => self.phase = Phase::Ending,
                Phase::Flowing | Phase::Leaving | Phase::Left => {
                    if self.phase != Phase::Left {
                        ready!(written);
                    }
                    let Poll::Ready(data) = poll_read(source, buffer, cx).map_err(Broken::Source)? else {
                        return self.poll_flush(sink, cx);
                    };
                    if data.is_empty() {
                        self.phase = Phase::Ending;
                    } else {
                        bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                        self.pass(sink, data, cx)?;
                    }
                }
            }
        }
    }

    /// Passes on what was read, as far as the phase lets it through.
    fn pass(&mut self, sink: &mut Leg, data: &[u8], cx: &mut Context<'_>) -> Result<(), Broken> {
        let through = match (&mut self.frames, self.phase) {
            (Some(frames), Phase::Leaving) => frames.pass_frame(data),
            (_, Phase::Left) => 0,
            (_, _) => data.len(),
        };
        let (through, dropped) = data.split_at(through);
        if let Some(frames) = &mut self.frames
            && self.phase == Phase::Flowing
        {
            frames.pass(through);
        }
        if !through.is_empty() {
            self.write(sink, through, cx)?;
        }
        if self.phase == Phase::Leaving
            && self.frames.as_ref().is_some_and(|frames| frames.at_boundary() && !frames.closed())
        {
            self.say_goodbye();
        }
        if let Some(frames) = &mut self.frames {
            frames.pass(dropped);
        }
        Ok(())
    }

    /// Nothing is left over when this is called: the sink gets the data itself, and a copy is made of what it refuses.
    fn write(&mut self, sink: &mut Leg, data: &[u8], cx: &mut Context<'_>) -> Result<(), Broken> {
        self.flush = true;
        let taken = match Pin::new(sink).poll_write(cx, data) {
            Poll::Ready(taken) => taken.map_err(Broken::Sink)?,
            Poll::Pending => 0,
        };
        if taken < data.len() {
            self.rest = Bytes::copy_from_slice(&data[taken..]);
        }
        Ok(())
    }

    fn say_goodbye(&mut self) {
        let goodbye = match self.to {
            Side::Client => websocket::close_for_client(),
            Side::Upstream => websocket::close_for_upstream(fastrand::u32(..).to_ne_bytes()),
        };
        self.rest = [&self.rest[..], &goodbye].concat().into();
        self.phase = Phase::Left;
    }

    fn poll_write_rest(&mut self, sink: &mut Leg, cx: &mut Context<'_>) -> Result<Poll<()>, Broken> {
        while !self.rest.is_empty() {
            self.flush = true;
            match Pin::new(&mut *sink).poll_write(cx, &self.rest) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(Ok(0)) => return Err(Broken::Sink(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(taken)) => drop(self.rest.split_to(taken)),
                Poll::Ready(Err(error)) => return Err(Broken::Sink(error)),
            }
        }
        // Gives the memory back: an idle tunnel holds none.
        self.rest = Bytes::new();
        Ok(Poll::Ready(()))
    }

    /// Nothing more can be read now: lets the sink send what it has. Never ready, since the direction goes on.
    fn poll_flush(&mut self, sink: &mut Leg, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if self.flush {
            ready!(Pin::new(sink).poll_flush(cx)).map_err(Broken::Sink)?;
            self.flush = false;
        }
        Poll::Pending
    }
}

fn poll_read<'a>(source: &mut Leg, buffer: &'a mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<&'a [u8]>> {
    let mut unfilled = ReadBuf::new(buffer);
    ready!(Pin::new(source).poll_read(cx, &mut unfilled))?;
    let count = unfilled.filled().len();
    Poll::Ready(Ok(&buffer[..count]))
}
