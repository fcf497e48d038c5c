//! Conditional requests (RFC 9110, section 13) as Go's `http.ServeContent` answers them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, header};

/// The conditions of a request, apart from it so that they can be looked at on another thread.
#[derive(Debug, Default, Clone)]
pub(crate) struct Conditions {
    if_match: Option<HeaderValue>,
    if_none_match: Option<HeaderValue>,
    if_modified_since: Option<HeaderValue>,
    if_unmodified_since: Option<HeaderValue>,
    if_range: Option<HeaderValue>,
    range: Option<HeaderValue>,
}

/// What the conditions make of a request for something that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// 200 or 206.
    Send,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

impl Conditions {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let get = |name| headers.get(name).cloned();
        Self {
            if_match: get(header::IF_MATCH),
            if_none_match: get(header::IF_NONE_MATCH),
            if_modified_since: get(header::IF_MODIFIED_SINCE),
            if_unmodified_since: get(header::IF_UNMODIFIED_SINCE),
            if_range: get(header::IF_RANGE),
            range: get(header::RANGE),
        }
    }

    /// Judges a GET or HEAD of what has this entity tag (empty: none) and time.
    pub(crate) fn judge(&self, etag: &str, modified: Option<SystemTime>) -> Verdict {
        let failed = match (&self.if_match, &self.if_unmodified_since) {
            (Some(tags), _) => !any_tag(tags, |tag| strong(tag, etag)),
            (None, Some(date)) => later(modified, date) == Some(true),
            (None, None) => false,
        };
        if failed {
            return Verdict::Failed;
        }
        let unchanged = match (&self.if_none_match, &self.if_modified_since) {
            (Some(tags), _) => any_tag(tags, |tag| weak(tag, etag)),
            (None, Some(date)) => later(modified, date) == Some(false),
            (None, None) => false,
        };
        if unchanged { Verdict::NotModified } else { Verdict::Send }
    }

    /// The ranges to send, when the condition on them holds.
    pub(crate) fn range(&self, etag: &str, modified: Option<SystemTime>) -> Option<&str> {
        let range = self.range.as_ref()?.to_str().ok()?;
        let Some(condition) = &self.if_range else { return Some(range) };
        let holds = match condition.to_str().ok().and_then(|text| first_tag(text).map(|(tag, _)| tag)) {
            Some(tag) => strong(tag, etag),
            None => match (modified, parse_date(condition)) {
                (Some(modified), Some(date)) => seconds(modified) == seconds(date),
                _ => false,
            },
        };
        holds.then_some(range)
    }
}

fn any_tag(tags: &HeaderValue, fits: impl Fn(&str) -> bool) -> bool {
    let Ok(mut rest) = tags.to_str() else { return false };
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.starts_with('*') {
            return true;
        }
        let Some((tag, after)) = first_tag(rest) else { return false };
        if fits(tag) {
            return true;
        }
        rest = after;
    }
}

/// An entity tag at the beginning of a text, and what follows it.
fn first_tag(text: &str) -> Option<(&str, &str)> {
    let start = if text.starts_with("W/") { 2 } else { 0 };
    let quoted = text[start..].strip_prefix('"')?;
    let end = quoted.find('"')?;
    let valid =
        quoted[..end].bytes().all(|byte| byte == 0x21 || (0x23..=0x7e).contains(&byte) || byte >= 0x80);
    valid.then(|| text.split_at(start + end + 2))
}

fn strong(tag: &str, etag: &str) -> bool {
    tag == etag && tag.starts_with('"')
}

fn weak(tag: &str, etag: &str) -> bool {
    tag.strip_prefix("W/").unwrap_or(tag) == etag.strip_prefix("W/").unwrap_or(etag)
}

/// Whether the time is later than the date; `None` when either is not known.
fn later(modified: Option<SystemTime>, date: &HeaderValue) -> Option<bool> {
    Some(seconds(modified?) > seconds(parse_date(date)?))
}

fn parse_date(date: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(date.to_str().ok()?).ok()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "Thu, 01 Jan 2015 00:00:00 GMT";
    const NOW: &str = "Sat, 01 Jan 2022 00:00:00 GMT";
    const NEW: &str = "Sun, 01 Jan 2023 00:00:00 GMT";

    fn conditions(fields: &[(&'static str, &'static str)]) -> Conditions {
        let fields =
            fields.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        Conditions::of(&fields.collect())
    }

    #[test]
    fn verdicts() {
        let modified = httpdate::parse_http_date(NOW).unwrap() + Duration::from_millis(500);
        for (fields, verdict) in [
            (&[][..], Verdict::Send),
            (&[("if-none-match", "\"a\"")], Verdict::NotModified),
            (&[("if-none-match", "\"x\", W/\"a\"")], Verdict::NotModified),
            (&[("if-none-match", "*")], Verdict::NotModified),
            (&[("if-none-match", "\"b\"")], Verdict::Send),
            (&[("if-none-match", "junk")], Verdict::Send),
            (&[("if-none-match", "\"b\""), ("if-modified-since", NEW)], Verdict::Send),
            (&[("if-modified-since", NOW)], Verdict::NotModified),
            (&[("if-modified-since", OLD)], Verdict::Send),
            (&[("if-modified-since", "yesterday")], Verdict::Send),
            (&[("if-match", "\"a\"")], Verdict::Send),
            (&[("if-match", "W/\"a\"")], Verdict::Failed),
            (&[("if-match", "*")], Verdict::Send),
            (&[("if-match", "\"a\""), ("if-unmodified-since", OLD)], Verdict::Send),
            (&[("if-unmodified-since", OLD)], Verdict::Failed),
            (&[("if-unmodified-since", NOW)], Verdict::Send),
        ] {
            assert_eq!(conditions(fields).judge("\"a\"", Some(modified)), verdict, "{fields:?}");
        }
        assert_eq!(conditions(&[("if-modified-since", NEW)]).judge("\"a\"", None), Verdict::Send);
    }

    #[test]
    fn a_range_may_have_a_condition() {
        let modified = httpdate::parse_http_date(NOW).unwrap();
        for (condition, sent) in
            [("\"a\"", true), ("\"b\"", false), ("W/\"a\"", false), (NOW, true), (OLD, false), ("x", false)]
        {
            let conditions = conditions(&[("range", "bytes=0-1"), ("if-range", condition)]);
            assert_eq!(conditions.range("\"a\"", Some(modified)).is_some(), sent, "{condition}");
        }
        assert_eq!(conditions(&[("range", "bytes=0-1")]).range("", None), Some("bytes=0-1"));
    }
}
