//! The media type of content by its first bytes, as the WHATWG MIME Sniffing Standard finds it where nothing is said of
//! the type (<https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type>).

/// Bytes that are looked at.
const LENGTH: usize = 512;

/// Beginnings of HTML behind white space, in upper case; a space or `>` has to follow.
const HTML: &[&[u8]] = &[
    b"<!DOCTYPE HTML",
    b"<HTML",
    b"<HEAD",
    b"<SCRIPT",
    b"<IFRAME",
    b"<H1",
    b"<DIV",
    b"<FONT",
    b"<TABLE",
    b"<A",
    b"<STYLE",
    b"<TITLE",
    b"<B",
    b"<BODY",
    b"<BR",
    b"<P",
    b"<!--",
];

/// Beginnings, in the order in which they are tried; `?` stands for any byte.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xfe\xff", "text/plain; charset=utf-16be"),
    (b"\xff\xfe", "text/plain; charset=utf-16le"),
    (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"\0\0\x02\0", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF????WEBPVP", "image/webp"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"FORM????AIFF", "audio/aiff"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\0", "application/ogg"),
    (b"MThd\0\0\0\x06", "audio/midi"),
    (b"RIFF????AVI ", "video/avi"),
    (b"RIFF????WAVE", "audio/wave"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"??????????????????????????????????LP", "application/vnd.ms-fontobject"),
    (b"\0\x01\0\0", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"ttcf", "font/collection"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07\0", "application/x-rar-compressed"),
    (b"Rar!\x1a\x07\x01\0", "application/x-rar-compressed"),
    (b"\0asm", "application/wasm"),
];

/// The media type of content that begins like this; `application/octet-stream` when nothing is known of it.
pub(crate) fn media_type(beginning: &[u8]) -> &'static str {
    let bytes = &beginning[..beginning.len().min(LENGTH)];
    let visible = bytes.trim_ascii_start();
    if HTML.iter().any(|tag| is_html(visible, tag)) {
        return "text/html; charset=utf-8";
    }
    if visible.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    if let Some((_, kind)) = BEGINNINGS.iter().find(|(pattern, _)| fits(bytes, pattern)) {
        return kind;
    }
    if is_mp4(bytes) {
        return "video/mp4";
    }
    if bytes.iter().any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)) {
        return "application/octet-stream";
    }
    "text/plain; charset=utf-8"
}

fn is_html(bytes: &[u8], tag: &[u8]) -> bool {
    bytes.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag))
        && matches!(bytes.get(tag.len()), Some(b' ' | b'>'))
}

fn fits(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.len() >= pattern.len()
        && pattern.iter().zip(bytes).all(|(wanted, byte)| *wanted == b'?' || wanted == byte)
}

/// Whether the first box names the brand `mp4`, by itself or among those that the file is compatible with.
fn is_mp4(bytes: &[u8]) -> bool {
    let Some((size, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let size = u32::from_be_bytes(*size) as usize;
    if bytes.len() < 12 || size > bytes.len() || !size.is_multiple_of(4) || !rest.starts_with(b"ftyp") {
        return false;
    }
    // The second word is a version.
    let brands = bytes.get(8..size).unwrap_or_default().chunks_exact(4).enumerate();
    brands.filter(|(number, _)| *number != 1).any(|(_, brand)| brand.starts_with(b"mp4"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_by_their_beginning() {
        for (beginning, expected) in [
            (&b""[..], "text/plain; charset=utf-8"),
            (b"hello", "text/plain; charset=utf-8"),
            (b" \t\r\n<html>", "text/html; charset=utf-8"),
            (b"<!doctype html>", "text/html; charset=utf-8"),
            (b"<p class=a>", "text/html; charset=utf-8"),
            (b"<pre>", "text/plain; charset=utf-8"),
            (b"<p", "text/plain; charset=utf-8"),
            (b"\n<?xml version", "text/xml; charset=utf-8"),
            (b"RIFF1234WEBPVP8", "image/webp"),
            (b"RIFF1234WAVE", "audio/wave"),
            (b"\0\0\0\x10ftypisom\0\0\0\x01", "application/octet-stream"),
            (b"\0\0\0\x14ftypisom\0\0\0\x01mp41", "video/mp4"),
            (b"\0\0\0\x14ftypmp42\0\0\0\x01isom", "video/mp4"),
            (b"\0\0\0\x18ftypmp42\0\0\0\x01isom", "application/octet-stream"),
            (b"caf\xc3\xa9", "text/plain; charset=utf-8"),
            (b"a\x01", "application/octet-stream"),
            (b"a\x1b[0m", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(media_type(beginning), expected, "{beginning:?}");
        }
        for (pattern, expected) in BEGINNINGS {
            assert_eq!(media_type(pattern), *expected, "{pattern:?}");
        }
        let late = [vec![b' '; LENGTH], b"\0".to_vec()].concat();
        assert_eq!(media_type(&late), "text/plain; charset=utf-8");
    }
}
