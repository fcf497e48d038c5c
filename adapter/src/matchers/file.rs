//! `file`: whether a file exists.

use caddis_config::http::matchers::File;

use super::MatcherKind;
use crate::{
    args::Value,
    errors,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/matchers/file.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "file",
    summary: "Matches when a file exists.",
    read: |cx, uses| {
        let mut file = File::default();
        for line in uses.lines {
            file.try_files.extend(line.args().iter().map(Value::string));
            read_block(cx, line, ROWS, &mut file);
        }
        Ok(file.into())
    },
};

pub(crate) static ROWS: &[Row<File>] = &[
    row("root", Shape::One("path"), |file, line, _| {
        file.root = line.words[1].string();
        Ok(())
    }),
    row("try_files", Shape::Any("files"), |file, line, _| {
        file.try_files.extend(line.args().iter().map(Value::string));
        if file.try_files.is_empty() { Err(errors::missing_argument(line)) } else { Ok(()) }
    }),
    row("try_policy", Shape::One("policy"), |file, line, _| {
        file.try_policy = line.words[1].string();
        Ok(())
    }),
    row("split_path", Shape::Some("delimiters"), |file, line, _| {
        file.split_path = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
];
