//! The writer `file`.

use caddis_config::{
    go::{number, size},
    logging::{
        Writer,
        writers::{File, FileMode},
    },
    value::Duration,
};
use caddis_grammar::{Statement, Token};

use crate::{
    args::{Args, Value},
    cx::Parsed,
    errors,
    modules::Module,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/modules/logging/writers/file.md`.
pub(crate) const MODULE: Module<Writer> = Module {
    name: "file",
    read: |cx, line| {
        let mut file = File { filename: line.one()?.string(), ..File::default() };
        read_block(cx, line, ROWS, &mut file);
        Ok(file.into())
    },
};

const DAY: f64 = 24.0 * 3600.0 * 1e9;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) static ROWS: &[Row<File>] = &[
    row("mode", Shape::One("mode"), |file, line, _| {
        let mode = line.one()?;
        file.mode = FileMode::parse(&mode.text).map_err(|reason| bad(mode, "mode", &reason))?;
        Ok(())
    }),
    row("dir_mode", Shape::One("mode|inherit|from_file"), |file, line, _| {
        let word = line.one()?;
        let mode = word.text.trim();
        if !matches!(mode.to_lowercase().as_str(), "inherit" | "from_file") {
            FileMode::parse(mode).map_err(|reason| bad(word, "dir_mode", &reason))?;
        }
        mode.clone_into(&mut file.dir_mode);
        Ok(())
    }),
    row("roll_disabled", Shape::Flag, |file, _, _| {
        file.roll = Some(false);
        Ok(())
    }),
    row("roll_size", Shape::One("size"), |file, line, _| {
        let word = line.one()?;
        let bytes = size::parse(&word.text).map_err(|reason| bad(word, "size", &reason))?;
        file.roll_size_mb = (bytes as f64 / MIB).ceil() as i64;
        Ok(())
    }),
    row("roll_uncompressed", Shape::Flag, |file, _, _| {
        file.roll_gzip = Some(false);
        Ok(())
    }),
    row("roll_compression", Shape::One("none|gzip|zstd"), |file, line, _| {
        let word = line.one()?;
        file.roll_compression = word.text.trim().to_lowercase();
        match file.roll_compression.as_str() {
            "none" | "gzip" | "zstd" => Ok(()),
            _ => Err(bad(word, "roll_compression", "must be 'none', 'gzip' or 'zstd'")),
        }
    }),
    row("roll_local_time", Shape::Flag, |file, _, _| {
        file.roll_local_time = true;
        Ok(())
    }),
    row("roll_keep", Shape::One("count"), |file, line, _| {
        file.roll_keep = integer(line.one()?, "roll_keep number")?;
        Ok(())
    }),
    row("roll_keep_for", Shape::One("duration"), |file, line, _| {
        let word = line.one()?;
        let keep = duration(word, "roll_keep_for duration")?;
        if keep.0 < 0 {
            return Err(errors::logging::negative_duration(word, keep));
        }
        file.roll_keep_days = (keep.0 as f64 / DAY).ceil() as i64;
        Ok(())
    }),
    row("roll_interval", Shape::One("duration"), |file, line, _| {
        file.roll_interval = duration(line.one()?, "roll_interval duration")?;
        Ok(())
    }),
    row("roll_minutes", Shape::Some("minutes"), |file, line, _| {
        file.roll_minutes = list(line, "roll_minutes")?
            .into_iter()
            .map(|(word, text)| {
                number::atoi(text).map_err(|reason| bad(word, "roll_minutes number", &reason))
            })
            .collect::<Parsed<_>>()?;
        Ok(())
    }),
    row("roll_at", Shape::Some("times"), |file, line, _| {
        file.roll_at = list(line, "roll_at")?.into_iter().map(|(_, text)| text.to_owned()).collect();
        Ok(())
    }),
    row("backup_time_format", Shape::One("layout"), |file, line, _| {
        file.backup_time_format = line.one()?.string();
        Ok(())
    }),
];

fn bad(word: &Token, what: &str, reason: &str) -> Box<caddis_grammar::Diagnostic> {
    errors::logging::bad_value(word, what, reason)
}

fn integer(word: &Token, what: &str) -> Parsed<i64> {
    number::atoi(&word.text).map_err(|reason| bad(word, what, &reason))
}

fn duration(word: &Token, what: &str) -> Parsed<Duration> {
    Duration::parse(&word.text).map_err(|reason| bad(word, what, &reason))
}

/// The parts of words that may be lists with commas.
fn list<'a>(line: &'a Statement, what: &str) -> Parsed<Vec<(&'a Token, &'a str)>> {
    let mut parts = Vec::new();
    for word in line.args() {
        for part in word.text.split(',').map(str::trim) {
            if part.is_empty() {
                return Err(bad(word, what, "empty value"));
            }
            parts.push((word, part));
        }
    }
    Ok(parts)
}
