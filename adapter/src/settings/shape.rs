//! The keys of `caddis.toml` that say what a line holds and what becomes of it.

use std::collections::BTreeMap;

use caddis_grammar::Span;
use serde_json::{Map, Number, Value as Json};
use toml::{
    Spanned,
    de::{DeArray, DeValue},
};

use super::{Entries, Entry, File, Wrong};
use crate::{
    errors::plugins as errors,
    plugins::{Field, Kind, Member, Object, Word, Words},
};

/// The keys of every shape.
pub(super) const SHAPE_KEYS: &[&str] =
    &["type", "args", "lines", "other", "defaults", "value", "namespace", "key"];

/// The keys of a line beside those of its shape.
const FIELD_KEYS: [&str; 2] = ["field", "keep_empty"];

/// The types that need nothing but their name.
static SIMPLE: [(&str, Kind); 16] = [
    ("string", Kind::Word(Word::String)),
    ("int", Kind::Word(Word::Int)),
    ("float", Kind::Word(Word::Float)),
    ("bool", Kind::Word(Word::Bool)),
    ("duration", Kind::Word(Word::Duration)),
    ("duration_string", Kind::Word(Word::DurationText)),
    ("size", Kind::Word(Word::Size)),
    ("strings", Kind::Words(Word::String)),
    ("ints", Kind::Words(Word::Int)),
    ("lists", Kind::Lists),
    ("headers", Kind::Headers),
    ("pairs", Kind::Pairs),
    ("matchers", Kind::Matchers),
    ("response_matcher", Kind::ResponseMatcher),
    ("routes", Kind::Routes),
    ("raw", Kind::Raw),
];

/// The types with keys of their own.
const COMPOUND: [&str; 6] = ["flag", "object", "inline", "list", "map", "module"];

/// The keys that belong to the words and lines of an object.
const OBJECT_KEYS: [&str; 4] = ["args", "lines", "other", "defaults"];

impl File {
    /// The shape that a table describes, without a `type` the one of `default`.
    pub(super) fn kind(&mut self, at: Span, entries: &Entries<'_>, default: Kind) -> Result<Kind, Wrong> {
        let name = self.optional_text(entries, "type")?;
        let has_object_keys = OBJECT_KEYS.iter().any(|key| entries.contains_key(key));
        let name = match name {
            Some(name) => name,
            None if has_object_keys => "object",
            None => return Ok(default),
        };
        let keys: &[&str] = match name {
            "object" | "inline" | "list" | "map" => &OBJECT_KEYS,
            "flag" => &["value"],
            "module" => &["namespace", "key"],
            _ => &[],
        };
        for key in SHAPE_KEYS.iter().filter(|key| **key != "type" && !keys.contains(key)) {
            if let Some((span, _)) = entries.get(key) {
                return self
                    .wrong(errors::inconsistent(*span, format!("'{key}' does not go with type {name}")));
            }
        }
        match name {
            "object" | "inline" => Ok(Kind::Object(self.object(entries)?)),
            "list" => Ok(Kind::List(self.object(entries)?)),
            "map" => Ok(Kind::Map(self.object(entries)?)),
            "flag" => match entries.get("value") {
                Some((_, value)) => Ok(Kind::Flag(self.json("value", value)?)),
                None => Ok(Kind::Flag(true.into())),
            },
            "module" => {
                let Some(namespace) = self.optional_text(entries, "namespace")? else {
                    let message = "a module needs the 'namespace' it is in";
                    return self.wrong(errors::inconsistent(at, message));
                };
                let key = self.optional_text(entries, "key")?.unwrap_or("name").to_owned();
                Ok(Kind::Module { namespace: namespace.to_owned(), key })
            }
            _ => {
                let at = entries.get("type").map_or(at, |(_, value)| self.span(value.span()));
                self.simple(at, name)
            }
        }
    }

    fn simple(&mut self, at: Span, name: &str) -> Result<Kind, Wrong> {
        match SIMPLE.iter().find(|(known, _)| *known == name) {
            Some((_, kind)) => Ok(kind.clone()),
            None if COMPOUND.contains(&name) => {
                let message =
                    format!("type {name} needs a table with further keys: {{ type = \"{name}\", … }}");
                self.wrong(errors::inconsistent(at, message))
            }
            None => {
                let known = SIMPLE.iter().map(|(name, _)| *name).chain(COMPOUND);
                self.wrong(errors::unknown_word(at, "type", name, known))
            }
        }
    }

    fn object(&mut self, entries: &Entries<'_>) -> Result<Object, Wrong> {
        let mut object = Object::default();
        if let Some(entry) = entries.get("args") {
            object.words = self.words(*entry)?;
        }
        if let Some(entry) = entries.get("lines") {
            object.lines = self.lines(*entry)?;
        }
        if let Some(entry) = entries.get("other") {
            object.other = Some(Box::new(self.field(None, *entry)?));
        }
        if let Some(entry) = entries.get("defaults") {
            let table = self.table("defaults", *entry)?;
            for (name, (_, value)) in self.all(table) {
                object.defaults.insert(name.to_owned(), self.json(name, value)?);
            }
        }
        Ok(object)
    }

    fn words(&mut self, entry: Entry<'_>) -> Result<Words, Wrong> {
        const EXPECTED: &str = "an array of members, or \"line\"";
        match entry.1.get_ref() {
            DeValue::String(word) if word == "line" => Ok(Words::Line),
            DeValue::Array(members) => self.word_members(members),
            _ => self.mismatch("args", entry.1, EXPECTED),
        }
    }

    fn word_members(&mut self, array: &DeArray<'_>) -> Result<Words, Wrong> {
        let mut members: Vec<Member> = Vec::new();
        for item in array {
            let at = self.span(item.span());
            if let Some(last) = members.last()
                && matches!(last.field.kind, Kind::Words(_))
            {
                return self
                    .wrong(errors::inconsistent(at, "nothing can follow a list, which takes all words"));
            }
            let member = self.word_member(at, item)?;
            if members.last().is_some_and(|last| last.optional) && !member.optional {
                return self
                    .wrong(errors::inconsistent(at, "a word after an optional one must be optional too"));
            }
            members.push(member);
        }
        Ok(Words::Members(members))
    }

    /// A member of `args`: the name of a text, or a table.
    fn word_member(&mut self, at: Span, item: &Spanned<DeValue<'_>>) -> Result<Member, Wrong> {
        if let DeValue::String(name) = item.get_ref() {
            let kind = Kind::Word(Word::String);
            let field = Field { path: path(name), kind, keep_empty: false };
            return Ok(Member { field, optional: false });
        }
        let table = self.table("args", (at, item))?;
        let entries = self.entries(table, &["field", "type", "optional", "keep_empty"]);
        let optional = self.truth_or(&entries, "optional", false)?;
        let keep_empty = self.truth_or(&entries, "keep_empty", false)?;
        let Some(name) = self.optional_text(&entries, "field")? else {
            return self.wrong(errors::inconsistent(at, "a word needs the 'field' that it becomes"));
        };
        let kind = self.kind(at, &entries, Kind::Word(Word::String))?;
        if !matches!(kind, Kind::Word(_) | Kind::Words(_)) {
            return self.wrong(errors::inconsistent(
                at,
                "only words and lists of them can stand among the arguments",
            ));
        }
        Ok(Member { field: Field { path: path(name), kind, keep_empty }, optional })
    }

    fn lines(&mut self, entry: Entry<'_>) -> Result<BTreeMap<String, Field>, Wrong> {
        let table = self.table("lines", entry)?;
        let lines = self.all(table).into_iter();
        // Every wrong line is a finding of its own.
        let read: Vec<_> = lines
            .map(|(name, entry)| self.field(Some(name), entry).map(|field| (name.to_owned(), field)))
            .collect();
        read.into_iter().collect()
    }

    /// A line: the name of its type, or a table. The member is called as the line unless `field` says otherwise.
    fn field(&mut self, name: Option<&str>, entry: Entry<'_>) -> Result<Field, Wrong> {
        let (at, value) = entry;
        if let DeValue::String(kind) = value.get_ref() {
            let span = self.span(value.span());
            let kind = match &**kind {
                "flag" => Kind::Flag(true.into()),
                kind => self.simple(span, kind)?,
            };
            let path = self.member(at, None, name, &kind)?;
            return Ok(Field { path, kind, keep_empty: false });
        }
        let table = self.table(name.unwrap_or("other"), entry)?;
        let known: Vec<&str> = FIELD_KEYS.iter().chain(SHAPE_KEYS).copied().collect();
        let entries = self.entries(table, &known);
        let keep_empty = self.truth_or(&entries, "keep_empty", false)?;
        let field = self.optional_text(&entries, "field")?;
        let kind = self.kind(at, &entries, Kind::Word(Word::String))?;
        if self.optional_text(&entries, "type")? == Some("inline") {
            if let Some((span, _)) = entries.get("field") {
                return self.wrong(errors::inconsistent(*span, "'field' does not go with type inline"));
            }
            return Ok(Field { path: Vec::new(), kind, keep_empty });
        }
        let path = self.member(at, field, name, &kind)?;
        Ok(Field { path, kind, keep_empty })
    }

    /// The member that `field` names, or else the one that is called as the line.
    fn member(
        &mut self,
        at: Span,
        field: Option<&str>,
        line: Option<&str>,
        kind: &Kind,
    ) -> Result<Vec<String>, Wrong> {
        match (field, line) {
            (Some(field), _) => Ok(path(field)),
            (None, Some(line)) => Ok(vec![line.to_owned()]),
            (None, None) if kind.has_names() => Ok(Vec::new()),
            (None, None) => self.wrong(errors::inconsistent(at, "'other' needs the 'field' that it becomes")),
        }
    }

    /// A constant.
    fn json(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Json, Wrong> {
        Ok(match value.get_ref() {
            DeValue::String(text) => text.as_ref().into(),
            DeValue::Boolean(truth) => (*truth).into(),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(integer) => integer.into(),
                Err(_) => return self.mismatch(key, value, "an integer of 64 bits"),
            },
            DeValue::Float(float) => match float.as_str().parse().ok().and_then(Number::from_f64) {
                Some(number) => Json::Number(number),
                None => return self.mismatch(key, value, "a finite number"),
            },
            DeValue::Datetime(_) => return self.mismatch(key, value, "something that JSON has"),
            DeValue::Array(array) => {
                array.iter().map(|item| self.json(key, item)).collect::<Result<Vec<_>, _>>()?.into()
            }
            DeValue::Table(table) => {
                let mut members = Map::new();
                for (name, (_, value)) in self.all(table) {
                    members.insert(name.to_owned(), self.json(name, value)?);
                }
                members.into()
            }
        })
    }
}

/// The names that lead to a member: `a.b` is the member `b` of the object `a`.
fn path(field: &str) -> Vec<String> {
    field.split('.').map(str::to_owned).collect()
}
