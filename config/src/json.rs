//! JSON text the way Go's `encoding/json` prints it, to the byte.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::go;

/// Compact JSON: no spaces, `<`, `>` and `&` escaped.
pub fn to_json(value: &impl Serialize) -> String {
    write(value, CompactFormatter)
}

/// JSON as Go's `json.Indent` lays it out with tabs; no newline at the end.
pub fn to_json_pretty(value: &impl Serialize) -> String {
    write(value, PrettyFormatter::with_indent(b"\t"))
}

fn write(value: &impl Serialize, layout: impl Formatter) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, GoFormatter(layout));
    value
        .serialize(&mut serializer)
        .expect("memory takes every byte and the keys of configurations are strings");
    String::from_utf8(bytes).expect("serde_json writes UTF-8")
}

/// A layout of serde_json with Go's strings and floats.
struct GoFormatter<L>(L);

impl<L: Formatter> Formatter for GoFormatter<L> {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(go::float::json(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (plain, tail) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut chars = tail.chars();
            let special = chars.next().map_or(0, u32::from);
            write!(writer, "\\u{special:04x}")?;
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
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
        let value = json!("<a & b>\u{2028}\u{2029}\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}\"\\/é");
        let expected =
            r#""\u003ca \u0026 b\u003e\u2028\u2029\b\f\n\r\t\u0001\u001f"#.to_owned() + "\u{7f}\\\"\\\\/é\"";
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
}
