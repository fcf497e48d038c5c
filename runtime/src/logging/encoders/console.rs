//! The encoder `console`: time, level, logger and message between tabs, then the fields as JSON.

use super::{super::Field, Entry, json, options::Options};

/// Appends one line.
pub(super) fn entry(options: &Options, entry: &Entry<'_>, out: &mut Vec<u8>) {
    let mut parts: Vec<String> = Vec::with_capacity(4);
    if !options.time.is_empty() {
        parts.push(match options.time_value(entry.time) {
            Field::String(text) => text,
            Field::Int(number) => number.to_string(),
            // zap's console writes floats as Go's fmt does, with an exponent from 1e21 only.
            Field::Float(number) => number.to_string(),
            other => format!("{other:?}"),
        });
    }
    if !options.level.is_empty() {
        parts.push(options.level_text(entry.level).to_owned());
    }
    if !options.name.is_empty() && !entry.logger.is_empty() {
        parts.push(entry.logger.to_owned());
    }
    if !options.message.is_empty() {
        parts.push(entry.message.to_owned());
    }
    out.extend_from_slice(parts.join("\t").as_bytes());
    if !entry.fields.0.is_empty() {
        out.push(b'\t');
        json::spaced_object(options, entry.fields, out);
    }
    out.extend_from_slice(options.line_ending.as_bytes());
}
