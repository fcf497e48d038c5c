//! Matchers that are called in expressions.
//!
//! With fixed arguments they are those that routes have, built once. Placeholders among the arguments become those of the
//! matcher where it fills them in; otherwise the matcher is made for each request, as in Caddy.

use std::{collections::BTreeMap, sync::Arc};

use caddis_config::http::{
    RegexpMatch as RegexpConfig,
    matchers::{ClientIp, File, Header, Host, Path, Protocol as ProtocolConfig, Query, RemoteIp, Vars},
};
use http::HeaderName;

use crate::{
    build::{Build, BuildError},
    cel::{Argument, Called, Text},
    error::Outcome,
    http::matchers::{
        client_ip, file, header, header_regexp, host, path,
        protocol::{self, Protocol},
        query,
        regexp::{self, RegexpMatch},
        remote_ip::{self, Ranges, vouched},
        vars,
    },
    http::{Exchange, route::Matcher, uri},
    placeholder::Scope,
};

/// Builds what a call decides; `name` is that of the expression, which the groups of regular expressions get.
pub(super) fn build(
    function: &'static str,
    args: &[Argument],
    name: &str,
    cx: &mut Build,
) -> Result<Called, BuildError> {
    let texts = texts(args);
    let all = || texts.iter().map(|text| text.text.clone()).collect::<Vec<_>>();
    let is_computed = texts.iter().any(|text| text.is_computed);
    let built = match function {
        "path" if is_computed => {
            return Ok(made(|patterns, exchange| {
                Ok(patterns.iter().any(|pattern| path::is_met(pattern, exchange)))
            }));
        }
        "path" => path::build(&Path(all()), cx)?,
        "host" => host::build(&Host(all()), cx)?,
        "header" => {
            let fields = map(args, function, cx)?.into_iter().map(|(field, values)| (field, Some(values)));
            header::build(&Header(fields.collect()), cx)?
        }
        "query" => query::build(&Query(map(args, function, cx)?), cx)?,
        "vars" => vars::build(&Vars(map(args, function, cx)?), cx)?,
        "file" => file::build(&files(args, all(), cx)?, cx)?,
        "remote_ip" if is_computed => return Ok(made_of_ranges(peer)),
        "client_ip" if is_computed => return Ok(made_of_ranges(|exchange| exchange.client_ip)),
        "remote_ip" => remote_ip::build(&RemoteIp { ranges: all() }, cx)?,
        "client_ip" => client_ip::build(&ClientIp { ranges: all() }, cx)?,
        // As in Caddy, methods are not put in upper case here.
        "method" if is_computed => {
            return Ok(made(|methods, exchange| {
                Ok(methods.iter().any(|method| is_method(method, exchange)))
            }));
        }
        "method" => {
            let methods = all();
            decided(move |exchange| methods.iter().any(|method| is_method(method, exchange)))
        }
        "protocol" if is_computed => {
            return Ok(made(|names, exchange| {
                let protocol = Protocol::parse(&names.concat().to_lowercase());
                Ok(protocol.is_some_and(|protocol| protocol.fits(exchange)))
            }));
        }
        "protocol" => protocol::build(&ProtocolConfig(all().concat().to_lowercase()), cx)?,
        "path_regexp" | "header_regexp" | "vars_regexp" => return regexp(function, &texts, name, cx),
        other => return Err(cx.unsupported(&format!("the function {other} of expressions"))),
    };
    Ok(Called::Matcher(built))
}

fn made(
    matches: impl Fn(&[Arc<str>], &mut Exchange) -> Result<bool, String> + Send + Sync + 'static,
) -> Called {
    Called::Made(Box::new(matches))
}

/// A matcher that is a function.
struct Decided<F>(F);

impl<F: Fn(&mut Exchange) -> bool + Send + Sync> Matcher for Decided<F> {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        Ok((self.0)(exchange))
    }
}

fn decided(matches: impl Fn(&mut Exchange) -> bool + Send + Sync + 'static) -> Box<dyn Matcher> {
    Box::new(Decided(matches))
}

fn is_method(name: &str, exchange: &Exchange) -> bool {
    name == exchange.request.method.as_str()
}

fn peer(exchange: &Exchange) -> Option<std::net::IpAddr> {
    exchange.connection.remote.map(|remote| remote.ip())
}

fn made_of_ranges(address: fn(&Exchange) -> Option<std::net::IpAddr>) -> Called {
    made(move |texts, exchange| {
        vouched(exchange).map_err(|error| error.to_string())?;
        let ranges = Ranges::parse(texts)?;
        Ok(address(exchange).is_some_and(|address| ranges.contain(address)))
    })
}

fn texts(args: &[Argument]) -> Vec<&Text> {
    let texts = args.iter().map(|arg| match arg {
        Argument::Text(text) => std::slice::from_ref(text),
        Argument::List(texts) => texts,
        Argument::Map(_) => &[],
    });
    texts.flatten().collect()
}

/// Names must be fixed: a computed one would mean another header or variable for each request.
fn fixed<'t>(text: &'t Text, function: &str, cx: &Build) -> Result<&'t str, BuildError> {
    if text.is_computed && function != "query" {
        return Err(cx.unsupported(&format!("a placeholder as a name in {function}() of an expression")));
    }
    Ok(&text.text)
}

fn map(args: &[Argument], function: &str, cx: &Build) -> Result<BTreeMap<String, Vec<String>>, BuildError> {
    let mut map = BTreeMap::new();
    for arg in args {
        let Argument::Map(entries) = arg else { continue };
        for (name, values) in entries {
            let values = values.iter().map(|value| value.text.clone()).collect();
            map.insert(fixed(name, function, cx)?.to_owned(), values);
        }
    }
    Ok(map)
}

fn files(args: &[Argument], names: Vec<String>, cx: &Build) -> Result<File, BuildError> {
    let mut options = map(args, "file", cx)?;
    let mut single =
        |name: &str| options.remove(name).and_then(|values| values.into_iter().next()).unwrap_or_default();
    let (root, try_policy) = (single("root"), single("try_policy"));
    let mut list = |name: &str| options.remove(name).unwrap_or_default();
    let try_files = if names.is_empty() { list("try_files") } else { names };
    Ok(File { root, try_policy, try_files, split_path: list("split_path"), ..File::default() })
}

/// Patterns may be computed; names may not.
fn regexp(function: &'static str, texts: &[&Text], name: &str, cx: &mut Build) -> Result<Called, BuildError> {
    let Some((pattern, names)) = texts.split_last() else { return Err(cx.error("a pattern is missing")) };
    let names = names.iter().map(|text| fixed(text, function, cx)).collect::<Result<Vec<_>, _>>()?;
    let has_subject = function != "path_regexp";
    let given = if names.len() > usize::from(has_subject) { names[0] } else { "" };
    let name = if given.is_empty() { name } else { given }.to_owned();
    let subject = Subject::build(function, names.last().copied().unwrap_or_default(), cx)?;
    if pattern.is_computed {
        return Ok(made(move |texts, exchange| {
            let pattern = texts.last().map_or("", |pattern| pattern);
            let compiled =
                RegexpMatch::compile(&RegexpConfig { name: name.clone(), pattern: pattern.to_owned() })?;
            Ok(subject.shows(&compiled, exchange))
        }));
    }
    let config = RegexpConfig { name, pattern: pattern.text.clone() };
    let compiled = RegexpMatch::compile(&config).map_err(|message| cx.error(message))?;
    Ok(Called::Matcher(decided(move |exchange| subject.shows(&compiled, exchange))))
}

/// What a pattern is compared with.
enum Subject {
    Path,
    /// `None` for what can be no header.
    Header(Option<HeaderName>),
    Value(crate::placeholder::Key),
}

impl Subject {
    fn build(function: &str, name: &str, cx: &Build) -> Result<Self, BuildError> {
        Ok(match function {
            "header_regexp" => Subject::Header(HeaderName::from_bytes(name.as_bytes()).ok()),
            "vars_regexp" => Subject::Value(vars::key(name, cx)?),
            _ => Subject::Path,
        })
    }

    fn shows(&self, pattern: &RegexpMatch, exchange: &mut Exchange) -> bool {
        let captures = match self {
            Subject::Path => pattern.captures(&uri::clean(&uri::path(&exchange.request.uri), true)),
            Subject::Header(field) => {
                field.as_ref().and_then(|field| header_regexp::captures(field, pattern, exchange))
            }
            Subject::Value(key) => pattern.captures(&key.text(&Scope::from(&*exchange)).unwrap_or_default()),
        };
        regexp::show(exchange, captures)
    }
}
