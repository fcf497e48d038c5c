//! Functions of jq that know how values are made, and those that are only offered within bounds.

use jaq_core::{
    Error, RunPtr,
    native::{self, Filter, bome, run, unary, v},
};
use jaq_json::{Val, read};
use jaq_std::ValT as _;

use super::{
    super::shape::Shape,
    Bounded,
    budget::{look, take},
    value::{ValR, Value},
};

/// Functions that tell of this process or its surroundings, and those whose time grows with the size of a number.
const HIDDEN: [&str; 10] = [
    "env",
    "halt",
    "input_filename",
    "now",
    "localtime",
    "strflocaltime",
    "stderr_empty",
    "debug_empty",
    "jn",
    "yn",
];
/// Definitions on top of these.
const HIDDEN_DEFS: [&str; 6] = ["env", "halt", "halt_error", "input_filename", "debug", "stderr"];
/// Functions that match texts, and their names for [`DEFS`], which ask first whether that is bounded.
const MATCHING: [(&str, &str); 3] =
    [("matches", "matches_within"), ("split_matches", "split_matches_within"), ("split_", "split_within")];
const DEFS: &str = "
def matches($re; $flags): matching($re) as $x | matches_within($re; $flags);
def split_matches($re; $flags): matching($re) as $x | split_matches_within($re; $flags);
def split_($re; $flags): matching($re) as $x | split_within($re; $flags);
";

type Def = jaq_core::load::parse::Def<&'static str>;

/// Everything that programs can call and that is written in jq.
pub(super) fn defs() -> impl Iterator<Item = Def> {
    let ours = jaq_core::load::parse(DEFS, |parser| parser.defs()).unwrap_or_default();
    let defs = jaq_core::defs().chain(ours).chain(jaq_std::defs()).chain(jaq_json::defs());
    defs.filter(|def| !HIDDEN_DEFS.contains(&def.name))
}

/// Everything that programs can call and that is not.
pub(super) fn funs() -> impl Iterator<Item = native::Fun<Bounded>> {
    let theirs = jaq_core::funs::<Bounded>().chain(jaq_std::funs::<Bounded>());
    let theirs = theirs.filter(|fun| !HIDDEN.contains(&fun.0)).map(|(name, arguments, native)| {
        let renamed = MATCHING.iter().find(|(from, _)| *from == name);
        (renamed.map_or(name, |(_, to)| to), arguments, native)
    });
    theirs.chain(ours().into_iter().map(run::<Bounded>))
}

fn ours() -> [Filter<RunPtr<Bounded>>; 8] {
    [
        ("fromjson", v(0), |cv| bome(from_json(&cv.1))),
        ("tojson", v(0), |cv| bome(Ok(Value::from(cv.1.to_string())))),
        ("length", v(0), |cv| bome(length(cv.1))),
        ("contains", v(1), |cv| unary(cv, |one, other| Ok(contains(one.val(), other.val()).into()))),
        ("has", v(1), |cv| unary(cv, has)),
        ("indices", v(1), |cv| unary(cv, |one, other| indices(&one, &other))),
        ("bsearch", v(1), |cv| unary(cv, |items, item| bsearch(items, &item))),
        ("matching", v(1), |cv| unary(cv, |text, pattern| matching(&text, &pattern))),
    ]
}

fn text(value: &Value) -> Result<&[u8], Error<Value>> {
    value.as_utf8_bytes().ok_or_else(|| Error::typ(value.clone(), "string"))
}

fn from_json(value: &Value) -> ValR {
    let text = text(value)?;
    let fail = || Error::str("cannot parse as JSON");
    let shape = Shape::of(text).ok_or_else(fail)?;
    take(shape.values.saturating_mul(super::super::whole::VALUE).saturating_add(text.len()));
    look(shape.values);
    read::parse_single(text).map(|val| Value::new(val, shape.depth)).map_err(|_| fail())
}

fn length(value: Value) -> ValR {
    Ok(match value.val() {
        Val::Null => 0_usize.into(),
        Val::TStr(text) => {
            look(text.len());
            String::from_utf8_lossy(text).chars().count().into()
        }
        Val::BStr(bytes) => bytes.len().into(),
        Val::Arr(items) => items.len().into(),
        Val::Obj(members) => members.len().into(),
        Val::Num(_) if value < Value::from(0_usize) => return -value,
        Val::Num(_) => value,
        Val::Bool(_) => return Err(Error::str(format_args!("{value} has no length"))),
    })
}

/// Whether texts are parts of texts, items like items, and members like members.
fn contains(one: &Val, other: &Val) -> bool {
    look(1);
    match (one, other) {
        (Val::TStr(one), Val::TStr(other)) | (Val::BStr(one), Val::BStr(other)) => {
            look(one.len().saturating_mul(1 + other.len() / 64));
            other.is_empty() || one.windows(other.len()).any(|window| *window == **other)
        }
        (Val::Arr(one), Val::Arr(other)) => {
            other.iter().all(|other| one.iter().any(|one| contains(one, other)))
        }
        (Val::Obj(one), Val::Obj(other)) => {
            other.iter().all(|(name, other)| one.get(name).is_some_and(|one| contains(one, other)))
        }
        (Val::Arr(_) | Val::Obj(_), _) | (_, Val::Arr(_) | Val::Obj(_)) => false,
        _ => one == other,
    }
}

fn has(value: Value, name: Value) -> ValR {
    let found = match (value.val(), name.val()) {
        (Val::Obj(members), Val::TStr(_)) => members.contains_key(name.val()),
        (Val::Arr(items), Val::Num(at)) => {
            at.as_isize().is_some_and(|at| usize::try_from(at).is_ok_and(|at| at < items.len()))
        }
        _ => return Err(Error::index(value, name)),
    };
    Ok(found.into())
}

/// Where a text or an array stands in another, or a value in an array.
fn indices(one: &Value, other: &Value) -> ValR {
    let at = |found: Vec<usize>| found.into_iter().map(Value::from).collect();
    Ok(match (one.val(), other.val()) {
        (Val::Null, _) => return Ok(one.clone()),
        (Val::TStr(text), Val::TStr(part)) => {
            look(text.len().saturating_mul(1 + part.len() / 64));
            let starts = text.iter().enumerate().filter(|(_, byte)| (**byte & 0xc0) != 0x80);
            let found = starts
                .enumerate()
                .filter(|(_, (at, _))| !part.is_empty() && text.get(*at..*at + part.len()) == Some(&**part));
            at(found.map(|(character, _)| character).collect())
        }
        (Val::Arr(items), Val::Arr(part)) => {
            look((one.weigh() / 8).saturating_mul(1 + part.len()).saturating_mul(1 + other.weigh() / 64));
            let windows = items.windows(part.len().max(1)).enumerate();
            let found = windows.filter(|(_, window)| !part.is_empty() && *window == part.as_slice());
            at(found.map(|(at, _)| at).collect())
        }
        (Val::Arr(items), item) => {
            look((one.weigh() / 8).saturating_add(items.len().saturating_mul(other.weigh() / 64)));
            at(items.iter().enumerate().filter(|(_, one)| *one == item).map(|(at, _)| at).collect())
        }
        _ => return Err(Error::index(one.clone(), other.clone())),
    })
}

fn bsearch(items: Value, item: &Value) -> ValR {
    look((items.weigh() + item.weigh().saturating_mul(64)) / 8);
    match items.val() {
        Val::Arr(all) => {
            let at = |at: usize| isize::try_from(at).unwrap_or(isize::MAX);
            Ok(all.binary_search(item.val()).map_or_else(|missing| -1 - at(missing), at).into())
        }
        _ => Err(Error::typ(items, "array")),
    }
}

/// Matching takes the length of the text times that of the pattern, in which repetitions stand written out.
fn matching(value: &Value, pattern: &Value) -> ValR {
    let (text, pattern) = (text(value)?, text(pattern)?);
    let numbers = pattern.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let times = numbers.map(|digits| {
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        digits.parse::<usize>().unwrap_or(usize::MAX).max(1)
    });
    let size = times.fold(pattern.len(), usize::saturating_mul);
    look(size.saturating_mul(1 + text.len()));
    Ok(true.into())
}
