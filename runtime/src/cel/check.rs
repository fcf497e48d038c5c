//! Finds names that there are not and arguments of the wrong types, and notes the type of every expression.

use std::slice::from_ref;

use super::{
    Mistake,
    functions::{self, format, lists},
    signature::{self, Overload},
    syntax::{Expr, Fold, How, Kind},
    types::{Substitution, Type},
    value::Value,
};

/// The type of the whole expression, and the mistakes in it in the order of the text.
pub(super) fn check(expr: &mut Expr) -> (Type, Vec<Mistake>) {
    let mut checker =
        Checker { substitution: Substitution::default(), scope: Vec::new(), mistakes: Vec::new() };
    checker.check(expr);
    let mut mistakes = checker.mistakes;
    mistakes.sort_by_key(|mistake| mistake.at);
    (checker.substitution.apply(&expr.of_type), mistakes)
}

struct Checker {
    substitution: Substitution,
    /// Variables of macros, the innermost last.
    scope: Vec<(String, Type)>,
    mistakes: Vec<Mistake>,
}

impl Checker {
    fn mistake(&mut self, at: usize, message: String) -> Type {
        self.mistakes.push(Mistake { at, message });
        Type::Error
    }

    fn check(&mut self, expr: &mut Expr) -> Type {
        let at = expr.at;
        let found = match &mut expr.kind {
            Kind::Literal(value) => literal(value),
            Kind::Name(name) => self.name(at, name),
            Kind::Placeholder(_) => Type::Any,
            Kind::Select(..) => self.select(expr),
            Kind::Has(of, _) => {
                self.field(at, of);
                Type::Bool
            }
            Kind::Call { .. } => self.call(expr),
            Kind::If(parts) => {
                let types = parts.each_mut().map(|part| self.check(part));
                self.applied(at, "_?_:_", &["(bool, A, A) A"], false, &types)
            }
            Kind::List(members) => {
                let of = self.joined(members.iter_mut());
                Type::list(of)
            }
            Kind::Map(entries) => {
                let key = self.joined(entries.iter_mut().map(|(key, _)| key));
                let value = self.joined(entries.iter_mut().map(|(_, value)| value));
                Type::Map(Box::new(key), Box::new(value))
            }
            Kind::Fold(fold) => self.fold(at, fold),
            Kind::Bind(name, parts) => {
                let [value, body] = &mut **parts;
                let of = self.check(value);
                self.within(name.clone(), of, |checker| checker.check(body))
            }
            Kind::Matcher(_, args) => {
                args.iter_mut().for_each(|arg| drop(self.check(arg)));
                Type::Bool
            }
        };
        expr.of_type = self.substitution.apply(&found);
        expr.of_type.clone()
    }

    fn within<T>(&mut self, name: String, of: Type, look: impl FnOnce(&mut Self) -> T) -> T {
        self.scope.push((name, of));
        let found = look(self);
        self.scope.pop();
        found
    }

    fn name(&mut self, at: usize, name: &str) -> Type {
        if let Some((_, of)) = self.scope.iter().rev().find(|(known, _)| known == name) {
            return of.clone();
        }
        if name == "req" {
            return Type::Request;
        }
        match signature::type_named(name) {
            Some((of, _)) => Type::Meta(Box::new(of)),
            None => self.undeclared(at, name),
        }
    }

    fn undeclared(&mut self, at: usize, name: &str) -> Type {
        self.mistake(at, format!("undeclared reference to '{name}' (in container '')"))
    }

    /// A field of a map, or a name with dots.
    fn select(&mut self, expr: &mut Expr) -> Type {
        let known = path(expr).and_then(|path| signature::type_named(&path));
        if let Some((of, name)) = known {
            expr.kind = Kind::Literal(Value::Type(name));
            return Type::Meta(Box::new(of));
        }
        match &mut expr.kind {
            Kind::Select(of, _) => self.field(expr.at, of),
            _ => Type::Error,
        }
    }

    fn field(&mut self, at: usize, of: &mut Expr) -> Type {
        match self.check(of) {
            Type::Map(_, value) => *value,
            Type::Dyn | Type::Any | Type::Error => Type::Dyn,
            parameter @ Type::Parameter(_) => {
                self.substitution.accept(&[Type::Dyn], &[parameter]);
                Type::Dyn
            }
            other => self.mistake(at, format!("type '{other}' does not support field selection")),
        }
    }

    /// The type of which all members are.
    fn joined<'e>(&mut self, members: impl Iterator<Item = &'e mut Expr>) -> Type {
        let mut joined: Option<Type> = None;
        for member in members {
            let of = self.check(member);
            joined = Some(match joined {
                None => of,
                Some(known) if self.substitution.accept(from_ref(&known), from_ref(&of)) => {
                    self.substitution.more_general(&known, &of)
                }
                Some(_) => Type::Dyn,
            });
        }
        joined.unwrap_or_else(|| self.substitution.fresh())
    }

    fn call(&mut self, expr: &mut Expr) -> Type {
        let at = expr.at;
        let Kind::Call { function, target, args } = &mut expr.kind else { return Type::Error };
        let mut types: Vec<Type> = args.iter_mut().map(|arg| self.check(arg)).collect();
        if matches!(function.as_str(), "_&&_" | "_||_") {
            for (arg, of) in args.iter().zip(&types) {
                self.expect_bool(arg.at, of);
            }
            return Type::Bool;
        }
        if let Some(receiver) = target {
            let full = path(receiver).map(|path| format!("{path}.{function}"));
            if let Some(full) = full.filter(|full| functions::find(full).is_some()) {
                *function = full;
                *target = None;
            } else {
                types.insert(0, self.check(receiver));
            }
        }
        let Some(declared) = functions::find(function) else { return self.undeclared(at, function) };
        let result = self.applied(at, function, declared.overloads, target.is_some(), &types);
        if let (Some(Expr { kind: Kind::Literal(Value::String(text)), .. }), [args], "format") =
            (target.as_deref(), args.as_slice(), function.as_str())
            && result != Type::Error
            && let Kind::List(members) = &args.kind
            && let Err(message) = format::check(text, members)
        {
            self.mistake(at, message);
        }
        result
    }

    /// The result of a function for arguments of these types.
    fn applied(
        &mut self,
        at: usize,
        function: &str,
        overloads: &[&'static str],
        is_member: bool,
        types: &[Type],
    ) -> Type {
        let overloads: Vec<_> =
            overloads.iter().map(|text| Overload::read(text, &mut self.substitution)).collect();
        self.resolve(&overloads, is_member, types).unwrap_or_else(|| {
            let signature = self.signature(is_member, types);
            self.mistake(at, format!("found no matching overload for '{function}' applied to '{signature}'"))
        })
    }

    /// The result of the overloads that fit; it is open when they give different types.
    fn resolve(&mut self, overloads: &[Overload], is_member: bool, types: &[Type]) -> Option<Type> {
        let mut result: Option<Type> = None;
        for overload in overloads.iter().filter(|overload| overload.is_member == is_member) {
            if !self.substitution.accept(types, &overload.args) {
                continue;
            }
            let of = self.substitution.apply(&overload.result);
            result = Some(match result {
                None => of,
                Some(known) if known == of => known,
                Some(_) => Type::Dyn,
            });
        }
        result
    }

    fn signature(&self, is_member: bool, types: &[Type]) -> String {
        let types: Vec<String> = types.iter().map(|of| self.substitution.apply(of).to_string()).collect();
        match types.split_first() {
            Some((receiver, args)) if is_member => format!("{receiver}.({})", args.join(", ")),
            _ => format!("({})", types.join(", ")),
        }
    }

    fn expect_bool(&mut self, at: usize, of: &Type) {
        if !self.substitution.accept(from_ref(of), &[Type::Bool]) {
            let of = self.substitution.apply(of);
            self.mistake(at, format!("expected type 'bool' but found '{of}'"));
        }
    }

    fn fold(&mut self, at: usize, fold: &mut Fold) -> Type {
        let range = self.check(&mut fold.range);
        let member = match &range {
            Type::List(of) | Type::Map(of, _) => (**of).clone(),
            Type::Dyn | Type::Error => Type::Dyn,
            Type::Parameter(_) => {
                self.substitution.accept(&[Type::Dyn], from_ref(&range));
                Type::Dyn
            }
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.mistake(fold.range.at, message)
            }
        };
        let (how, filter, body) = (fold.how, &mut fold.filter, &mut fold.body);
        let of = self.within(fold.variable.clone(), member.clone(), |checker| {
            if let Some(filter) = filter {
                let of = checker.check(filter);
                checker.expect_bool(filter.at, &of);
            }
            checker.check(body)
        });
        match how {
            How::All | How::Exists | How::ExistsOne => {
                self.expect_bool(fold.body.at, &of);
                Type::Bool
            }
            How::Filter => {
                self.expect_bool(fold.body.at, &of);
                Type::list(member)
            }
            How::Map => Type::list(of),
            How::SortBy => {
                if self.applied(at, "sortBy", lists::SORT, true, &[Type::list(of)]) == Type::Error {
                    return Type::Error;
                }
                Type::list(member)
            }
        }
    }
}

fn literal(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Uint(_) => Type::Uint,
        Value::Double(_) => Type::Double,
        Value::String(_) => Type::String,
        Value::Bytes(_) => Type::Bytes,
        Value::List(_)
        | Value::Map(_)
        | Value::Duration(_)
        | Value::Timestamp(_)
        | Value::Type(_)
        | Value::Request => Type::Dyn,
    }
}

/// `a.b.c` as one name.
fn path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Name(name) => Some(name.clone()),
        Kind::Select(of, field) => Some(format!("{}.{field}", path(of)?)),
        _ => None,
    }
}
