//! Types of expressions, and what may stand in the place of what.

use std::fmt;

/// The type of an expression, as far as it is known before it is evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    /// Known when it is evaluated.
    Dyn,
    /// Of placeholders: as open as [`Type::Dyn`], but neither a result nor something that macros go over.
    Any,
    /// Of an expression with a mistake, which is not reported again.
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    Request,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    /// Of a type that is a value.
    Meta(Box<Type>),
    /// Whatever [`Substitution`] finds out.
    Parameter(usize),
}

impl Type {
    pub(super) fn list(of: Type) -> Self {
        Type::List(Box::new(of))
    }

    fn is_open(&self) -> bool {
        matches!(self, Type::Dyn | Type::Any | Type::Error)
    }
}

/// As in Caddy's messages.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Dyn | Type::Parameter(_) => "dyn",
            Type::Any => "any",
            Type::Error => "!error!",
            Type::Null => "null",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Duration => "duration",
            Type::Timestamp => "timestamp",
            Type::Request => "http.Request",
            Type::List(of) => return write!(f, "list({of})"),
            Type::Map(key, value) => return write!(f, "map({key}, {value})"),
            Type::Meta(of) => return write!(f, "type({of})"),
        })
    }
}

/// What type parameters stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Substitution(Vec<Option<Type>>);

impl Substitution {
    /// A parameter that nothing is known of.
    pub(super) fn fresh(&mut self) -> Type {
        self.0.push(None);
        Type::Parameter(self.0.len() - 1)
    }

    /// The type with all known parameters replaced.
    pub(super) fn apply(&self, of_type: &Type) -> Type {
        match of_type {
            Type::Parameter(index) => match &self.0[*index] {
                Some(known) => self.apply(known),
                None => of_type.clone(),
            },
            Type::List(of) => Type::list(self.apply(of)),
            Type::Map(key, value) => Type::Map(Box::new(self.apply(key)), Box::new(self.apply(value))),
            Type::Meta(of) => Type::Meta(Box::new(self.apply(of))),
            other => other.clone(),
        }
    }

    /// Whether values of the types `given` may stand where `wanted` are expected. What is learnt of parameters is kept
    /// only then.
    pub(super) fn accept(&mut self, given: &[Type], wanted: &[Type]) -> bool {
        let before = self.clone();
        let fits = given.len() == wanted.len()
            && given.iter().zip(wanted).all(|(given, wanted)| self.unify(given, wanted));
        if !fits {
            *self = before;
        }
        fits
    }

    fn unify(&mut self, left: &Type, right: &Type) -> bool {
        match (left, right) {
            (Type::Parameter(left), Type::Parameter(right)) if left == right => true,
            (other, Type::Parameter(index)) | (Type::Parameter(index), other) => self.learn(*index, other),
            (Type::List(left), Type::List(right)) => self.unify(left, right),
            (Type::Map(left, first), Type::Map(right, second)) => {
                self.unify(left, right) && self.unify(first, second)
            }
            (Type::Meta(_), Type::Meta(_)) => true,
            // Times and requests are objects that may be missing.
            (Type::Null, other) | (other, Type::Null)
                if matches!(other, Type::Duration | Type::Timestamp | Type::Request) =>
            {
                true
            }
            _ => left.is_open() || right.is_open() || left == right,
        }
    }

    fn learn(&mut self, index: usize, found: &Type) -> bool {
        let Some(known) = self.0[index].clone() else {
            let found = self.apply(found);
            if found == Type::Parameter(index) {
                return true;
            }
            if mentions(&found, index) {
                return false;
            }
            self.0[index] = Some(found);
            return true;
        };
        if !self.unify(found, &known) {
            return false;
        }
        let general = self.more_general(found, &known);
        if !mentions(&general, index) {
            self.0[index] = Some(general);
        }
        true
    }

    /// The more general of two types that fit each other.
    pub(super) fn more_general(&self, left: &Type, right: &Type) -> Type {
        let (left, right) = (self.apply(left), self.apply(right));
        if covers(&left, &right) { left } else { right }
    }
}

fn covers(general: &Type, special: &Type) -> bool {
    match (general, special) {
        (Type::Dyn | Type::Parameter(_), _) => true,
        (_, Type::Dyn | Type::Parameter(_)) => false,
        (Type::List(general), Type::List(special)) => covers(general, special),
        (Type::Map(key, value), Type::Map(special_key, special_value)) => {
            covers(key, special_key) && covers(value, special_value)
        }
        _ => general == special,
    }
}

fn mentions(within: &Type, index: usize) -> bool {
    match within {
        Type::Parameter(other) => *other == index,
        Type::List(of) | Type::Meta(of) => mentions(of, index),
        Type::Map(key, value) => mentions(key, index) || mentions(value, index),
        _ => false,
    }
}
