//! Bodies made of parts of a file, read ahead on threads that may block.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use super::body::BodyError;

/// How much is read at once. Large enough that handing it to another thread costs little beside the reading.
pub(crate) const CHUNK: u64 = 128 * 1024;

/// A piece of a body.
#[derive(Debug, Clone)]
pub(crate) enum Segment {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A part of the file.
    File {
        /// Where it begins.
        start: u64,
        /// How long it is.
        length: u64,
    },
}

impl Segment {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Segment::Bytes(bytes) => bytes.len() as u64,
            Segment::File { length, .. } => *length,
        }
    }
}

/// A body that sends segments one after another.
#[derive(Debug)]
pub(crate) struct FileBody {
    file: Arc<File>,
    segments: VecDeque<Segment>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    remaining: u64,
}

impl FileBody {
    pub(crate) fn new(file: File, segments: Vec<Segment>) -> Self {
        let remaining = segments.iter().map(Segment::length).sum();
        Self { file: Arc::new(file), segments: segments.into(), reading: None, remaining }
    }

    /// Begins to read the first part of the file that is still to be sent, if it is next.
    fn read_ahead(&mut self) {
        let Some(Segment::File { start, length }) = self.segments.front_mut() else { return };
        let (at, chunk) = (*start, (*length).min(CHUNK));
        (*start, *length) = (at + chunk, *length - chunk);
        if *length == 0 {
            self.segments.pop_front();
        }
        let file = Arc::clone(&self.file);
        self.reading = Some(tokio::task::spawn_blocking(move || read(&file, at, chunk)));
    }
}

/// Reads exactly this part of a file.
///
/// # Errors
/// Those of the disk; a file that has become shorter is one.
pub(crate) fn read(file: &File, start: u64, length: u64) -> io::Result<Bytes> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut content = vec![0; length];
    file.read_exact_at(&mut content, start)?;
    Ok(content.into())
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.reading.is_none() {
            if let Some(Segment::Bytes(_)) = self.segments.front()
                && let Some(Segment::Bytes(bytes)) = self.segments.pop_front()
            {
                self.remaining -= bytes.len() as u64;
                self.read_ahead();
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            self.read_ahead();
        }
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let bytes = read??;
        self.remaining -= bytes.len() as u64;
        self.read_ahead();
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::testing::{folder, run};

    #[test]
    fn segments_arrive_in_order() {
        let content: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        let folder = folder(&[("f", "")]);
        let path = format!("{}/f", folder.path());
        std::fs::write(&path, &content).unwrap();
        let segments = vec![
            Segment::Bytes(Bytes::from_static(b"<")),
            Segment::File { start: 10, length: 280_000 },
            Segment::Bytes(Bytes::from_static(b"|")),
            Segment::File { start: 0, length: 5 },
            Segment::Bytes(Bytes::from_static(b">")),
        ];
        let body = FileBody::new(File::open(&path).unwrap(), segments);
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(280_008));
        let sent = run(body.collect()).unwrap().to_bytes();
        let expected = [b"<", &content[10..280_010], b"|", &content[..5], b">"].concat();
        assert!(sent == expected);
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let folder = folder(&[("f", "short")]);
        let file = File::open(format!("{}/f", folder.path())).unwrap();
        let body = FileBody::new(file, vec![Segment::File { start: 0, length: 6 }]);
        assert!(run(body.collect()).is_err());
    }
}
