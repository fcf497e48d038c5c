//! Operators on values, and what the standard library asks of them.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use jaq_core::{Error, ops::Math};
use jaq_json::{Num, Val};

use super::{ITEM, MEMBER, ValR, Value, look, simple, take};

/// Bytes of what counting gives.
const NUMBER: usize = 24;

/// What numbers of any length are computed with, in words of 64 bits.
fn words(value: &Val) -> usize {
    match value {
        Val::Num(Num::BigInt(number)) => usize::try_from(number.bits() / 64).unwrap_or(usize::MAX),
        _ => 1,
    }
}

/// Makes room for the sum of two numbers, or the product if they are multiplied or divided.
fn compute(one: &Val, other: &Val, product: bool) {
    let (one, other) = (words(one), words(other));
    take(NUMBER + 8 * one.saturating_add(other));
    look(if product { one.saturating_mul(other) } else { one.saturating_add(other) });
}

impl Value {
    /// The outcome of an operator on these two, as deep as they are.
    fn result(depth: u16, outcome: jaq_json::ValR) -> ValR {
        outcome.map(|val| Self::made(val, depth)).map_err(simple)
    }
}

impl Add for Value {
    type Output = ValR;

    fn add(self, other: Self) -> ValR {
        match (&self.val, &other.val) {
            (Val::Null, _) | (_, Val::Null) => {}
            (Val::Num(_), Val::Num(_)) => compute(&self.val, &other.val, false),
            (Val::BStr(one), Val::BStr(more)) | (Val::TStr(one), Val::TStr(more)) => {
                take(more.len() + if one.is_unique() { 0 } else { one.len() });
            }
            (Val::Arr(_), Val::Arr(more)) => {
                self.copy();
                take(more.len() * ITEM);
            }
            (Val::Obj(_), Val::Obj(more)) => {
                self.copy();
                take(more.len() * MEMBER);
            }
            _ => return Err(Error::math(self, Math::Add, other)),
        }
        Self::result(self.depth.max(other.depth), self.val + other.val)
    }
}

impl Sub for Value {
    type Output = ValR;

    fn sub(self, other: Self) -> ValR {
        match (&self.val, &other.val) {
            (Val::Num(_), Val::Num(_)) => compute(&self.val, &other.val, false),
            (Val::Arr(_), Val::Arr(less)) => {
                self.copy();
                take(less.len() * ITEM);
                // Each is compared with as many as it takes to halve the others until one is left.
                let times = 1 + less.len().checked_ilog2().unwrap_or(0) as usize;
                look((self.weigh() + other.weigh()).saturating_mul(times) / 8);
            }
            _ => return Err(Error::math(self, Math::Sub, other)),
        }
        Self::result(self.depth, self.val - other.val)
    }
}

impl Mul for Value {
    type Output = ValR;

    fn mul(self, other: Self) -> ValR {
        match (&self.val, &other.val) {
            (Val::Num(_), Val::Num(_)) => compute(&self.val, &other.val, true),
            (Val::BStr(text) | Val::TStr(text), Val::Num(times @ (Num::Int(_) | Num::BigInt(_))))
            | (Val::Num(times @ (Num::Int(_) | Num::BigInt(_))), Val::BStr(text) | Val::TStr(text)) => {
                let times = times.as_isize().map_or(usize::MAX, |times| times.try_into().unwrap_or(0));
                take(text.len().saturating_mul(times));
            }
            (Val::Obj(_), Val::Obj(_)) => take((self.weigh() + other.weigh()) * MEMBER / 16),
            _ => return Err(Error::math(self, Math::Mul, other)),
        }
        Self::result(self.depth.max(other.depth), self.val * other.val)
    }
}

impl Div for Value {
    type Output = ValR;

    fn div(self, other: Self) -> ValR {
        match (&self.val, &other.val) {
            (Val::Num(_), Val::Num(_)) => compute(&self.val, &other.val, true),
            (Val::BStr(text), Val::BStr(by)) | (Val::TStr(text), Val::TStr(by)) => {
                look(text.len().saturating_mul(1 + by.len() / 16));
                let pieces = match by.len() {
                    0 => text.len(),
                    length => 1 + text.windows(length).filter(|window| window == &**by).count(),
                };
                take(pieces * 2 * ITEM);
            }
            _ => return Err(Error::math(self, Math::Div, other)),
        }
        Self::result(1, self.val / other.val)
    }
}

impl Rem for Value {
    type Output = ValR;

    fn rem(self, other: Self) -> ValR {
        match (&self.val, &other.val) {
            (Val::Num(_), Val::Num(_)) => compute(&self.val, &other.val, true),
            _ => return Err(Error::math(self, Math::Rem, other)),
        }
        Self::result(0, self.val % other.val)
    }
}

impl Neg for Value {
    type Output = ValR;

    fn neg(self) -> ValR {
        match &self.val {
            Val::Num(_) => compute(&self.val, &self.val, false),
            _ => return Err(Error::typ(self, "number")),
        }
        Self::result(0, -self.val)
    }
}

impl jaq_std::ValT for Value {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        self.copy();
        let part = self.parts();
        match self.val {
            Val::Arr(items) => Ok(std::rc::Rc::unwrap_or_clone(items).into_iter().map(part).collect()),
            _ => Err(self),
        }
    }

    fn is_int(&self) -> bool {
        jaq_std::ValT::is_int(&self.val)
    }

    fn as_isize(&self) -> Option<isize> {
        self.val.as_isize()
    }

    fn as_f64(&self) -> Option<f64> {
        self.val.as_f64()
    }

    fn is_utf8_str(&self) -> bool {
        self.val.is_utf8_str()
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        let bytes = self.val.as_bytes();
        look(bytes.map_or(0, <[u8]>::len) / 64);
        bytes
    }

    fn as_sub_str(&self, part: &[u8]) -> Self {
        take(NUMBER);
        Self::made(self.val.as_sub_str(part), 0)
    }

    fn from_utf8_bytes(text: impl AsRef<[u8]> + Send + 'static) -> Self {
        take(text.as_ref().len());
        Self::made(Val::from_utf8_bytes(text), 0)
    }
}
