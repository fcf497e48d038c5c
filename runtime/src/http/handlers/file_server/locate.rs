//! Finding a file, opening it and reading its beginning: what may block, as one job.

use std::{
    fs::{File, Metadata},
    io,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::StatusCode;

use super::{Fixed, Sidecar, browse::Listing, content_type, hide::Hide};
use crate::http::{
    conditions::{Conditions, Verdict},
    file_body::{self, CHUNK, Segment},
    files,
    ranges::{self, Range},
    uri,
};

/// What a request asks for, apart from the request.
#[derive(Debug)]
pub(super) struct Lookup {
    /// The folder; empty for the working folder.
    pub(super) root: String,
    /// The decoded path.
    pub(super) path: String,
    /// `None` for those of the configuration.
    pub(super) hide: Option<Hide>,
    /// `None` for those of the configuration.
    pub(super) indexes: Option<Vec<String>>,
    /// Whether the client's path ends in a slash; `None` when there are to be no redirects.
    pub(super) slash: Option<bool>,
    /// Whether a listing needs a slash at the end of the client's path.
    pub(super) lacks_slash: bool,
    /// Best first.
    pub(super) sidecars: Vec<Sidecar>,
    /// An entity tag that an earlier handler has set.
    pub(super) etag: Option<String>,
    pub(super) conditions: Conditions,
    /// Whether the method is one that files know.
    pub(super) allowed: bool,
    pub(super) fixed: Arc<Fixed>,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Outcome {
    Found(Found),
    /// A folder without an index, which may be listed.
    Folder(Listing),
    Missing,
    /// The path is that of a folder and has no slash.
    AddSlash,
    /// The path is that of a file and has a slash.
    RemoveSlash,
    /// The file exists, and the method is not for files.
    Method,
    Failed(StatusCode, io::Error),
}

/// A file, open.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: File,
    /// Empty when there is none.
    pub(super) etag: String,
    /// `None` when it says nothing.
    pub(super) modified: Option<SystemTime>,
    pub(super) encoding: Option<&'static str>,
    /// Without its dot.
    pub(super) extension: String,
    pub(super) verdict: Verdict,
    pub(super) content: Content,
}

/// What is sent of a file.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) status: StatusCode,
    pub(super) length: u64,
    pub(super) content_range: Option<String>,
    /// In place of the type of the file.
    pub(super) content_type: Option<String>,
    pub(super) segments: Vec<Segment>,
}

impl Lookup {
    pub(super) fn run(&self) -> Outcome {
        match self.find() {
            Ok(outcome) => outcome,
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Outcome::Missing,
                io::ErrorKind::PermissionDenied => Outcome::Failed(StatusCode::FORBIDDEN, error),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => {
                    Outcome::Failed(StatusCode::BAD_REQUEST, error)
                }
                // Most likely there are too many open files.
                _ => Outcome::Failed(StatusCode::SERVICE_UNAVAILABLE, error),
            },
        }
    }

    fn find(&self) -> io::Result<Outcome> {
        if self.path.contains('\0') {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let root = if self.root.is_empty() { "." } else { &self.root };
        let mut name = files::join(root, &self.path);
        if name.len() > 1 && name.ends_with('/') {
            name.pop();
        }
        let mut metadata = std::fs::metadata(&name)?;
        let mut is_index = false;
        if metadata.is_dir() {
            match self.index(&name) {
                Some(index) => (name, metadata) = index,
                None => return self.list(&name),
            }
            is_index = true;
        }
        if metadata.is_dir() || self.hides(&name) {
            return Ok(Outcome::Missing);
        }
        match self.slash {
            Some(false) if is_index => return Ok(Outcome::AddSlash),
            Some(true) if !is_index => return Ok(Outcome::RemoveSlash),
            _ => {}
        }
        self.open(&name, metadata)
    }

    /// What a folder holds, if that may be shown.
    fn list(&self, folder: &str) -> io::Result<Outcome> {
        match &self.fixed.browse {
            Some(_) if self.hides(folder) => Ok(Outcome::Missing),
            Some(_) if self.lacks_slash => Ok(Outcome::AddSlash),
            Some(_) if !self.allowed => Ok(Outcome::Method),
            Some(browse) => Ok(Outcome::Folder(browse.read(folder, |file| self.hides(file))?)),
            None => Ok(Outcome::Missing),
        }
    }

    fn hides(&self, name: &str) -> bool {
        self.hide.as_ref().or(self.fixed.hide.as_ref()).is_some_and(|hide| hide.hides(name))
    }

    fn index(&self, folder: &str) -> Option<(String, Metadata)> {
        let indexes = self.indexes.as_ref().or(self.fixed.indexes.as_ref())?;
        indexes.iter().find_map(|index| {
            let name = files::join(folder, index);
            if self.hides(&name) {
                return None;
            }
            let metadata = std::fs::metadata(&name).ok()?;
            Some((name, metadata))
        })
    }

    fn open(&self, name: &str, metadata: Metadata) -> io::Result<Outcome> {
        let sidecar = self.sidecars.iter().find_map(|sidecar| {
            let name = format!("{name}{}", sidecar.suffix);
            let metadata = std::fs::metadata(&name).ok().filter(|metadata| !metadata.is_dir())?;
            Some((File::open(&name).ok()?, name, metadata, sidecar.encoding))
        });
        let modified = useful_time(&metadata);
        let (file, served, metadata, encoding) = match sidecar {
            Some((file, name, metadata, encoding)) => (file, name, metadata, Some(encoding)),
            None => (File::open(name)?, name.to_owned(), metadata, None),
        };
        if !self.allowed {
            return Ok(Outcome::Method);
        }
        let etag = match &self.etag {
            Some(etag) => etag.clone(),
            None => self.etag_of(&served, &metadata)?,
        };
        let extension = uri::extension(name).trim_start_matches('.').to_owned();
        let verdict = self.conditions.judge(&etag, modified);
        let content = if verdict == Verdict::Send {
            let range = self.conditions.range(&etag, modified);
            Content::new(&file, metadata.len(), range, &extension)?
        } else {
            Content::whole(Vec::new(), 0)
        };
        Ok(Outcome::Found(Found { file, etag, modified, encoding, extension, verdict, content }))
    }

    fn etag_of(&self, name: &str, metadata: &Metadata) -> io::Result<String> {
        for extension in &self.fixed.etag_extensions {
            match std::fs::read_to_string(format!("{name}{extension}")) {
                Ok(etag) => return Ok(etag.replace('\n', "")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(useful_time(metadata).map_or_else(String::new, |modified| {
            let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
            format!("\"{}-{}\"", base36(since.as_nanos()), base36(metadata.len().into()))
        }))
    }
}

/// Times that files have for want of a real one (1970, from reproducible archives) are none.
fn useful_time(metadata: &Metadata) -> Option<SystemTime> {
    let modified = metadata.modified().ok()?;
    let seconds = modified.duration_since(UNIX_EPOCH).ok()?.as_secs();
    (seconds > 1).then_some(modified)
}

fn base36(mut number: u128) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).expect("below 36");
        digits.push(char::from_digit(digit, 36).expect("below 36"));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

impl Content {
    fn new(file: &File, size: u64, range: Option<&str>, extension: &str) -> io::Result<Self> {
        let ranges = match range.map_or(Ok(Vec::new()), |range| ranges::parse(range, size)) {
            Ok(ranges) => ranges,
            Err(error) => {
                let message = Bytes::from(format!("{error}\n"));
                let length = message.len() as u64;
                return Ok(Self {
                    status: StatusCode::RANGE_NOT_SATISFIABLE,
                    length,
                    content_range: Some(format!("bytes */{size}")),
                    content_type: Some("text/plain; charset=utf-8".to_owned()),
                    segments: vec![Segment::Bytes(message)],
                });
            }
        };
        match ranges.as_slice() {
            [] => Ok(Self::whole(part(file, Range { start: 0, length: size })?, size)),
            [range] => Ok(Self {
                status: StatusCode::PARTIAL_CONTENT,
                content_range: Some(range.content_range(size)),
                ..Self::whole(part(file, *range)?, range.length)
            }),
            ranges => Ok(Self::multipart(ranges, size, extension)),
        }
    }

    fn whole(segments: Vec<Segment>, length: u64) -> Self {
        Self { status: StatusCode::OK, length, content_range: None, content_type: None, segments }
    }

    /// Several ranges in one answer (RFC 9110, section 14.6).
    fn multipart(ranges: &[Range], size: u64, extension: &str) -> Self {
        let mut random = [0; 15];
        aws_lc_rs::rand::fill(&mut random).expect("the system's source of randomness works");
        let boundary: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let kind = content_type(extension);
        let kind = kind.as_ref().and_then(|kind| kind.to_str().ok());
        let mut segments = Vec::new();
        for range in ranges {
            let line = if segments.is_empty() { "" } else { "\r\n" };
            let mut head = format!("{line}--{boundary}\r\nContent-Range: {}\r\n", range.content_range(size));
            if let Some(kind) = kind {
                head.push_str(&format!("Content-Type: {kind}\r\n"));
            }
            head.push_str("\r\n");
            segments.push(Segment::Bytes(head.into()));
            segments.push(Segment::File { start: range.start, length: range.length });
        }
        segments.push(Segment::Bytes(format!("\r\n--{boundary}--\r\n").into()));
        let length = segments.iter().map(Segment::length).sum();
        Self {
            status: StatusCode::PARTIAL_CONTENT,
            length,
            content_range: None,
            content_type: Some(format!("multipart/byteranges; boundary={boundary}")),
            segments,
        }
    }
}

/// A part of a file, the beginning of it read.
fn part(file: &File, range: Range) -> io::Result<Vec<Segment>> {
    if range.length == 0 {
        return Ok(Vec::new());
    }
    let first = range.length.min(CHUNK);
    let mut segments = vec![Segment::Bytes(file_body::read(file, range.start, first)?)];
    if range.length > first {
        segments.push(Segment::File { start: range.start + first, length: range.length - first });
    }
    Ok(segments)
}
