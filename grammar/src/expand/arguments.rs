//! `{args[0]}`, `{args[1:]}` and what else stands for the arguments of an import.

use std::ops::Range;

use nom::{
    IResult, Parser,
    bytes::complete::{tag, take_until},
    combinator::{all_consuming, rest},
    sequence::preceded,
};

use crate::{Diagnostic, Span, errors};

/// What a whole word stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Placeholder<'a> {
    /// `{block}`: the block given to the import.
    Block,
    /// `{blocks.key}`: the part of that block under `key`.
    Blocks(&'a str),
    /// `{args[1:]}` and the like.
    Arguments(Range<usize>),
    /// An ordinary word, which may hold placeholders.
    None,
}

/// The arguments of one import.
pub(super) struct Arguments {
    pub(super) values: Vec<String>,
}

impl Arguments {
    /// Reads a whole word. Ranges that make no sense are reported to `notices` and are ordinary words.
    pub(super) fn placeholder<'a>(
        &self,
        text: &'a str,
        span: Span,
        notices: &mut Vec<Diagnostic>,
    ) -> Placeholder<'a> {
        if text == "{block}" {
            return Placeholder::Block;
        }
        if let Some(key) = text.strip_prefix("{blocks.").and_then(|rest| rest.strip_suffix('}')) {
            return Placeholder::Blocks(key);
        }
        let Some(inner) = text.strip_prefix("{args[").and_then(|rest| rest.strip_suffix("]}")) else {
            return Placeholder::None;
        };
        if inner.is_empty() {
            notices.push(errors::args_empty_index(span, text));
            return Placeholder::None;
        }
        // `{args[0]}:{args[1]}` begins and ends right, but is no range.
        match range(inner) {
            Ok((_, (start, end))) if !start.contains('}') && !end.contains('{') => {
                self.bounds(text, start, end, span, notices).map_or(Placeholder::None, Placeholder::Arguments)
            }
            _ => Placeholder::None,
        }
    }

    fn bounds(
        &self,
        text: &str,
        start: &str,
        end: &str,
        span: Span,
        notices: &mut Vec<Diagnostic>,
    ) -> Option<Range<usize>> {
        let count = self.values.len();
        let index = |text: &str, default| if text.is_empty() { Ok(default) } else { text.parse::<i64>() };
        let Ok(first) = index(start, 0) else {
            notices.push(errors::args_bad_start(span, text));
            return None;
        };
        let Ok(last) = index(end, count as i64) else {
            notices.push(errors::args_bad_end(span, text));
            return None;
        };
        if first < 0 || first > last || last > count as i64 {
            notices.push(errors::args_range_out_of_bounds(span, text, count));
            return None;
        }
        Some(first as usize..last as usize)
    }

    /// Replaces the placeholders inside a word. What is not about arguments stays, but `\{` and `\}` lose their
    /// backslash in every word, as in Caddy.
    pub(super) fn replace(&self, text: &str, span: Span, notices: &mut Vec<Diagnostic>) -> Option<String> {
        if !text.contains(['{', '}']) {
            return None;
        }
        let bytes = text.as_bytes();
        let mut out = String::with_capacity(text.len());
        let mut written = 0;
        let mut unclosed = 0;
        let mut at = 0;
        'scan: while at < bytes.len() {
            let here = at;
            at += 1;
            if here > 0 && bytes[here - 1] == b'\\' && matches!(bytes[here], b'{' | b'}') {
                out.push_str(&text[written..here - 1]);
                written = here;
                continue;
            }
            if bytes[here] != b'{' {
                continue;
            }
            if unclosed > MAX_UNCLOSED {
                return Some(String::new());
            }
            let Some(length) = text[here..].find('}') else {
                unclosed += 1;
                continue;
            };
            let mut end = here + length;
            while end < bytes.len() - 1 && bytes[end - 1] == b'\\' {
                let Some(length) = text[end + 1..].find('}') else {
                    unclosed += 1;
                    continue 'scan;
                };
                end += length + 1;
            }
            out.push_str(&text[written..here]);
            written = here;
            if let Some(value) = self.value(&text[here + 1..end], span, notices) {
                out.push_str(value);
                at = end + 1;
                written = at;
            }
        }
        out.push_str(&text[written..]);
        Some(out)
    }

    /// The value of `args[N]` or the old `args.N`.
    fn value(&self, key: &str, span: Span, notices: &mut Vec<Diagnostic>) -> Option<&str> {
        let (index, old) = match (old_index(key), new_index(key)) {
            (Ok((_, index)), _) => (index, true),
            (Err(_), Ok((_, index))) => (index, false),
            (Err(_), Err(_)) => return None,
        };
        // As in Caddy, neither form reaches over a line break.
        if index.is_empty() || index.contains('\n') {
            return None;
        }
        let placeholder = format!("{{{key}}}");
        if !old && index.contains(':') {
            notices.push(errors::args_range_inside_word(span, &placeholder));
            return None;
        }
        let Ok(number) = index.parse::<i64>() else {
            notices.push(errors::args_bad_index(span, &placeholder));
            return None;
        };
        if number < 0 {
            notices.push(errors::args_negative(span, &placeholder));
            return None;
        }
        let value = usize::try_from(number).ok().and_then(|number| self.values.get(number));
        match value {
            None => notices.push(errors::args_out_of_bounds(span, &placeholder, self.values.len())),
            Some(_) if old => notices.push(errors::args_deprecated(span, index)),
            Some(_) => {}
        }
        value.map(String::as_str)
    }
}

/// Caddy gives a word up, and leaves nothing of it, after more unclosed braces than this.
const MAX_UNCLOSED: usize = 100;

/// `1:2` between the brackets.
fn range(text: &str) -> IResult<&str, (&str, &str)> {
    (take_until(":"), preceded(tag(":"), rest)).parse(text)
}

/// `args.0`
fn old_index(text: &str) -> IResult<&str, &str> {
    preceded(tag("args."), rest).parse(text)
}

/// `args[0]`
fn new_index(text: &str) -> IResult<&str, &str> {
    let Some(inner) = text.strip_suffix(']') else {
        return Err(nom::Err::Error(nom::error::Error::new(text, nom::error::ErrorKind::Tag)));
    };
    all_consuming(preceded(tag("args["), rest)).parse(inner)
}
