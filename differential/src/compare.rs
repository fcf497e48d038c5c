//! Where two outcomes differ, and what kind of difference it is.

use caddis_grammar::{lex, lexer::Lexed};
use serde_json::Value;

use crate::adapted::Outcome;

/// A difference between what we make of a file and what Caddy makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// We refuse what Caddy accepts; our finding.
    OnlyCaddyAccepts(String),
    /// Caddy refuses what we accept; its message.
    OnlyWeAccept(String),
    /// Caddy falls over.
    CaddyCrashes(String),
    /// The configurations differ, first at a place in the JSON.
    Json(String),
    /// The configurations are the same, the number of warnings is not.
    Warnings(usize, usize),
    /// As `Warnings`, because Caddy's formatter makes other words of the file.
    Formatting,
}

/// Whether two texts are the same but for the space between words.
#[must_use]
pub fn same_words(one: &str, other: &str) -> bool {
    let (one, other) = (lex(one), lex(other));
    let words = |lexed: &Lexed<'_>| -> Vec<String> {
        let words = lexed.lexemes.iter().filter(|lexeme| lexeme.quote().is_some());
        words.map(|lexeme| lexeme.text.clone().into_owned()).collect()
    };
    words(&one) == words(&other)
}

/// The first difference.
#[must_use]
pub fn compare(ours: &Outcome, caddys: &Outcome) -> Option<Difference> {
    match (ours, caddys) {
        (_, Outcome::Crashed(message)) => Some(Difference::CaddyCrashes(message.clone())),
        (Outcome::Rejected { message, .. } | Outcome::Crashed(message), Outcome::Accepted { .. }) => {
            Some(Difference::OnlyCaddyAccepts(message.clone()))
        }
        (Outcome::Accepted { .. }, Outcome::Rejected { message, .. }) => {
            Some(Difference::OnlyWeAccept(message.clone()))
        }
        (
            Outcome::Accepted { json, warnings },
            Outcome::Accepted { json: theirs, warnings: theirs_count },
        ) => {
            if json != theirs {
                return Some(Difference::Json(first_place(json, theirs)));
            }
            (warnings != theirs_count).then_some(Difference::Warnings(*warnings, *theirs_count))
        }
        (Outcome::Rejected { .. } | Outcome::Crashed(_), Outcome::Rejected { .. }) => None,
    }
}

impl Difference {
    /// The same for differences that are probably of one kind: without names, numbers and quoted parts.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::OnlyCaddyAccepts(message) => format!("only Caddy accepts: {}", general(message)),
            Self::OnlyWeAccept(message) => format!("only Caddis accepts: {}", general(message)),
            Self::CaddyCrashes(message) => format!("Caddy crashes: {}", general(message)),
            Self::Json(place) => format!("JSON: {place}"),
            Self::Formatting => "Caddy's formatter changes words".to_owned(),
            Self::Warnings(ours, theirs) => format!("warnings: {ours} here, {theirs} there"),
        }
    }
}

/// A message without what differs from file to file.
fn general(message: &str) -> String {
    let message = message.split(", at Caddyfile:").next().unwrap_or(message);
    let message = message.rsplit("parsing caddyfile tokens for ").next().unwrap_or(message);
    let mut general = String::new();
    let mut quote = None;
    for c in message.chars() {
        match quote {
            Some(end) if c == end => {
                quote = None;
                general.push('…');
            }
            Some(_) => {}
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            None if c.is_ascii_digit() => {
                if !general.ends_with('#') {
                    general.push('#');
                }
            }
            None => general.push(c),
        }
    }
    general.truncate(general.char_indices().nth(110).map_or(general.len(), |(at, _)| at));
    general
}

/// The first place where two texts of JSON differ, without indexes; `order` where the values are the same.
fn first_place(ours: &str, theirs: &str) -> String {
    match (serde_json::from_str::<Value>(ours), serde_json::from_str::<Value>(theirs)) {
        (Ok(ours), Ok(theirs)) => {
            let mut place = String::new();
            if walk(&ours, &theirs, &mut place) { place } else { "order or spelling".to_owned() }
        }
        _ => "not JSON".to_owned(),
    }
}

fn walk(ours: &Value, theirs: &Value, place: &mut String) -> bool {
    let length = place.len();
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let keys = ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key)));
            for key in keys {
                place.push('/');
                place.push_str(key);
                match (ours.get(key), theirs.get(key)) {
                    (Some(ours), Some(theirs)) => {
                        if walk(ours, theirs, place) {
                            return true;
                        }
                    }
                    (Some(_), None) => {
                        place.push_str(" (only Caddis)");
                        return true;
                    }
                    _ => {
                        place.push_str(" (only Caddy)");
                        return true;
                    }
                }
                place.truncate(length);
            }
            false
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            place.push_str("/-");
            if ours.iter().zip(theirs).any(|(ours, theirs)| walk(ours, theirs, place)) {
                return true;
            }
            place.truncate(length);
            if ours.len() != theirs.len() {
                place.push_str(" (length)");
            }
            ours.len() != theirs.len()
        }
        _ => ours != theirs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_kinds() {
        assert!(same_words("a  b", "a b") && !same_words("a {\n", "a b"));
        assert_eq!(first_place(r#"{"a":[{"b":1}]}"#, r#"{"a":[{"b":2}]}"#), "/a/-/b");
        assert_eq!(first_place(r#"{"a":1}"#, "{}"), "/a (only Caddis)");
        assert_eq!(first_place(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#), "order or spelling");
        let message = "bad port '99999': 1 of 20, at Caddyfile:3".to_owned();
        assert_eq!(Difference::OnlyWeAccept(message).kind(), "only Caddis accepts: bad port …: # of #");
    }
}
