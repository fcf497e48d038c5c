//! The encoder `json`: level, time, logger, message, then the fields in order, as zap writes them.

use super::{
    super::{Field, Fields},
    Entry,
    options::Options,
};
use crate::time::Moment;

/// Appends one line.
pub(super) fn entry(options: &Options, entry: &Entry<'_>, out: &mut Vec<u8>) {
    let mut writer = Writer { options, out, spaced: false };
    let mut first = true;
    writer.out.push(b'{');
    if !options.level.is_empty() {
        let level = Field::from(options.level_text(entry.level));
        writer.member(&options.level, &level, &mut first);
    }
    if !options.time.is_empty() {
        writer.member(&options.time, &options.time_value(entry.time), &mut first);
    }
    if !options.name.is_empty() && !entry.logger.is_empty() {
        writer.member(&options.name, &Field::from(entry.logger), &mut first);
    }
    if !options.message.is_empty() {
        writer.member(&options.message, &Field::from(entry.message), &mut first);
    }
    writer.members(entry.fields, &mut first);
    writer.out.push(b'}');
    writer.out.extend_from_slice(options.line_ending.as_bytes());
}

/// Appends the fields as one object, with spaces after colons and commas: the tail of a console line.
pub(super) fn spaced_object(options: &Options, fields: &Fields, out: &mut Vec<u8>) {
    Writer { options, out, spaced: true }.object(fields);
}

struct Writer<'a> {
    options: &'a Options,
    out: &'a mut Vec<u8>,
    spaced: bool,
}

impl Writer<'_> {
    fn members(&mut self, fields: &Fields, first: &mut bool) {
        for (name, value) in &fields.0 {
            self.member(name, value, first);
        }
    }

    fn member(&mut self, name: &str, value: &Field, first: &mut bool) {
        self.comma(first);
        self.string(name);
        self.out.push(b':');
        if self.spaced {
            self.out.push(b' ');
        }
        self.value(value);
    }

    fn comma(&mut self, first: &mut bool) {
        if !std::mem::take(first) {
            self.out.push(b',');
            if self.spaced {
                self.out.push(b' ');
            }
        }
    }

    fn object(&mut self, fields: &Fields) {
        self.out.push(b'{');
        self.members(fields, &mut true);
        self.out.push(b'}');
    }

    fn value(&mut self, value: &Field) {
        match value {
            Field::String(text) => self.string(text),
            Field::Int(number) => self.display(number),
            // JSON has no such numbers; zap writes their names.
            Field::Float(number) if number.is_nan() => self.string("NaN"),
            Field::Float(number) if number.is_infinite() => {
                self.string(if *number > 0.0 { "+Inf" } else { "-Inf" });
            }
            Field::Float(number) => self.display(number),
            Field::Bool(flag) => self.display(flag),
            Field::Duration(duration) => self.value(&self.options.duration_value(*duration)),
            Field::Time(time) => self.value(&self.options.time_value(Moment::new(*time))),
            Field::Null => self.out.extend_from_slice(b"null"),
            Field::Object(fields) => self.object(fields),
            Field::List(values) => {
                self.out.push(b'[');
                let mut first = true;
                for value in values {
                    self.comma(&mut first);
                    self.value(value);
                }
                self.out.push(b']');
            }
        }
    }

    fn display(&mut self, value: &impl std::fmt::Display) {
        use std::io::Write;
        write!(self.out, "{value}").expect("writing to memory");
    }

    fn string(&mut self, text: &str) {
        self.out.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', byte]),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                0..0x20 => {
                    const HEX: &[u8; 16] = b"0123456789abcdef";
                    let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                    self.out.extend_from_slice(b"\\u00");
                    self.out.extend_from_slice(&digits);
                }
                _ => self.out.push(byte),
            }
        }
        self.out.push(b'"');
    }
}
