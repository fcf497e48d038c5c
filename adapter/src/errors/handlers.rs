//! What can be wrong inside the directives that yield handlers.

use caddis_grammar::{Block, Statement, Token};

use super::{Error, did_you_mean, error, warning};

/// An argument that Caddy passes over.
pub(crate) fn ignored_argument(word: &Token) -> Error {
    warning("W0320", word.span, format!("'{}' has no effect here", word.text))
}

/// A block that Caddy passes over.
pub(crate) fn ignored_block(name: &Token, block: &Block) -> Error {
    let message = format!("the block of '{}' has no effect", name.text);
    Box::new(warning("W0321", block.open, message).label(name.span, "this reads no block here"))
}

/// A fourth word on a line of `header`.
pub(crate) fn another_field(word: &Token) -> Error {
    let message = format!("'{}' is taken for the name of another field", word.text);
    Box::new(warning("W0322", word.span, message).help("put a value that has spaces between quotes"))
}

/// A directive under its former name.
pub(crate) fn renamed(name: &Token, now: &str) -> Error {
    let message = format!("the '{}' directive is deprecated, please use '{now}' instead!", name.text);
    warning("W0323", name.span, message)
}

/// `root` without arguments.
pub(crate) fn root_without_path(statement: &Statement) -> Error {
    error("E0320", statement.name().span, "too few arguments; must have at least a root path")
}

/// `root` with more than a matcher and a path.
pub(crate) fn root_with_too_many(extra: &Token) -> Error {
    error("E0321", extra.span, "too many arguments; should only be a matcher and a path")
}

/// `rewrite` without arguments.
pub(crate) fn rewrite_without_uri(statement: &Statement) -> Error {
    error("E0322", statement.name().span, "too few arguments; must have at least a rewrite URI")
}

/// `rewrite` with more than a matcher and a URI.
pub(crate) fn rewrite_with_too_many(extra: &Token) -> Error {
    let error = error("E0323", extra.span, "too many arguments; should only be a matcher and a URI");
    Box::new(error.help("several targets to try are the directive `try_files`"))
}

/// An operation that `uri` does not know.
pub(crate) fn unknown_uri_operation<'a>(word: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let error = error("E0324", word.span, format!("unrecognized URI manipulation '{}'", word.text));
    Box::new(error.maybe_help(did_you_mean(&word.text, known)))
}

/// `uri replace` with a limit that is no integer.
pub(crate) fn bad_limit(word: &Token, reason: &str) -> Error {
    error("E0325", word.span, format!("limit must be an integer; invalid: {reason}"))
}

/// `uri query` with arguments and a block.
pub(crate) fn query_twice(line: &Statement) -> Error {
    error("E0326", line.span(), "Cannot specify uri query rewrites in both argument and block")
}

/// A query operation with the wrong number of words.
pub(crate) fn wrong_query_operation(line: &Statement) -> Error {
    let last = line.words.last().unwrap_or(line.name());
    let message = format!("wrong argument count or unexpected line ending after '{}'", last.text);
    let help = "`<key> <value>` sets, `+<key> <value>` adds, `-<key>` deletes, `<key>><new>` renames, \
                `<key> <pattern> <replacement>` replaces";
    Box::new(error("E0327", last.span, message).help(help))
}

/// `policy` twice in `try_files`.
pub(crate) fn policy_twice(name: &Token) -> Error {
    error("E0328", name.span, "try policy already configured")
}

/// A policy that `try_files` does not know.
pub(crate) fn unknown_policy(word: &Token, known: &[&str]) -> Error {
    let error = error("E0329", word.span, format!("unrecognized try policy: {}", word.text));
    Box::new(error.maybe_help(did_you_mean(&word.text, known.iter().copied())))
}

/// A word that is no status of a redirection.
pub(crate) fn bad_redir_code(word: &Token) -> Error {
    let message = format!("Not a supported redir code type or not valid integer: '{}'", word.text);
    let help = "a number from 300 to 399, 401, `permanent`, `temporary` or `html`";
    Box::new(error("E0330", word.span, message).help(help))
}

/// A number that is no status of a redirection.
pub(crate) fn redir_code_out_of_range(word: &Token, status: i64) -> Error {
    error("E0331", word.span, format!("Redir code not in the 3xx range or 401: '{status}'"))
}

/// `header` with a field in the arguments and others in the block.
pub(crate) fn headers_in_both(field: &Token) -> Error {
    error("E0332", field.span, "cannot specify headers in both arguments and block")
}

/// `?Field` where there is no response.
pub(crate) fn default_header_outside_response(token: &Token, field: &str) -> Error {
    let message = format!(
        "{field}: the default header modifier ('?') can only be used on response headers; for conditional \
         manipulation of request headers, use matchers"
    );
    error("E0333", token.span, message)
}

/// A hash algorithm that `basic_auth` does not know.
pub(crate) fn unknown_hash(word: &Token) -> Error {
    let error = error("E0334", word.span, format!("unrecognized hash algorithm: {}", word.text));
    Box::new(error.help("`bcrypt` or `argon2id`; users belong into the block"))
}

/// A line of `basic_auth` without user or password.
pub(crate) fn incomplete_account(line: &Statement) -> Error {
    let error = error("E0335", line.span(), "username and password cannot be empty or missing");
    Box::new(error.help("a line is a user and the hash of a password: `alice $2a$14$...`"))
}

/// A word that must be an integer.
pub(crate) fn bad_integer(word: &Token, reason: &str) -> Error {
    error("E0336", word.span, reason)
}

/// A word that must be a size.
pub(crate) fn bad_size(word: &Token, name: &str, reason: &str) -> Error {
    let error = error("E0337", word.span, format!("parsing {name}: {reason}"));
    Box::new(error.help("for example `10MB` or `512KiB`"))
}

/// A duration of `timeouts`, which has no days.
pub(crate) fn bad_timeout(line: &Statement, word: &Token, reason: &str) -> Error {
    let error = error("E0338", word.span, format!("parsing {}: {reason}", line.name().text));
    Box::new(error.help("for example `30s`, `5m` or `1h30m`"))
}

/// A rate of `timeouts`.
pub(crate) fn bad_rate(line: &Statement, word: &Token, reason: &str) -> Error {
    error("E0339", word.span, format!("parsing {} min_rate: {reason}", line.name().text))
}

/// `match` twice in one directive.
pub(crate) fn condition_twice(name: &Token) -> Error {
    error("E0340", name.span, format!("matcher is defined more than once: {}", name.text))
}

/// A compression level that `zstd` does not know.
pub(crate) fn unknown_level(word: &Token) -> Error {
    let message = "unexpected compression level, use one of 'fastest', 'better', 'best', 'default'";
    error("E0341", word.span, message)
}

/// An argument of `file_server` other than `browse`.
pub(crate) fn only_browse(word: &Token) -> Error {
    let message = format!("wrong argument count or unexpected line ending after '{}'", word.text);
    let error = error("E0342", word.span, message);
    Box::new(error.help("the only argument is `browse`; the folder is set by the directive `root`"))
}

/// `browse` as an argument and in the block, or twice.
pub(crate) fn browse_twice(name: &Token) -> Error {
    error("E0343", name.span, "browsing is already configured")
}

/// `reveal_symlinks` twice.
pub(crate) fn reveal_twice(name: &Token) -> Error {
    error("E0344", name.span, "Symlinks path reveal is already enabled")
}

/// A sort option that `browse` does not know.
pub(crate) fn unknown_sort(word: &Token, known: &[&str]) -> Error {
    let error = error("E0345", word.span, format!("unknown sort option '{}'", word.text));
    Box::new(error.maybe_help(did_you_mean(&word.text, known.iter().copied())))
}

/// `file_limit` without a number.
pub(crate) fn file_limit_without_number(line: &Statement) -> Error {
    let last = line.words.last().unwrap_or(line.name());
    error("E0346", last.span, "file_limit should have an integer value")
}

/// `file_limit` twice.
pub(crate) fn file_limit_twice(name: &Token) -> Error {
    error("E0347", name.span, "file_limit is already enabled")
}

/// An encoding that `precompressed` does not know.
pub(crate) fn unknown_precompressed(word: &Token, name: &str) -> Error {
    let id = format!("http.precompressed.{name}");
    let message = format!("getting module named '{id}': module not registered: {id}");
    Box::new(error("E0348", word.span, message).help("`br`, `gzip` and `zstd` are known"))
}

/// `map` without a destination.
pub(crate) fn map_without_destination(line: &Statement) -> Error {
    let last = line.words.last().unwrap_or(line.name());
    error("E0349", last.span, "missing destination argument(s)")
}

/// `map` to a placeholder that has a value of its own.
pub(crate) fn map_to_shorthand(word: &Token, shorthand: &str) -> Error {
    let message = format!("destination {{{shorthand}}} conflicts with a Caddyfile placeholder shorthand");
    Box::new(error("E0376", word.span, message).help("choose another name"))
}

/// `default` twice in `map`.
pub(crate) fn defaults_twice(name: &Token) -> Error {
    error("E0377", name.span, "defaults already defined")
}

/// More outputs than destinations in `map`.
pub(crate) fn too_many_outputs(word: &Token, count: usize) -> Error {
    let help = format!("the map has {count} destination{}", if count == 1 { "" } else { "s" });
    Box::new(error("E0378", word.span, "too many outputs").help(help))
}

/// `log_skip` with a block.
pub(crate) fn log_skip_with_block(line: &Statement) -> Error {
    error("E0379", line.span(), "log_skip directive does not accept blocks")
}

/// `resolvers` of `acme_server` without an address.
pub(crate) fn no_resolver(name: &Token) -> Error {
    error("E0380", name.span, "must specify at least one resolver address")
}

/// `mirror` without one of the blocks that it needs.
pub(crate) fn branch_required(line: &Statement, name: &str) -> Error {
    let error = error("E0390", line.name().span, format!("{name} handler is required"));
    Box::new(error.help("`primary { … }` answers the client, `secondary { … }` gets a copy of the request"))
}

/// A bare number that JSON cannot hold.
pub(crate) fn not_a_json_number(word: &Token) -> Error {
    let error =
        error("E0381", word.span, format!("'{}' is read as a number that JSON cannot hold", word.text));
    Box::new(error.help("put it between quotes to make it a text"))
}
