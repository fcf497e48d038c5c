//! `{$NAME}` and `{$NAME:default}`: replaced in the raw text of a file, before anything else looks at it.

use std::{borrow::Cow, ops::Range};

use crate::Environment;

/// A text after substitution, with the way back to the original.
pub(crate) struct Substituted<'a> {
    pub(crate) text: Cow<'a, str>,
    replacements: Vec<Replacement>,
}

struct Replacement {
    original: Range<u32>,
    substituted: Range<u32>,
}

/// Replaces every variable in `text`, once: a value that looks like a variable stays as it is. A variable that is
/// not set takes its default or nothing; one that is set but empty takes nothing.
pub(crate) fn substitute<'a>(text: &'a str, env: &dyn Environment) -> Substituted<'a> {
    let mut out = String::new();
    let mut replacements = Vec::new();
    let mut done = 0;
    let mut search = 0;
    while let Some(found) = text[search..].find("{$") {
        let start = search + found;
        let Some(length) = text[start..].find('}') else { break };
        let end = start + length + 1;
        search = end;
        let inner = &text[start + 2..end - 1];
        if inner.is_empty() {
            continue;
        }
        let (name, default) = match inner.split_once(':') {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        out.push_str(&text[done..start]);
        let before = out.len() as u32;
        match (env.var(name), default) {
            (Some(value), _) => out.push_str(&value),
            (None, Some(default)) => out.push_str(default),
            (None, None) => out.push_str(&env.unset(name, is_alone(text, start..end))),
        }
        replacements
            .push(Replacement { original: start as u32..end as u32, substituted: before..out.len() as u32 });
        done = end;
    }
    if replacements.is_empty() {
        return Substituted { text: Cow::Borrowed(text), replacements };
    }
    out.push_str(&text[done..]);
    Substituted { text: Cow::Owned(out), replacements }
}

/// Where a default is written as a shell would have it, `{$NAME:-default}`: the place, the name and the default as it is
/// understood here, with the dash. A default of -1 is taken for a number.
pub(crate) fn shell_defaults(text: &str) -> impl Iterator<Item = (Range<usize>, &str, &str)> {
    let mut done = 0;
    text.match_indices(":-").filter_map(move |(colon, _)| {
        let before = text.get(done..colon)?;
        let rest = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let name = &before[rest.len()..];
        let start = done + rest.strip_suffix("{$").filter(|_| !name.is_empty())?.len();
        let end = text[colon..].find('}').map_or(text.len(), |length| colon + length + 1);
        done = end;
        let default = text[colon + 1..end].strip_suffix('}')?;
        (default != "-1").then_some((start..end, name, default))
    })
}

/// Whether nothing but spaces and tabs stands beside a range on its line.
fn is_alone(text: &str, range: Range<usize>) -> bool {
    let blank = |part: &str| part.bytes().all(|byte| b" \t\r".contains(&byte));
    let before = text[..range.start].rsplit('\n').next().unwrap_or_default();
    let after = text[range.end..].split('\n').next().unwrap_or_default();
    blank(before) && blank(after)
}

impl Substituted<'_> {
    /// The range of the original text that became `range`. What was substituted belongs to its placeholder.
    pub(crate) fn original(&self, range: Range<u32>) -> Range<u32> {
        if self.replacements.is_empty() {
            return range;
        }
        let start = self.at(range.start, |original| original.start);
        // An end is exclusive: look at the last byte of the range instead.
        let last = range.end.saturating_sub(1).max(range.start);
        let end = self.at(last, |original| original.end);
        let end = if self.within(last) || range.is_empty() { end } else { end + 1 };
        start..end.max(start)
    }

    /// The last replacement that begins at or before `offset`.
    fn before(&self, offset: u32) -> Option<&Replacement> {
        let count = self.replacements.partition_point(|replacement| replacement.substituted.start <= offset);
        self.replacements[..count].last()
    }

    fn within(&self, offset: u32) -> bool {
        self.before(offset).is_some_and(|replacement| offset < replacement.substituted.end)
    }

    fn at(&self, offset: u32, edge: impl Fn(&Range<u32>) -> u32) -> u32 {
        match self.before(offset) {
            None => offset,
            Some(Replacement { original, substituted }) if offset < substituted.end => edge(original),
            Some(Replacement { original, substituted }) => original.end + (offset - substituted.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Environment for Fixed {
        fn var(&self, name: &str) -> Option<String> {
            match name {
                "FOOBAR" => Some("foobar".to_owned()),
                "CHAINED" => Some("{$FOOBAR}".to_owned()),
                "EMPTY" => Some(String::new()),
                _ => None,
            }
        }
    }

    #[test]
    fn defaults_of_shells_are_found() {
        let text = "a {$A:-b} {$B:c} {$C:-} {$N:-1} {env.A:-b} {$A:b:-c}";
        let found: Vec<_> =
            shell_defaults(text).map(|(range, name, default)| (&text[range], name, default)).collect();
        assert_eq!(found, [("{$A:-b}", "A", "-b"), ("{$C:-}", "C", "-")]);
    }

    #[test]
    fn variables_are_replaced_once() {
        for (text, expected) in [
            ("", ""),
            ("foo", "foo"),
            ("{$NOT_SET}", ""),
            ("foo{$NOT_SET}bar", "foobar"),
            ("{$FOOBAR}", "foobar"),
            ("foo {$FOOBAR} bar", "foo foobar bar"),
            ("{$CHAINED}", "{$FOOBAR}"),
            ("{$FOO{$FOOBAR}", ""),
            ("{$NOT_SET:a:b}", "a:b"),
            ("{$EMPTY:default}", ""),
            ("{$:x}", "x"),
            ("{$}{$FOOBAR}", "{$}foobar"),
            ("{$FOOBAR", "{$FOOBAR"),
            ("{{$FOOBAR}}", "{foobar}"),
        ] {
            assert_eq!(substitute(text, &Fixed).text, expected, "{text}");
        }
    }

    struct Kept;

    impl Environment for Kept {
        fn var(&self, _: &str) -> Option<String> {
            None
        }

        fn unset(&self, name: &str, alone: bool) -> String {
            if alone { "# lines".to_owned() } else { format!("<{name}>") }
        }
    }

    #[test]
    fn something_may_stand_for_what_is_not_set() {
        let text = "{$A}\n\t{$B} \n{$C} {$D:d}\n{$E:}";
        assert_eq!(substitute(text, &Kept).text, "# lines\n\t# lines \n<C> d\n");
    }

    #[test]
    fn ranges_lead_back_to_the_original() {
        let text = "a {$FOOBAR} b{$EMPTY}c {$FOOBAR}d";
        let substituted = substitute(text, &Fixed);
        assert_eq!(substituted.text, "a foobar bc foobard");
        let original = |range| {
            let Range { start, end } = substituted.original(range);
            &text[start as usize..end as usize]
        };
        assert_eq!(original(0..1), "a");
        assert_eq!(original(2..8), "{$FOOBAR}");
        assert_eq!(original(4..6), "{$FOOBAR}");
        assert_eq!(original(9..11), "b{$EMPTY}c");
        assert_eq!(original(12..19), "{$FOOBAR}d");
    }
}
