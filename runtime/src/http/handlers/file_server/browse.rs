//! Listings of folders: what is in them, in which order, and in which form.

mod forms;
#[cfg(test)]
mod tests;

use std::{
    cmp::Ordering,
    fs, io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use caddis_config::{Encode, encode::Writer, http::handlers::Browse as Config};
use http::{HeaderMap, HeaderValue, StatusCode, header};

pub(super) use self::forms::text_of;
use crate::{
    build::{Build, BuildError},
    http::{
        Body, Exchange, Response,
        conditions::{Conditions, Verdict},
        uri,
    },
    placeholder::{cookie, parameter},
    time::Moment,
};

/// Entries that are read of a folder when the configuration does not say how many.
const LIMIT: usize = 10_000;

/// The page has a style and links, and must never have more, whatever files are called.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// How folders are listed.
#[derive(Debug)]
pub(super) struct Browse {
    /// Shows where symbolic links lead.
    reveal: bool,
    /// Most entries that are read.
    limit: usize,
    /// By what and in which order, as far as the configuration says.
    sort: Option<String>,
    order: Option<String>,
}

impl Browse {
    /// # Errors
    /// When the page is to be made by a template, or a word is none that lists are sorted by.
    pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let Config { template_file, reveal_symlinks, sort, file_limit } = config;
        cx.refuse_fields(&[("template_file", !template_file.is_empty(), "a template for the listing")])?;
        let known = |index: usize, known: &[&str], cx: &mut Build| match sort.get(index) {
            Some(word) if !known.contains(&word.as_str()) => {
                let message = format!("'{word}' is none of {}", known.join(", "));
                Err(cx.at("sort", |cx| cx.at(index, |cx| cx.error(message))))
            }
            word => Ok(word.cloned()),
        };
        let (by, order) =
            (known(0, &["name", "namedirfirst", "size", "time"], cx)?, known(1, &["asc", "desc"], cx)?);
        if sort.len() > 2 {
            return Err(
                cx.at("sort", |cx| cx.error("there are at most two words: what to sort by, and the order"))
            );
        }
        let limit = match *file_limit {
            0 => LIMIT,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        Ok(Self { reveal: *reveal_symlinks, limit, sort: by, order })
    }

    /// Reads a folder; may block.
    ///
    /// # Errors
    /// When it cannot be read. An entry that cannot be looked at is left out.
    pub(super) fn read(&self, folder: &str, hides: impl Fn(&str) -> bool) -> io::Result<Listing> {
        let mut listing = Listing { items: Vec::new(), modified: fs::metadata(folder)?.modified().ok() };
        for entry in fs::read_dir(folder)?.take(self.limit) {
            let path = entry?.path();
            if hides(&path.to_string_lossy()) {
                continue;
            }
            // Gone since, or out of reach: there is nothing to say of it.
            let Ok(item) = self.item(&path) else { continue };
            listing.modified = listing.modified.max(Some(item.modified));
            listing.items.push(item);
        }
        Ok(listing)
    }

    fn item(&self, path: &Path) -> io::Result<Item> {
        let own = fs::symlink_metadata(path)?;
        // A link that leads nowhere is a file of its own size.
        let target = if own.is_symlink() { fs::metadata(path).ok() } else { None };
        let shown = target.as_ref().unwrap_or(&own);
        let file_name = path.file_name().unwrap_or_default();
        let slash = if shown.is_dir() { "/" } else { "" };
        let link = (self.reveal && own.is_symlink()).then(|| fs::read_link(path)).transpose()?;
        Ok(Item {
            name: format!("{}{slash}", file_name.to_string_lossy()),
            size: shown.len(),
            url: format!("./{}{slash}", escaped(file_name.as_bytes())),
            modified: own.modified().unwrap_or(UNIX_EPOCH),
            mode: go_mode(&own),
            is_dir: shown.is_dir(),
            is_symlink: own.is_symlink(),
            symlink_path: link.map(|link| link.to_string_lossy().into_owned()),
        })
    }

    /// The listing in the form and order that the client wants.
    pub(super) fn respond(&self, mut listing: Listing, exchange: &mut Exchange) -> Response {
        let modified = listing.modified.unwrap_or(UNIX_EPOCH);
        let request = &exchange.request.headers;
        let is_known = Conditions::of(request).judge("", Some(modified)) == Verdict::NotModified;
        let query = exchange.request.uri.query().unwrap_or_default();
        let view = View::of(self, query, request);
        view.apply(&mut listing.items);
        let form = accepted(request);
        let (body, kind) = match form {
            _ if is_known => (String::new(), ""),
            Form::Json => (caddis_config::to_json(&listing.items) + "\n", "application/json; charset=utf-8"),
            Form::Text => (forms::text(&listing.items), "text/plain; charset=utf-8"),
            Form::Html => {
                let path = uri::clean(exchange.request.uri.path(), true).into_owned();
                (forms::html(&listing.items, &path, &view), "text/html; charset=utf-8")
            }
        };
        let cookies = view.cookies(exchange.connection.tls.is_some());
        let mut response = exchange.respond(if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if is_known {
            return response;
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if form == Form::Html {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        }
        headers.insert(header::LAST_MODIFIED, super::last_modified(modified));
        for cookie in cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
        *response.body_mut() = Body::from(body);
        response
    }
}

/// What a folder holds.
#[derive(Debug)]
pub(super) struct Listing {
    items: Vec<Item>,
    /// When the folder or one of its entries was last changed.
    modified: Option<SystemTime>,
}

/// A file or folder, with the fields of Caddy's JSON.
#[derive(Debug)]
struct Item {
    /// With a slash at the end if it is a folder.
    name: String,
    /// In bytes; of what a link leads to, if it does.
    size: u64,
    url: String,
    modified: SystemTime,
    /// Go's `FileMode`.
    mode: u32,
    is_dir: bool,
    is_symlink: bool,
    symlink_path: Option<String>,
}

impl Encode for Item {
    fn encode(&self, out: &mut Writer) {
        let modified = Moment::new(self.modified).format("2006-01-02T15:04:05.999999999Z07:00");
        out.object(|object| {
            object.entry("name", &self.name);
            object.entry("size", &serde_json::Number::from(self.size));
            object.entry("url", &self.url);
            object.entry("mod_time", &modified);
            object.entry("mode", &i64::from(self.mode));
            object.entry("is_dir", &self.is_dir);
            object.entry("is_symlink", &self.is_symlink);
            if let Some(path) = &self.symlink_path {
                object.entry("symlink_path", path);
            }
        });
    }
}

/// A name as an element of a path, byte by byte, as names need not be text.
fn escaped(name: &[u8]) -> String {
    name.iter().fold(String::with_capacity(name.len()), |mut escaped, byte| {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-_.~$&+,:;=@".contains(b) => escaped.push(char::from(*b)),
            b => escaped.push_str(&format!("%{b:02X}")),
        }
        escaped
    })
}

/// Permissions and kind as Go numbers them.
fn go_mode(metadata: &fs::Metadata) -> u32 {
    const KIND: u32 = 0o170_000;
    let mode = metadata.mode();
    let kind = match mode & KIND {
        0o040_000 => 1 << 31,
        0o120_000 => 1 << 27,
        0o060_000 => 1 << 26,
        0o010_000 => 1 << 25,
        0o140_000 => 1 << 24,
        0o020_000 => 1 << 26 | 1 << 21,
        _ => 0,
    };
    let bit = |of: u32, to: u32| if mode & of == 0 { 0 } else { 1 << to };
    kind | bit(0o4000, 23) | bit(0o2000, 22) | bit(0o1000, 20) | mode & 0o777
}

#[derive(Debug, PartialEq)]
enum Form {
    Html,
    Json,
    Text,
}

fn accepted(headers: &HeaderMap) -> Form {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accept = values.collect::<Vec<_>>().join(",").to_ascii_lowercase();
    match () {
        () if accept.contains("application/json") => Form::Json,
        () if accept.contains("text/plain") => Form::Text,
        () => Form::Html,
    }
}

/// What the client wants to see: the query decides, then the configuration, then the cookies of earlier visits.
#[derive(Debug)]
struct View {
    sort: String,
    order: String,
    /// Whether they were asked for, so that they are remembered.
    keep: [bool; 2],
    offset: usize,
    limit: usize,
}

impl View {
    fn of(browse: &Browse, query: &str, headers: &HeaderMap) -> Self {
        let asked = |name: &str| Some(parameter(query, name).into_owned()).filter(|value| !value.is_empty());
        let number = |name: &str| asked(name).and_then(|number| number.parse().ok()).unwrap_or(0);
        let choose = |name: &str, configured: &Option<String>, default: &str| {
            let chosen = asked(name).or_else(|| configured.clone());
            let keep = chosen.is_some();
            let earlier = || cookie(headers, name).unwrap_or(default).to_owned();
            (chosen.unwrap_or_else(earlier), keep)
        };
        let (sort, keep_sort) = choose("sort", &browse.sort, "namedirfirst");
        let (order, keep_order) = choose("order", &browse.order, "asc");
        let known = matches!(sort.as_str(), "name" | "namedirfirst" | "size" | "time");
        let known_order = matches!(order.as_str(), "asc" | "desc");
        let keep = [keep_sort && known, keep_order && known_order];
        Self { sort, order, keep, offset: number("offset"), limit: number("limit") }
    }

    fn apply(&self, items: &mut Vec<Item>) {
        let by_name = |a: &Item, b: &Item| a.name.to_lowercase().cmp(&b.name.to_lowercase());
        let compare: &dyn Fn(&Item, &Item) -> Ordering = match self.sort.as_str() {
            "name" => &by_name,
            "namedirfirst" => &|a, b| b.is_dir.cmp(&a.is_dir).then_with(|| by_name(a, b)),
            // What a folder takes says nothing.
            "size" => &|a, b| match (a.is_dir, b.is_dir) {
                (false, false) => a.size.cmp(&b.size),
                (true, true) => by_name(a, b),
                (a, b) => b.cmp(&a),
            },
            "time" => &|a, b| a.modified.cmp(&b.modified),
            _ => &|_, _| Ordering::Equal,
        };
        match self.order.as_str() {
            "desc" => items.sort_by(|a, b| compare(b, a)),
            _ => items.sort_by(compare),
        }
        if self.offset <= items.len() {
            items.drain(..self.offset);
        }
        if self.limit > 0 {
            items.truncate(self.limit);
        }
    }

    fn cookies(&self, secure: bool) -> impl Iterator<Item = HeaderValue> + use<> {
        let secure = if secure { " Secure;" } else { "" };
        let pairs = [("sort", &self.sort), ("order", &self.order)].into_iter().zip(self.keep);
        let lines = pairs.filter(|(_, keep)| *keep).map(|((name, value), _)| {
            HeaderValue::from_str(&format!("{name}={value}; HttpOnly;{secure} SameSite=Lax"))
        });
        lines.flatten().collect::<Vec<_>>().into_iter()
    }
}
