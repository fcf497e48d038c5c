//! `file_server`: answers with files.

use caddis_config::{
    go::{filepath, number::atoi},
    http::{
        handlers::{Browse, FileServer},
        precompressed::{self, Precompressed},
    },
};
use caddis_grammar::Token;

use crate::{
    args::Value,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, block_row, read_block, row},
};

/// See `fixtures/directives/file_server.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "file_server",
    summary: "Answers with files.",
    takes_matcher: true,
    ordered: true,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut server = FileServer::default();
    match call.line.args() {
        [] => {}
        [word] if &*word.text == "browse" => server.browse = Some(Browse::default()),
        [word] => return Err(errors::handlers::only_browse(word)),
        [_, extra, ..] => return Err(errors::wrong_argument_count(extra)),
    }
    read_block(cx, call.line, ROWS, &mut server);
    hide_caddyfiles(cx, &mut server.hide);
    Ok(call.route(server))
}

pub(crate) static ROWS: &[Row<FileServer>] = &[
    row("fs", Shape::One("name"), |server, line, _| {
        if !server.fs.is_empty() {
            return Err(errors::already_specified(line.name(), "file system"));
        }
        server.fs = line.words[1].string();
        Ok(())
    }),
    row("hide", Shape::Some("files"), |server, line, _| {
        server.hide.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("index", Shape::Some("names"), |server, line, _| {
        server.index_names = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
    row("root", Shape::One("path"), |server, line, _| {
        server.root = line.words[1].string();
        Ok(())
    }),
    block_row("browse", Shape::Optional("template"), |server, line, cx| {
        if server.browse.is_some() {
            return Err(errors::handlers::browse_twice(line.name()));
        }
        let template_file = line.args().first().map(Value::string).unwrap_or_default();
        let mut browse = Browse { template_file, ..Browse::default() };
        read_block(cx, line, BROWSE, &mut browse);
        server.browse = Some(browse);
        Ok(())
    }),
    row("precompressed", Shape::Any("encodings"), |server, line, _| {
        let words = line.args();
        if words.is_empty() {
            server.precompressed_order = ["br", "zstd", "gzip"].map(String::from).to_vec();
        } else {
            server.precompressed_order = words.iter().map(Value::string).collect();
        }
        let at = |index: usize| words.get(index).unwrap_or(line.name());
        for (index, name) in server.precompressed_order.iter().enumerate() {
            server.precompressed.insert(sidecar(name, at(index))?);
        }
        Ok(())
    }),
    row("status", Shape::One("code"), |server, line, _| {
        server.status_code = line.words[1].string().into();
        Ok(())
    }),
    row("disable_canonical_uris", Shape::Flag, |server, _, _| {
        server.canonical_uris = Some(false);
        Ok(())
    }),
    row("pass_thru", Shape::Flag, |server, _, _| {
        server.pass_thru = true;
        Ok(())
    }),
    row("etag_file_extensions", Shape::Some("extensions"), |server, line, _| {
        server.etag_file_extensions = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
];

pub(crate) static BROWSE: &[Row<Browse>] = &[
    row("reveal_symlinks", Shape::Flag, |browse, line, _| {
        if browse.reveal_symlinks {
            return Err(errors::handlers::reveal_twice(line.name()));
        }
        browse.reveal_symlinks = true;
        Ok(())
    }),
    row("sort", Shape::Any("options"), |browse, line, _| {
        for word in line.args() {
            if !SORT_OPTIONS.contains(&&*word.text) {
                return Err(errors::handlers::unknown_sort(word, &SORT_OPTIONS));
            }
            browse.sort.push(word.string());
        }
        Ok(())
    }),
    row("file_limit", Shape::Any("count"), |browse, line, _| {
        let [word] = line.args() else {
            return Err(errors::handlers::file_limit_without_number(line));
        };
        if browse.file_limit != 0 {
            return Err(errors::handlers::file_limit_twice(line.name()));
        }
        browse.file_limit =
            atoi(&word.text).map_err(|_| errors::handlers::file_limit_without_number(line))?;
        Ok(())
    }),
];

const SORT_OPTIONS: [&str; 6] = ["name", "namedirfirst", "size", "time", "asc", "desc"];

fn sidecar(name: &str, at: &Token) -> Parsed<Precompressed> {
    match name {
        "br" => Ok(precompressed::Br::default().into()),
        "gzip" => Ok(precompressed::Gzip::default().into()),
        "zstd" => Ok(precompressed::Zstd::default().into()),
        _ => Err(errors::handlers::unknown_precompressed(at, name)),
    }
}

/// Adds the Caddyfiles of the site to what is hidden, as far as it is not hidden yet.
fn hide_caddyfiles(cx: &Cx<'_>, hide: &mut Vec<String>) {
    for file in &cx.caddyfiles {
        let file = filepath::clean(file);
        if is_hidden(cx, &file, hide) {
            continue;
        }
        // Without a separator every file of that name would be hidden.
        hide.push(if file.contains('/') { file } else { format!("./{file}") });
    }
}

/// Whether the server would hide the file: by a name that is one of its path's elements, by a folder that it is in, or
/// by a pattern for the whole path.
fn is_hidden(cx: &Cx<'_>, file: &str, hide: &[String]) -> bool {
    if hide.is_empty() {
        return false;
    }
    let file = cx.files.absolute(file).unwrap_or_else(|_| file.to_owned());
    hide.iter().any(|hidden| {
        if !hidden.contains('/')
            && file.split('/').any(|element| filepath::matches(hidden, element) == Ok(true))
        {
            return true;
        }
        let inside =
            hidden.contains('/') && file.strip_prefix(hidden).is_some_and(|rest| rest.starts_with('/'));
        inside || filepath::matches(hidden, &file) == Ok(true)
    })
}
