//! Expressions as they are written, with macros taken for what they are.

pub(super) mod literal;

use super::{types::Type, value::Value};

/// An expression.
#[derive(Debug, Clone)]
pub(super) struct Expr {
    /// Where it begins, or where its operator is, in bytes.
    pub(super) at: usize,
    pub(super) kind: Kind,
    /// How many expressions are within each other here, for a limit.
    pub(super) height: usize,
    /// What the checker has found; type parameters may be settled later.
    pub(super) of_type: Type,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Literal(Value),
    Name(String),
    /// `{name}`, or `ph(req, 'name')`
    Placeholder(String),
    Select(Box<Expr>, String),
    /// `has(a.b)`
    Has(Box<Expr>, String),
    /// Operators are called by names such as `_+_`; those of `&&` and `||` take as many operands as there are.
    Call {
        function: String,
        target: Option<Box<Expr>>,
        args: Vec<Expr>,
    },
    /// `condition ? yes : no`
    If(Box<[Expr; 3]>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Fold(Box<Fold>),
    /// `cel.bind(name, value, body)`
    Bind(String, Box<[Expr; 2]>),
    /// One of Caddy's matchers.
    Matcher(&'static str, Vec<Expr>),
}

/// A macro that goes over a list or over the keys of a map.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    pub(super) how: How,
    pub(super) range: Expr,
    pub(super) variable: String,
    /// Of `map` with three arguments: which members are taken.
    pub(super) filter: Option<Expr>,
    pub(super) body: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
    SortBy,
}

impl Expr {
    pub(super) fn new(at: usize, kind: Kind) -> Self {
        let height = 1 + kind.children().map(|child| child.height).max().unwrap_or(0);
        Self { at, kind, height, of_type: Type::Dyn }
    }

    pub(super) fn call(at: usize, function: &str, args: Vec<Expr>) -> Self {
        Self::new(at, Kind::Call { function: function.to_owned(), target: None, args })
    }
}

impl Kind {
    fn children(&self) -> Box<dyn Iterator<Item = &Expr> + '_> {
        match self {
            Kind::Literal(_) | Kind::Name(_) | Kind::Placeholder(_) => Box::new(std::iter::empty()),
            Kind::Select(of, _) | Kind::Has(of, _) => Box::new(std::iter::once(&**of)),
            Kind::Call { target, args, .. } => Box::new(target.as_deref().into_iter().chain(args)),
            Kind::If(parts) => Box::new(parts.iter()),
            Kind::List(members) | Kind::Matcher(_, members) => Box::new(members.iter()),
            Kind::Map(entries) => Box::new(entries.iter().flat_map(|(key, value)| [key, value])),
            Kind::Fold(fold) => Box::new([&fold.range, &fold.body].into_iter().chain(&fold.filter)),
            Kind::Bind(_, parts) => Box::new(parts.iter()),
        }
    }
}
