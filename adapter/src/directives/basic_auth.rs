//! `basic_auth`: asks for a user name and a password.

use caddis_config::http::{
    authentication::{
        hashes::{Argon2id, Bcrypt},
        providers::{Account, HashCache, HttpBasic},
    },
    handlers::Authentication,
};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
};

/// See `fixtures/directives/basic_auth.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "basic_auth",
    summary: "Asks for a user name and a password.",
    takes_matcher: true,
    ordered: true,
    read,
};

/// The former name.
pub(crate) static FORMER: Directive = Directive {
    name: "basicauth",
    read: |cx, call| {
        cx.report(errors::handlers::renamed(call.statement.name(), DIRECTIVE.name));
        read(cx, call)
    },
    ..DIRECTIVE
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let (algorithm, realm) = match call.line.args() {
        [] => (None, None),
        [algorithm] => (Some(algorithm), None),
        [algorithm, realm] => (Some(algorithm), Some(realm)),
        [_, _, extra, ..] => return Err(errors::wrong_argument_count(extra)),
    };
    let mut provider =
        HttpBasic { realm: realm.map(Value::string).unwrap_or_default(), ..HttpBasic::default() };
    provider.hash_cache = Some(HashCache::default());
    provider.hash = Some(match algorithm {
        None => Bcrypt::default().into(),
        Some(word) => match &*word.text {
            "bcrypt" => Bcrypt::default().into(),
            "argon2id" => Argon2id::default().into(),
            _ => return Err(errors::handlers::unknown_hash(word)),
        },
    });
    for line in call.line.children() {
        let account = account(line);
        provider.accounts.extend(cx.keep(account));
    }
    Ok(call.route(Authentication { providers: [provider].into_iter().collect() }))
}

/// A line `<user> <hash>`.
fn account(line: &Statement) -> Parsed<Account> {
    line.no_block()?;
    match &line.words[..] {
        [user, hash] if !user.text.is_empty() && !hash.text.is_empty() => {
            Ok(Account { username: user.string(), password: hash.string() })
        }
        [_, _, extra, ..] => Err(errors::wrong_argument_count(extra)),
        _ => Err(errors::handlers::incomplete_account(line)),
    }
}
