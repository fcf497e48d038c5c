//! How functions may be called, and the names of types.

use super::types::{Substitution, Type};

/// Names of types that are values themselves.
const TYPES: [(&str, Type); 10] = [
    ("bool", Type::Bool),
    ("bytes", Type::Bytes),
    ("double", Type::Double),
    ("int", Type::Int),
    ("null_type", Type::Null),
    ("string", Type::String),
    ("uint", Type::Uint),
    ("google.protobuf.Duration", Type::Duration),
    ("google.protobuf.Timestamp", Type::Timestamp),
    ("http.Request", Type::Request),
];

/// The type that a name stands for, and the name as a value has it.
pub(super) fn type_named(name: &str) -> Option<(Type, &'static str)> {
    let simple = TYPES.iter().find(|(known, _)| *known == name).map(|(known, of)| (of.clone(), *known));
    simple.or(match name {
        "list" => Some((Type::list(Type::Dyn), "list")),
        "map" => Some((Type::Map(Box::new(Type::Dyn), Box::new(Type::Dyn)), "map")),
        "type" => Some((Type::Meta(Box::new(Type::Dyn)), "type")),
        _ => None,
    })
}

/// One way to call a function.
pub(super) struct Overload {
    pub(super) is_member: bool,
    /// The receiver first.
    pub(super) args: Vec<Type>,
    pub(super) result: Type,
}

impl Overload {
    /// Reads a text such as `string.(int) bool`: called on a string, with a number; `A` and `B` are type parameters.
    pub(super) fn read(text: &'static str, substitution: &mut Substitution) -> Self {
        Reader { rest: text, parameters: Vec::new() }.read(substitution)
    }
}

struct Reader {
    rest: &'static str,
    parameters: Vec<(&'static str, Type)>,
}

impl Reader {
    fn read(mut self, substitution: &mut Substitution) -> Overload {
        let mut args = Vec::new();
        let is_member = !self.take("(");
        if is_member {
            args.push(self.of_type(substitution));
            self.take(".(");
        }
        while !self.take(") ") {
            args.push(self.of_type(substitution));
            self.take(", ");
        }
        let result = self.of_type(substitution);
        Overload { is_member, args, result }
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn of_type(&mut self, substitution: &mut Substitution) -> Type {
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        match name {
            "list" | "type" | "map" => {
                self.take("(");
                let first = Box::new(self.of_type(substitution));
                let found = match name {
                    "list" => Type::List(first),
                    "type" => Type::Meta(first),
                    _ => {
                        self.take(", ");
                        Type::Map(first, Box::new(self.of_type(substitution)))
                    }
                };
                self.take(")");
                found
            }
            "any" => Type::Any,
            "dyn" => Type::Dyn,
            "duration" => Type::Duration,
            "timestamp" => Type::Timestamp,
            "request" => Type::Request,
            "A" | "B" => match self.parameters.iter().find(|(known, _)| *known == name) {
                Some((_, parameter)) => parameter.clone(),
                None => {
                    let parameter = substitution.fresh();
                    self.parameters.push((name, parameter.clone()));
                    parameter
                }
            },
            simple => type_named(simple).map_or(Type::Dyn, |(known, _)| known),
        }
    }
}
