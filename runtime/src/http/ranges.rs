//! Byte ranges of a request (RFC 9110, section 14), read as Go reads them.

/// A part of something: where it begins, and how many bytes it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

/// Why a request for ranges gets a 416.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RangeError {
    #[error("invalid range")]
    Invalid,
    #[error("invalid range: failed to overlap")]
    NoOverlap,
}

impl Range {
    /// The value of `Content-Range` for this part of `size` bytes.
    pub(crate) fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.start, self.start + self.length - 1)
    }
}

/// The ranges of `size` bytes that a header asks for; an empty list asks for everything.
pub(crate) fn parse(header: &str, size: u64) -> Result<Vec<Range>, RangeError> {
    let specs = header.strip_prefix("bytes=").ok_or(RangeError::Invalid)?;
    let mut ranges = Vec::new();
    let mut beyond = false;
    for spec in specs.split(',').map(str::trim).filter(|spec| !spec.is_empty()) {
        let (first, last) = spec.split_once('-').ok_or(RangeError::Invalid)?;
        let (first, last) = (first.trim(), last.trim());
        if first.is_empty() {
            let length = number(last)?.min(size);
            ranges.push(Range { start: size - length, length });
            continue;
        }
        let start = number(first)?;
        let end = if last.is_empty() { None } else { Some(number(last)?) };
        if start >= size {
            beyond = true;
            continue;
        }
        if end.is_some_and(|end| end < start) {
            return Err(RangeError::Invalid);
        }
        let end = end.unwrap_or(u64::MAX).min(size - 1);
        ranges.push(Range { start, length: end - start + 1 });
    }
    if ranges.is_empty() && beyond {
        return if size == 0 { Ok(ranges) } else { Err(RangeError::NoOverlap) };
    }
    // Ranges that overlap so much that everything would be shorter are an attack, or a mistake.
    let total = ranges.iter().try_fold(0_u64, |total, range| total.checked_add(range.length));
    ranges.retain(|range| range.length > 0);
    Ok(if total.is_some_and(|total| total <= size) { ranges } else { Vec::new() })
}

fn number(text: &str) -> Result<u64, RangeError> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| RangeError::Invalid);
    }
    Err(RangeError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        let range = |start, length| Range { start, length };
        for (header, parsed) in [
            ("bytes=0-4", Ok(vec![range(0, 5)])),
            ("bytes=2-", Ok(vec![range(2, 8)])),
            ("bytes=-5", Ok(vec![range(5, 5)])),
            ("bytes=-50", Ok(vec![range(0, 10)])),
            ("bytes=3-90", Ok(vec![range(3, 7)])),
            ("bytes=0-0,-2", Ok(vec![range(0, 1), range(8, 2)])),
            ("bytes= 0-0 , 5 - 6", Ok(vec![range(0, 1), range(5, 2)])),
            ("bytes=0-9,0-9", Ok(vec![])),
            ("bytes=", Ok(vec![])),
            ("bytes=10-", Err(RangeError::NoOverlap)),
            ("bytes=10-,0-1", Ok(vec![range(0, 2)])),
            ("bytes=5-4", Err(RangeError::Invalid)),
            ("bytes=a-b", Err(RangeError::Invalid)),
            ("bytes=--2", Err(RangeError::Invalid)),
            ("bytes=5", Err(RangeError::Invalid)),
            ("bytes=-", Err(RangeError::Invalid)),
            ("lines=0-1", Err(RangeError::Invalid)),
        ] {
            assert_eq!(parse(header, 10), parsed, "{header}");
        }
        assert_eq!(parse("bytes=0-", 0), Ok(vec![]));
        assert_eq!(parse("bytes=2-4", 10).unwrap()[0].content_range(10), "bytes 2-4/10");
    }
}
