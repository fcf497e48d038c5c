//! The encoder `filter`: changes or removes fields before a line is written.

use std::{collections::BTreeMap, net::IpAddr};

use caddis_config::logging::FieldFilter;
use regex::Regex;

use super::super::{Field, Fields};
use crate::{
    build::{Build, BuildError},
    regexp,
};

/// What is done to the field at a path.
#[derive(Debug)]
pub(crate) struct Rule {
    path: Vec<String>,
    action: Action,
}

#[derive(Debug)]
enum Action {
    Delete,
    Rename(String),
    Replace(String),
    Hash,
    IpMask { v4: u32, v6: u32 },
    Regexp(Regex, String),
    Query(Vec<PartAction>),
    Cookie(Vec<PartAction>),
}

/// A change of one query parameter or cookie.
#[derive(Debug)]
struct PartAction {
    name: String,
    change: Change,
}

#[derive(Debug)]
enum Change {
    Delete,
    Replace(String),
    Hash,
}

/// Compiles the filters of a configuration.
pub(crate) fn build(
    filters: &BTreeMap<String, FieldFilter>,
    cx: &mut Build,
) -> Result<Vec<Rule>, BuildError> {
    filters
        .iter()
        .map(|(path, filter)| {
            let action = cx.at(path, |cx| action(filter, cx))?;
            Ok(Rule { path: path.split('>').map(str::to_owned).collect(), action })
        })
        .collect()
}

fn action(filter: &FieldFilter, cx: &mut Build) -> Result<Action, BuildError> {
    let part = |kind: &str, name: &str, value: &str, cx: &mut Build| {
        let change = match kind {
            "delete" => Change::Delete,
            "replace" => Change::Replace(value.to_owned()),
            "hash" => Change::Hash,
            other => {
                return Err(
                    cx.error(format!("unrecognized action type {other:?}; use replace, hash or delete"))
                );
            }
        };
        Ok(PartAction { name: name.to_owned(), change })
    };
    Ok(match filter {
        FieldFilter::Delete(_) => Action::Delete,
        FieldFilter::Rename(rename) => Action::Rename(rename.name.clone()),
        FieldFilter::Replace(replace) => Action::Replace(replace.value.clone()),
        FieldFilter::Hash(_) => Action::Hash,
        FieldFilter::IpMask(mask) => {
            let bits = |value: i64, most: u32| match u32::try_from(value) {
                Ok(0) => Ok(most),
                Ok(bits) if bits <= most => Ok(bits),
                _ => Err(cx.error(format!("a mask has 1 to {most} bits, not {value}"))),
            };
            Action::IpMask { v4: bits(mask.ipv4_cidr, 32)?, v6: bits(mask.ipv6_cidr, 128)? }
        }
        FieldFilter::Regexp(regexp) => {
            let compiled = regexp::compile(&regexp.regexp).map_err(|error| cx.error(error))?;
            Action::Regexp(compiled, regexp.value.clone())
        }
        FieldFilter::Query(query) => Action::Query(
            query
                .actions
                .iter()
                .map(|a| part(&a.kind, &a.parameter, &a.value, cx))
                .collect::<Result<_, _>>()?,
        ),
        FieldFilter::Cookie(cookie) => Action::Cookie(
            cookie.actions.iter().map(|a| part(&a.kind, &a.name, &a.value, cx)).collect::<Result<_, _>>()?,
        ),
        FieldFilter::MultiRegexp(_) => return Err(cx.unsupported("the log filter multi_regexp")),
        FieldFilter::SetCookie(_) => return Err(cx.unsupported("the log filter set_cookie")),
        FieldFilter::Foreign(foreign) => {
            return Err(cx.unsupported(&format!("the log filter {}", foreign.name)));
        }
    })
}

/// The fields after all rules.
pub(crate) fn apply(rules: &[Rule], fields: &Fields) -> Fields {
    let mut fields = fields.clone();
    for rule in rules {
        apply_at(&rule.path, &rule.action, &mut fields);
    }
    fields
}

fn apply_at(path: &[String], action: &Action, fields: &mut Fields) {
    let Some((name, rest)) = path.split_first() else { return };
    let Some(at) = fields.0.iter().position(|(key, _)| key.eq_ignore_ascii_case(name)) else { return };
    if !rest.is_empty() {
        if let Field::Object(inner) = &mut fields.0[at].1 {
            apply_at(rest, action, inner);
        }
        return;
    }
    match action {
        Action::Delete => {
            fields.0.remove(at);
        }
        Action::Rename(name) => fields.0[at].0 = name.clone().into(),
        Action::Replace(value) => fields.0[at].1 = Field::String(value.clone()),
        Action::Hash => texts(&mut fields.0[at].1, &hash),
        Action::IpMask { v4, v6 } => texts(&mut fields.0[at].1, &|text| mask(text, *v4, *v6)),
        Action::Regexp(regexp, value) => {
            texts(&mut fields.0[at].1, &|text| regexp.replace_all(text, value.as_str()).into_owned());
        }
        Action::Query(actions) => texts(&mut fields.0[at].1, &|text| query(text, actions)),
        Action::Cookie(actions) => texts(&mut fields.0[at].1, &|text| cookies(text, actions)),
    }
}

/// Changes a text, or every text of a list.
fn texts(field: &mut Field, change: &dyn Fn(&str) -> String) {
    match field {
        Field::String(text) => *text = change(text),
        Field::List(values) => values.iter_mut().for_each(|value| texts(value, change)),
        _ => {}
    }
}

/// The first four bytes of the SHA-256 in hex, as in Caddy.
fn hash(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Masks an address, or each of a list between commas; anything else stays.
fn mask(text: &str, v4: u32, v6: u32) -> String {
    let one = |text: &str| match text.trim().parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            IpAddr::from((ip.to_bits() & u32::MAX.checked_shl(32 - v4).unwrap_or(0)).to_be_bytes())
                .to_string()
        }
        Ok(IpAddr::V6(ip)) => {
            IpAddr::from((ip.to_bits() & u128::MAX.checked_shl(128 - v6).unwrap_or(0)).to_be_bytes())
                .to_string()
        }
        Err(_) => text.trim().to_owned(),
    };
    text.split(',').map(one).collect::<Vec<_>>().join(", ")
}

/// Changes parameters of a URI's query; the order of the others stays.
fn query(uri: &str, actions: &[PartAction]) -> String {
    let Some((path, query)) = uri.split_once('?') else { return uri.to_owned() };
    let parts = change_parts(query.split('&'), '=', actions);
    if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
}

fn cookies(header: &str, actions: &[PartAction]) -> String {
    change_parts(header.split(';').map(str::trim), '=', actions).join("; ")
}

fn change_parts<'a>(
    parts: impl Iterator<Item = &'a str>,
    separator: char,
    actions: &[PartAction],
) -> Vec<String> {
    let mut kept = Vec::new();
    for part in parts {
        let (name, value) = part.split_once(separator).unwrap_or((part, ""));
        match actions.iter().find(|action| action.name == name).map(|action| &action.change) {
            None => kept.push(part.to_owned()),
            Some(Change::Delete) => {}
            Some(Change::Replace(with)) => kept.push(format!("{name}{separator}{with}")),
            Some(Change::Hash) => kept.push(format!("{name}{separator}{}", hash(value))),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_changed_in_place() {
        let mut fields = Fields::default();
        fields.object("request", |request| {
            request.add("remote_ip", "10.1.2.3").add("uri", "/a?token=x&b=1&token=y");
            request.object("headers", |headers| {
                headers.add("Cookie", Field::List(vec!["a=1; b=2".into()]));
            });
        });
        let rule = |path: &str, action| Rule { path: path.split('>').map(str::to_owned).collect(), action };
        let part = |name: &str, change| PartAction { name: name.into(), change };
        let rules = [
            rule("request>remote_ip", Action::IpMask { v4: 16, v6: 32 }),
            rule("request>uri", Action::Query(vec![part("token", Change::Replace("*".into()))])),
            rule("request>headers>Cookie", Action::Cookie(vec![part("a", Change::Delete)])),
        ];
        let changed = format!("{:?}", apply(&rules, &fields));
        for expected in ["10.1.0.0", "/a?token=*&b=1&token=*", "[String(\"b=2\")]"] {
            assert!(changed.contains(expected), "{expected} in {changed}");
        }
    }

    #[test]
    fn masks_keep_the_network() {
        assert_eq!(mask("10.1.2.3", 32, 64), "10.1.2.3");
        assert_eq!(mask("10.1.2.3, 2001:db8::1", 8, 32), "10.0.0.0, 2001:db8::");
        assert_eq!(mask("unknown", 8, 32), "unknown");
    }

    #[test]
    fn hashes_are_short() {
        assert_eq!(hash("hello"), "2cf24dba");
    }
}
