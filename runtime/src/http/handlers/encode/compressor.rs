//! The compressions, fed piece by piece.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use zstd::stream::{raw::CParameter, write::Encoder as ZstdEncoder};

/// A compression and how hard it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Gzip { level: u32 },
    Zstd { level: i32, checksum: bool },
}

/// Browsers need not remember more than 8 MiB; what is sent here is small, and so is the memory spent on it.
const ZSTD_WINDOW_LOG: u32 = 17;

impl Algorithm {
    /// The name in `Content-Encoding`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Algorithm::Gzip { .. } => "gzip",
            Algorithm::Zstd { .. } => "zstd",
        }
    }
}

/// A compression that runs.
pub(super) enum Compressor {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(ZstdEncoder<'static, Vec<u8>>),
}

impl Compressor {
    pub(super) fn new(algorithm: Algorithm) -> io::Result<Self> {
        Ok(match algorithm {
            Algorithm::Gzip { level } => {
                Compressor::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::new(level)))
            }
            Algorithm::Zstd { level, checksum } => {
                let mut encoder = ZstdEncoder::new(Vec::new(), level)?;
                encoder.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
                encoder.include_checksum(checksum)?;
                Compressor::Zstd(encoder)
            }
        })
    }

    pub(super) fn write(&mut self, data: &[u8]) -> io::Result<()> {
        match self {
            Compressor::Gzip(encoder) => encoder.write_all(data),
            Compressor::Zstd(encoder) => encoder.write_all(data),
        }
    }

    /// Makes everything that was written readable for the client.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Compressor::Gzip(encoder) => encoder.flush(),
            Compressor::Zstd(encoder) => encoder.flush(),
        }
    }

    /// Whether there are at least that many bytes to send.
    pub(super) fn has(&self, bytes: usize) -> bool {
        bytes
            <= match self {
                Compressor::Gzip(encoder) => encoder.get_ref().len(),
                Compressor::Zstd(encoder) => encoder.get_ref().len(),
            }
    }

    /// What there is to send.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Compressor::Gzip(encoder) => encoder.get_mut(),
            Compressor::Zstd(encoder) => encoder.get_mut(),
        })
    }

    /// The end, and what there is to send of it.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Compressor::Gzip(encoder) => encoder.finish(),
            Compressor::Zstd(encoder) => encoder.finish(),
        }
    }
}
