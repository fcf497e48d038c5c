//! Writing types as JSON text the way Go's `encoding/json` prints it, to the byte.
//!
//! It is not serde's `Serialize` because Caddy has two kinds of objects. Those of a known type keep the order of their
//! fields. An inline module, with all it contains, went through a generic map: its keys are sorted and its numbers are
//! float64. The writer knows which of the two it is inside of, so that no type has to.

use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

use serde_json::{Map, Number, Value};

use crate::go;

/// A type that can be written as JSON.
pub trait Encode {
    /// Writes one value.
    fn encode(&self, out: &mut Writer);
}

/// Compact JSON: no spaces, `<`, `>` and `&` escaped.
pub fn to_json(value: &(impl Encode + ?Sized)) -> String {
    write(value, false)
}

/// JSON as Go's `json.Indent` lays it out with tabs; no newline at the end.
pub fn to_json_pretty(value: &(impl Encode + ?Sized)) -> String {
    write(value, true)
}

fn write(value: &(impl Encode + ?Sized), is_pretty: bool) -> String {
    let mut writer = Writer { is_pretty, text: String::with_capacity(ROOM), ..Writer::default() };
    value.encode(&mut writer);
    writer.text
}

/// The room that a text begins with, and by how many times it grows. Whatever is not used of it is not backed by memory,
/// while each move to another place touches all of the text.
const ROOM: usize = 4096;
const GROWTH: usize = 8;

/// JSON text that is being written.
#[derive(Debug, Default)]
pub struct Writer {
    text: String,
    is_pretty: bool,
    /// How many objects and arrays are open.
    depth: usize,
    /// Whether this is inside of an inline module.
    is_generic: bool,
    /// The key of an inline module, which the next object gets beside its own.
    inline: Option<&'static str>,
    /// What stands under that key.
    name: String,
    /// The members of all open objects that are to be sorted, those of the innermost last.
    members: Vec<Member>,
    /// Their keys, one after the other.
    keys: String,
    /// Room to sort members in.
    spare: String,
}

/// A member of an object that is to be sorted: its key in `keys`, and what was written for it.
#[derive(Debug, Clone)]
struct Member {
    key: Range<usize>,
    text: Range<usize>,
}

impl Writer {
    /// `null`
    pub fn null(&mut self) {
        self.text.push_str("null");
    }

    /// `true` or `false`
    pub fn bool(&mut self, value: bool) {
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// An integer; inside of an inline module the nearest float64.
    pub fn integer(&mut self, value: i64) {
        if self.is_generic && value.unsigned_abs() > EXACT {
            #[expect(clippy::cast_precision_loss, reason = "this is what Go does to it")]
            return self.float(value as f64);
        }
        self.display(value);
    }

    /// A float. JSON has no infinities, which become `null`.
    pub fn float(&mut self, value: f64) {
        if value.is_finite() { self.text.push_str(&go::float::json(value)) } else { self.null() }
    }

    /// A string.
    pub fn string(&mut self, value: &str) {
        self.text.push('"');
        escape(value, &mut self.text);
        self.text.push('"');
    }

    /// An object. `fill` adds the members.
    pub fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        let (members, keys) = (self.members.len(), self.keys.len());
        self.text.push('{');
        self.depth += 1;
        let inline = self.inline.take();
        let mut object = Object { out: self, inline: None, is_empty: true };
        if let Some(key) = inline {
            let name = std::mem::take(&mut object.out.name);
            object.entry(key, &name);
            object.inline = Some(key);
            object.out.name = name;
        }
        fill(&mut object);
        let is_empty = object.is_empty;
        if self.is_generic {
            self.sort(members);
            self.members.truncate(members);
            self.keys.truncate(keys);
        }
        self.close('}', is_empty);
    }

    /// A module with its name under `key`, whatever its configuration holds there.
    ///
    /// # Panics
    /// If the configuration is not an object.
    pub(crate) fn inline(&mut self, key: &'static str, name: &str, config: &impl Encode) {
        let around = std::mem::replace(&mut self.is_generic, true);
        self.inline = Some(key);
        self.name.clear();
        self.name.push_str(name);
        config.encode(self);
        assert!(self.inline.is_none(), "the configuration of module {name} is not an object");
        self.is_generic = around;
    }

    /// An array of what `items` yields.
    pub fn array<T: Encode>(&mut self, items: impl IntoIterator<Item = T>) {
        self.text.push('[');
        self.depth += 1;
        let mut is_empty = true;
        for item in items {
            self.separate(is_empty);
            is_empty = false;
            item.encode(self);
        }
        self.close(']', is_empty);
    }

    fn separate(&mut self, is_first: bool) {
        if self.text.capacity() - self.text.len() < ROOM / 8 {
            self.text.reserve(self.text.capacity() * (GROWTH - 1));
        }
        if !is_first {
            self.text.push(',');
        }
        self.break_line();
    }

    fn break_line(&mut self) {
        if self.is_pretty {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n('\t', self.depth));
        }
    }

    fn close(&mut self, bracket: char, is_empty: bool) {
        self.depth -= 1;
        if !is_empty {
            self.break_line();
        }
        self.text.push(bracket);
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        write!(self.text, "{value}").expect("a string takes every text");
    }

    /// Puts the members from index `first` on, which were written last, in the order of their keys.
    fn sort(&mut self, first: usize) {
        let Self { text, members, keys, spare, .. } = self;
        let members = &mut members[first..];
        if members.is_sorted_by_key(|member| &keys[member.key.clone()]) {
            return;
        }
        // What separates two members is the same everywhere in an object.
        let (start, separator) = (members[0].text.start, members[0].text.end..members[1].text.start);
        let separator = text[separator].to_owned();
        members.sort_by(|a, b| keys[a.key.clone()].cmp(&keys[b.key.clone()]));
        spare.clear();
        for (at, member) in members.iter().enumerate() {
            if at > 0 {
                spare.push_str(&separator);
            }
            spare.push_str(&text[member.text.clone()]);
        }
        text.truncate(start);
        text.push_str(spare);
    }
}

/// An object that is being written.
#[derive(Debug)]
pub struct Object<'w> {
    out: &'w mut Writer,
    /// A key that is taken.
    inline: Option<&'static str>,
    is_empty: bool,
}

impl Object<'_> {
    /// Adds a member.
    pub fn entry(&mut self, key: &str, value: &(impl Encode + ?Sized)) {
        if self.inline == Some(key) {
            return;
        }
        let start = self.begin();
        self.out.string(key);
        self.end(start, key, value);
    }

    /// Adds a field, whose name needs no escapes.
    pub(crate) fn field(&mut self, name: &'static str, value: &(impl Encode + ?Sized)) {
        if self.inline == Some(name) {
            return;
        }
        let start = self.begin();
        self.out.text.push('"');
        self.out.text.push_str(name);
        self.out.text.push('"');
        self.end(start, name, value);
    }

    fn begin(&mut self) -> usize {
        self.out.separate(self.is_empty);
        self.is_empty = false;
        self.out.text.len()
    }

    /// Adds the value of the key that was written at `start`.
    fn end(&mut self, start: usize, key: &str, value: &(impl Encode + ?Sized)) {
        self.out.text.push_str(if self.out.is_pretty { ": " } else { ":" });
        if !self.out.is_generic {
            return value.encode(self.out);
        }
        let from = self.out.keys.len();
        self.out.keys.push_str(key);
        let key = from..self.out.keys.len();
        value.encode(self.out);
        self.out.members.push(Member { key, text: start..self.out.text.len() });
    }
}

/// Integers up to here have a float64 of their own.
const EXACT: u64 = 1 << 53;

fn escape(text: &str, out: &mut String) {
    // The last begins U+2028 and U+2029, which end lines in JavaScript.
    let special = |byte: u8| (byte < 0x20) | matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2);
    // Without an early end, which makes it a handful of instructions for most texts.
    if !text.bytes().fold(false, |found, byte| found | special(byte)) {
        return out.push_str(text);
    }
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let (short, length) = match byte {
            b'"' => ("\\\"", 1),
            b'\\' => ("\\\\", 1),
            b'\n' => ("\\n", 1),
            b'\r' => ("\\r", 1),
            b'\t' => ("\\t", 1),
            0x08 => ("\\b", 1),
            0x0c => ("\\f", 1),
            0..0x20 | b'<' | b'>' | b'&' => ("", 1),
            0xe2 if matches!(text.as_bytes().get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9])) => ("", 3),
            _ => continue,
        };
        out.push_str(&text[start..at]);
        start = at + length;
        out.push_str(short);
        if short.is_empty() {
            let special = text[at..].chars().next().map_or(0, u32::from);
            write!(out, "\\u{special:04x}").expect("a string takes every text");
        }
    }
    out.push_str(&text[start..]);
}

impl Encode for bool {
    fn encode(&self, out: &mut Writer) {
        out.bool(*self);
    }
}

impl Encode for i64 {
    fn encode(&self, out: &mut Writer) {
        out.integer(*self);
    }
}

impl Encode for f64 {
    fn encode(&self, out: &mut Writer) {
        out.float(*self);
    }
}

impl Encode for str {
    fn encode(&self, out: &mut Writer) {
        out.string(self);
    }
}

impl Encode for String {
    fn encode(&self, out: &mut Writer) {
        out.string(self);
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, out: &mut Writer) {
        (**self).encode(out);
    }
}

impl<T: Encode> Encode for Box<T> {
    fn encode(&self, out: &mut Writer) {
        (**self).encode(out);
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Writer) {
        match self {
            Some(value) => value.encode(out),
            None => out.null(),
        }
    }
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, out: &mut Writer) {
        out.array(self);
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut Writer) {
        out.array(self);
    }
}

impl<T: Encode> Encode for BTreeMap<String, T> {
    fn encode(&self, out: &mut Writer) {
        out.object(|object| self.iter().for_each(|(key, value)| object.entry(key, value)));
    }
}

impl Encode for Map<String, Value> {
    fn encode(&self, out: &mut Writer) {
        out.object(|object| self.iter().for_each(|(key, value)| object.entry(key, value)));
    }
}

impl Encode for Number {
    fn encode(&self, out: &mut Writer) {
        match (self.as_i64(), self.as_u64(), self.as_f64()) {
            (Some(value), _, _) => out.integer(value),
            (_, Some(value), _) if !out.is_generic => out.display(value),
            (_, _, value) => out.float(value.unwrap_or(f64::NAN)),
        }
    }
}

impl Encode for Value {
    fn encode(&self, out: &mut Writer) {
        match self {
            Value::Null => out.null(),
            Value::Bool(value) => out.bool(*value),
            Value::Number(value) => value.encode(out),
            Value::String(value) => out.string(value),
            Value::Array(items) => out.array(items),
            Value::Object(members) => members.encode(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_are_sorted_bytewise() {
        let value = json!({"b": 1, "a": 2, "B": 3, "é": 4});
        assert_eq!(to_json(&value), r#"{"B":3,"a":2,"b":1,"é":4}"#, "serde_json must not preserve_order");
    }

    #[test]
    fn strings_are_escaped_like_go() {
        let value = json!("<a & b>\u{2028}\u{2029}\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}\"\\/é\u{2030}");
        let expected = r#""\u003ca \u0026 b\u003e\u2028\u2029\b\f\n\r\t\u0001\u001f"#.to_owned()
            + "\u{7f}\\\"\\\\/é\u{2030}\"";
        assert_eq!(to_json(&value), expected);
        assert_eq!(to_json(&json!({"<": 1})), r#"{"\u003c":1}"#);
    }

    #[test]
    fn pretty_keeps_empty_objects_closed() {
        let value = json!({"a": {}, "b": [], "c": [1, {"d": null}]});
        let expected =
            "{\n\t\"a\": {},\n\t\"b\": [],\n\t\"c\": [\n\t\t1,\n\t\t{\n\t\t\t\"d\": null\n\t\t}\n\t]\n}";
        assert_eq!(to_json_pretty(&value), expected);
    }

    /// An object whose fields are out of order, and one inside of it.
    struct Unsorted;

    impl Encode for Unsorted {
        fn encode(&self, out: &mut Writer) {
            out.object(|object| {
                object.entry("z", &json!([{"big": 9_007_199_254_740_993_i64}]));
                object.entry("kind", "of its own");
                object.entry("<", &Vec::<bool>::new());
                object.entry("=", &Some(1.5));
            });
        }
    }

    struct Inline;

    impl Encode for Inline {
        fn encode(&self, out: &mut Writer) {
            out.inline("kind", "unsorted", &Unsorted);
        }
    }

    #[test]
    fn inline_modules_are_sorted_with_all_they_contain() {
        assert_eq!(
            to_json(&Unsorted),
            r#"{"z":[{"big":9007199254740993}],"kind":"of its own","\u003c":[],"=":1.5}"#
        );
        let inline = r#"{"\u003c":[],"=":1.5,"kind":"unsorted","z":[{"big":9007199254740992}]}"#;
        assert_eq!(to_json(&Inline), inline);
        assert_eq!(to_json(&[Inline, Inline][..]), format!("[{inline},{inline}]"));
        let value: Value = serde_json::from_str(inline).unwrap();
        assert_eq!(to_json_pretty(&Inline), to_json_pretty(&value));
    }
}
