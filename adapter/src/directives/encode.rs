//! `encode`: compresses responses.

use caddis_config::{
    go::number::atoi,
    http::{
        encoders::{Encoder, Gzip, Zstd},
        handlers::Encode,
    },
};
use caddis_grammar::{Statement, Token};

use crate::{
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors, response_matchers,
    table::{Row, Shape, block_row, read_line, row},
};

/// See `fixtures/directives/encode.md`.
pub(crate) static DIRECTIVE: Directive =
    Directive { name: "encode", summary: "Compresses responses.", takes_matcher: true, ordered: true, read };

/// Everything else in the block is the name of an encoder.
pub(crate) static ROWS: &[Row<Encode>] = &[
    row("minimum_length", Shape::One("bytes"), |encode, line, _| {
        let word = &line.words[1];
        encode.minimum_length =
            atoi(&word.text).map_err(|error| errors::handlers::bad_integer(word, &error))?;
        Ok(())
    }),
    block_row("match", Shape::Any("response matcher"), |encode, line, cx| {
        if encode.matchers.is_some() {
            return Err(errors::handlers::condition_twice(line.name()));
        }
        encode.matchers = Some(response_matchers::read(cx, line)?);
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut encode = Encode::default();
    for line in call.line.children() {
        let outcome = if ROWS.iter().any(|row| *row.name == *line.name().text) {
            read_line(cx, line, ROWS, &mut encode)
        } else {
            cx.module::<Encoder>(line).map(|encoder| add(&mut encode, encoder))
        };
        cx.keep(outcome);
    }
    if encode.prefer.is_empty() && call.line.args().is_empty() {
        add(&mut encode, Zstd::default().into());
        add(&mut encode, Gzip::default().into());
    }
    for word in call.line.args() {
        let encoder = cx.module::<Encoder>(&bare(word));
        if let Some(encoder) = cx.keep(encoder) {
            add(&mut encode, encoder);
        }
    }
    Ok(call.route(encode))
}

/// The order of the names is the order of preference.
fn add(encode: &mut Encode, encoder: Encoder) {
    encode.prefer.push(encoder.name().to_owned());
    encode.encodings.insert(encoder);
}

/// An encoder named in the arguments, where it takes no settings.
fn bare(word: &Token) -> Statement {
    Statement { words: vec![word.clone()], block: None }
}
