//! Listings as a page, which needs no script, and as plain text.

use std::borrow::Cow;

use super::{Item, View};
use crate::{http::uri, time::Moment};

const STYLE: &str = include_str!("style.css");

/// The columns: title, what they are sorted by, and class.
const COLUMNS: [(&str, &str, &str); 3] =
    [("Name", "name", ""), ("Size", "size", " class=\"n\""), ("Modified", "time", "")];

/// A page for the folder at a path, which is escaped and begins with a slash.
pub(super) fn html(items: &[Item], path: &str, view: &View) -> String {
    let (folders, files): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.is_dir);
    let total: u64 = files.iter().map(|item| item.size).sum();
    let decoded = uri::unescape(path, false).unwrap_or(Cow::Borrowed(path));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{}</h1>\n<p>{}, {}, {}</p>\n<table>\n<thead>\n<tr>",
        text_of(&decoded),
        crumbs(path),
        count(folders.len(), "folder"),
        count(files.len(), "file"),
        human_size(total),
    );
    COLUMNS.iter().for_each(|column| page.push_str(&heading(column, view)));
    page.push_str("</tr>\n</thead>\n<tbody>\n");
    if path.len() > 1 {
        page.push_str("<tr><td><a href=\"../\">Parent folder</a></td><td></td><td></td></tr>\n");
    }
    items.iter().for_each(|item| page.push_str(&row(item)));
    page.push_str("</tbody>\n</table>\n</main>\n</body>\n</html>\n");
    page
}

/// The path, of which every part but the last leads there.
fn crumbs(path: &str) -> String {
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let last = parts.len() - 1;
    let crumbs = parts.iter().enumerate().map(|(number, part)| {
        let name = uri::unescape(part, false).unwrap_or(Cow::Borrowed(part));
        let name = if number == 0 { "/".to_owned() } else { text_of(&name) + "/" };
        match last - number {
            0 => name,
            up => format!("<a href=\"{}\">{name}</a>", "../".repeat(up)),
        }
    });
    crumbs.collect()
}

/// A heading that sorts by its column, and the other way round once it does.
fn heading((title, sort, class): &(&str, &str, &str), view: &View) -> String {
    let is_sorted = view.sort == *sort || (*sort == "name" && view.sort == "namedirfirst");
    let descending = view.order == "desc";
    let (aria, order) = match is_sorted {
        true if descending => (" aria-sort=\"descending\"", "asc"),
        true => (" aria-sort=\"ascending\"", "desc"),
        false => ("", "asc"),
    };
    // Folders stay where they are when the order changes.
    let sort = if is_sorted { text_of(&view.sort) } else { (*sort).to_owned() };
    format!("<th scope=\"col\"{class}{aria}><a href=\"?sort={sort}&amp;order={order}\">{title}</a></th>")
}

fn row(item: &Item) -> String {
    let target = match &item.symlink_path {
        Some(target) => format!(" <span>&rarr; {}</span>", text_of(target)),
        None if item.is_symlink => " <span>(link)</span>".to_owned(),
        None => String::new(),
    };
    let size = if item.is_dir { "&mdash;".to_owned() } else { human_size(item.size) };
    let time = Moment::new(item.modified);
    format!(
        "<tr><td><a href=\"{}\">{}</a>{target}</td><td class=\"n\">{size}</td>\
         <td><time datetime=\"{}\">{}</time></td></tr>\n",
        text_of(&item.url),
        text_of(&item.name),
        time.format("2006-01-02T15:04:05Z"),
        time.format("2006-01-02 15:04:05 MST"),
    )
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// What stands for a text in HTML, in attributes too.
pub(crate) fn text_of(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('"', "&#34;").replace('\'', "&#39;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// Bytes in the largest binary unit, with a decimal below ten.
fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 10 {
        return format!("{bytes} B");
    }
    let unit = (bytes.ilog2() / 10) as usize;
    let value = (bytes as f64 / 1024_f64.powi(unit as i32) * 10.0).round() / 10.0;
    let digits = usize::from(value < 10.0);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// Columns that are aligned where a tab takes eight cells.
pub(super) fn text(items: &[Item]) -> String {
    let time = |item: &Item| Moment::new(item.modified).format("January 2, 2006 at 15:04:05");
    let mut rows = vec![
        ["Name", "Size", "Modified"].map(str::to_owned),
        ["----", "----", "--------"].map(str::to_owned),
    ];
    rows.extend(items.iter().map(|item| [item.name.clone(), human_size(item.size), time(item)]));
    let cells = |text: &str| text.chars().count();
    let widths = [0, 1].map(|column| {
        let widest = rows.iter().map(|row| cells(&row[column])).max().unwrap_or_default();
        (widest + 1).next_multiple_of(8)
    });
    rows.iter().fold(String::new(), |mut text, row| {
        for (cell, width) in row.iter().zip(widths) {
            text.push_str(cell);
            text.push_str(&"\t".repeat((width - cells(cell)).div_ceil(8)));
        }
        text.push_str(&row[2]);
        text.push('\n');
        text
    })
}
