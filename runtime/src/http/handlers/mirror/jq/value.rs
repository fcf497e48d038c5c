//! Values of jq programs: those of the library, with what they cost.

mod operators;

use std::{cmp::Ordering, fmt, rc::Rc};

use jaq_core::{Error, box_iter::BoxIter, path::Opt, val};
use jaq_json::{Map, Num, Val};

use super::budget::{look, take, too_deep};

pub(super) type ValR = jaq_core::ValR<Value>;
type ValX<'a> = jaq_core::ValX<'a, Value>;

/// Arrays and objects within each other that programs may make. Comparing, showing and dropping them needs stack.
const DEPTH: u16 = 256;
/// Steps from a value to a part of it, one after the other. The library keeps them in a list whose end needs stack.
const TRAIL: u16 = 2000;
/// Bytes of an item of an array, and of a member of an object.
const ITEM: usize = 48;
const MEMBER: usize = 112;

/// A value.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    val: Val,
    /// Arrays and objects within each other, at most.
    depth: u16,
    /// How it was found: steps from a value that was made.
    trail: u16,
}

impl Value {
    /// A value that was read, with so many arrays and objects within each other.
    pub(super) fn new(val: Val, depth: usize) -> Self {
        Self::made(val, u16::try_from(depth).unwrap_or(u16::MAX))
    }

    /// A new value. Those without parts are as deep as nothing.
    fn made(val: Val, depth: u16) -> Self {
        let depth = if matches!(val, Val::Arr(_) | Val::Obj(_)) { depth } else { 0 };
        if depth > DEPTH {
            too_deep();
        }
        Self { val, depth, trail: 0 }
    }

    /// What was found in a value like this.
    fn part(depth: u16, trail: u16) -> impl Fn(Val) -> Self + Clone {
        if trail >= TRAIL {
            too_deep();
        }
        move |val| Self { trail: trail + 1, ..Self::made(val, depth.saturating_sub(1)) }
    }

    fn parts(&self) -> impl Fn(Val) -> Self + Clone + use<> {
        Self::part(self.depth, self.trail)
    }

    pub(super) fn val(&self) -> &Val {
        &self.val
    }

    /// Looks at everything in it, as comparing and showing do: shared parts as often as they stand there. Gives what they
    /// are as text, in bytes.
    pub(super) fn weigh(&self) -> usize {
        weigh(&self.val)
    }

    /// Makes room for a copy, if others have it too.
    fn copy(&self) {
        look(1);
        match &self.val {
            Val::Arr(items) if Rc::strong_count(items) > 1 => take(items.len() * ITEM),
            Val::Obj(members) if Rc::strong_count(members) > 1 => take(members.len() * MEMBER),
            _ => {}
        }
    }

    /// The ends of a range that is written as an object.
    fn ends(&self) -> [Option<Self>; 2] {
        ["start", "end"].map(|name| match &self.val {
            Val::Obj(range) => range.get(&Val::utf8_str(name)).map(|end| Self::made(end.clone(), self.depth)),
            _ => None,
        })
    }

    fn iterable(self) -> Result<Self, Error<Self>> {
        self.copy();
        match self.val {
            Val::Arr(_) | Val::Obj(_) => Ok(self),
            _ => Err(Error::typ(self, "iterable (array or object)")),
        }
    }
}

fn weigh(val: &Val) -> usize {
    let texts = |text: &[u8]| {
        look(text.len() / 64);
        text.len()
    };
    look(1);
    8 + match val {
        Val::Null | Val::Bool(_) => 0,
        Val::Num(number) => weigh_number(number),
        Val::BStr(text) | Val::TStr(text) => texts(text),
        Val::Arr(items) => items.iter().map(weigh).fold(0, usize::saturating_add),
        Val::Obj(members) => {
            members.iter().map(|(name, val)| weigh(name) + weigh(val)).fold(0, usize::saturating_add)
        }
    }
}

/// Decimal digits. Finding them takes the square of their number.
fn weigh_number(number: &Num) -> usize {
    match number {
        Num::Int(_) | Num::Float(_) => 24,
        Num::Dec(digits) => digits.len(),
        Num::BigInt(number) => {
            let digits = usize::try_from(number.bits() / 3).unwrap_or(usize::MAX);
            look((digits / 64).saturating_pow(2));
            digits
        }
    }
}

/// Where an index leads that counts from the end if it is negative; `None` before the beginning.
fn place(at: isize, length: usize) -> Option<usize> {
    if at < 0 { length.checked_sub(at.unsigned_abs()) } else { Some(at.unsigned_abs()) }
}

/// An error of a value that has no parts, or few.
fn simple(error: jaq_json::Error) -> Error<Value> {
    Error::new(Value::made(error.into_val(), DEPTH))
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        take(self.weigh());
        self.val.fmt(f)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        self.weigh();
        other.weigh();
        // Equality is not what the order says: there are numbers that are no numbers.
        if self.val == other.val { Ordering::Equal } else { self.val.cmp(&other.val) }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::made(value.into(), 0)
    }
}

impl From<isize> for Value {
    fn from(value: isize) -> Self {
        Self::made(value.into(), 0)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::made(value.into(), 0)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::made(value.into(), 0)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        take(value.len());
        Self::made(value.into(), 0)
    }
}

impl From<val::Range<Self>> for Value {
    fn from(range: val::Range<Self>) -> Self {
        take(2 * MEMBER);
        let depth = range.start.iter().chain(&range.end).map(|end| end.depth).max().unwrap_or(0);
        let range = range.start.map(|start| start.val)..range.end.map(|end| end.val);
        Self::made(range.into(), depth + 1)
    }
}

impl FromIterator<Self> for Value {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        let mut depth = 0;
        let items = items.into_iter().map(|item| {
            take(ITEM);
            depth = depth.max(item.depth);
            item.val
        });
        let items: Val = items.collect();
        Self::made(items, depth + 1)
    }
}

impl jaq_core::ValT for Value {
    fn from_num(number: &str) -> ValR {
        Val::from_num(number).map(|val| Self::made(val, 0)).map_err(simple)
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(members: I) -> ValR {
        let (mut map, mut depth) = (Map::default(), 0);
        for (name, value) in members {
            take(MEMBER);
            if !matches!(name.val, Val::TStr(_)) {
                return Err(Error::typ(name, "name of a member"));
            }
            depth = depth.max(value.depth);
            map.insert(name.val, value.val);
        }
        Ok(Self::made(Val::obj(map), depth + 1))
    }

    fn key_values(self) -> BoxIter<'static, jaq_core::ValR<(Self, Self), Self>> {
        match self.iterable() {
            Err(error) => Box::new(std::iter::once(Err(error))),
            Ok(this) => {
                let part = this.parts();
                let pairs = this.val.key_values();
                Box::new(pairs.map(move |pair| {
                    look(1);
                    pair.map(|(name, val)| (Self::made(name, 0), part(val))).map_err(simple)
                }))
            }
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR>> {
        match self.iterable() {
            Err(error) => Box::new(std::iter::once(Err(error))),
            Ok(this) => {
                let part = this.parts();
                Box::new(this.val.values().map(move |val| {
                    look(1);
                    val.map(&part).map_err(simple)
                }))
            }
        }
    }

    fn index(self, index: &Self) -> ValR {
        let part = self.parts();
        match (&self.val, &index.val) {
            (Val::Null, _) | (Val::Obj(_), Val::TStr(_)) => look(1),
            (Val::Arr(_) | Val::BStr(_), Val::Num(at)) if at.as_isize().is_some() => look(1),
            (Val::Arr(_), Val::Arr(window)) => {
                take(self.weigh());
                look(self.weigh().saturating_mul(1 + window.len()).saturating_mul(1 + index.weigh() / 64));
            }
            (Val::BStr(_) | Val::TStr(_) | Val::Arr(_), Val::Obj(_)) => {
                let [start, end] = index.ends();
                return self.range(start.as_ref()..end.as_ref());
            }
            _ => return Err(Error::index(self, index.clone())),
        }
        self.val.index(&index.val).map(part).map_err(simple)
    }

    fn range(self, range: val::Range<&Self>) -> ValR {
        let part = self.parts();
        let ends = range.start.into_iter().chain(range.end);
        if let Some(end) = ends.into_iter().find(|end| !matches!(end.val, Val::Null | Val::Num(_))) {
            return Err(Error::typ(end.clone(), "integer"));
        }
        match &self.val {
            Val::Arr(items) => take(items.len() * ITEM),
            Val::TStr(text) => look(text.len()),
            Val::BStr(_) => {}
            _ => return Err(Error::typ(self, "rangeable (array or string)")),
        }
        // As deep as before: it is a part, but of the same kind.
        let depth = self.depth;
        let ranged = self.val.range(range.start.map(|end| &end.val)..range.end.map(|end| &end.val));
        ranged.map(|val| Self { depth, ..part(val) }).map_err(simple)
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a>>>(self, opt: Opt, f: impl Fn(Self) -> I) -> ValX<'a> {
        self.copy();
        let part = self.parts();
        match self.val {
            Val::Arr(items) => {
                Rc::unwrap_or_clone(items).into_iter().flat_map(|item| f(part(item))).collect()
            }
            Val::Obj(members) => {
                let members = Rc::unwrap_or_clone(members).into_iter();
                let members = members.filter_map(|(name, val)| {
                    let value = f(part(val)).next()?;
                    Some(value.map(|value| (Self::made(name, 0), value)))
                });
                Ok(Self::from_map(members.collect::<Result<Vec<_>, _>>()?)?)
            }
            _ => Ok(opt.fail(self, |this| Error::typ(this, "iterable (array or object)"))?),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a>>>(
        mut self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a> {
        self.copy();
        let part = self.parts();
        let changed = match (&mut self.val, &index.val) {
            (Val::Obj(members), Val::TStr(_)) => {
                let members = Rc::make_mut(members);
                let before = members.get_mut(&index.val).map(std::mem::take).unwrap_or_default();
                let changed = f(part(before)).next().transpose()?;
                match &changed {
                    Some(value) => drop(members.insert(index.val.clone(), value.val.clone())),
                    None => drop(members.swap_remove(&index.val)),
                }
                take(MEMBER);
                changed
            }
            (Val::Arr(items), Val::Num(at)) => {
                let at = at.as_isize().and_then(|at| place(at, items.len())).filter(|at| *at < items.len());
                let Some(at) = at else {
                    return Ok(opt.fail(self, |_| Error::str(format_args!("index {index} out of bounds")))?);
                };
                let items = Rc::make_mut(items);
                let changed = f(part(std::mem::take(&mut items[at]))).next().transpose()?;
                match &changed {
                    Some(value) => items[at] = value.val.clone(),
                    None => drop(items.remove(at)),
                }
                changed
            }
            (Val::BStr(_) | Val::TStr(_) | Val::Arr(_), Val::Obj(_)) => {
                let [start, end] = index.ends();
                return self.map_range(start.as_ref()..end.as_ref(), opt, f);
            }
            _ => return Ok(opt.fail(self, |this| Error::typ(this, "iterable (array or object)"))?),
        };
        let depth = self.depth.max(changed.map_or(0, |value| value.depth + 1));
        Ok(Self::made(self.val, depth))
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a>>>(
        self,
        range: val::Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a> {
        let length = match &self.val {
            Val::Arr(items) => items.len(),
            Val::BStr(text) => text.len(),
            Val::TStr(text) => String::from_utf8_lossy(text).chars().count(),
            _ => return Ok(opt.fail(self, |this| Error::typ(this, "array"))?),
        };
        look(length);
        let end = |end: Option<&Self>, default: usize| match end.map(|end| &end.val) {
            None | Some(Val::Null) => Some(default),
            Some(Val::Num(at)) => Some(place(at.as_isize()?, length).unwrap_or(0).min(length)),
            Some(_) => None,
        };
        let (Some(from), Some(to)) = (end(range.start, 0), end(range.end, length)) else {
            return Ok(opt.fail(self, |this| Error::typ(this, "value with integers as ends of a range"))?);
        };
        let cut = |from: usize, to: usize| self.clone().range(Some(&from.into())..Some(&to.into()));
        let (before, after) = (cut(0, from)?, cut(from.max(to), length)?);
        Ok(match f(cut(from, to.max(from))?).next().transpose()? {
            Some(changed) => ((before + changed)? + after)?,
            None => (before + after)?,
        })
    }

    fn as_bool(&self) -> bool {
        self.val.as_bool()
    }

    fn into_string(self) -> Self {
        if !matches!(self.val, Val::BStr(_) | Val::TStr(_)) {
            take(self.weigh());
        }
        Self::made(self.val.into_string(), 0)
    }
}
