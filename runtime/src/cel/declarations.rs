//! The functions and operators that there are, with the types they take and give.

use super::types::{Substitution, Type};

/// A function and its overloads. `string.(int) bool` is called on a string; letters are type parameters.
type Declaration = (&'static str, &'static [&'static str]);

const ORDER: &[&str] = &[
    "(bool, bool) bool",
    "(int, int) bool",
    "(uint, uint) bool",
    "(double, double) bool",
    "(string, string) bool",
    "(bytes, bytes) bool",
    "(timestamp, timestamp) bool",
    "(duration, duration) bool",
];
const INTEGERS: &[&str] = &["(int, int) int", "(uint, uint) uint"];
const NUMBERS: &[&str] = &["(double, double) double", "(int, int) int", "(uint, uint) uint"];
const NUMBER: &[&str] = &["(double) double", "(int) int", "(uint) uint"];
const ROUND: &[&str] = &["(double) double"];
const TEST: &[&str] = &["(double) bool"];
const SHIFT: &[&str] = &["(int, int) int", "(uint, int) uint"];
const SEARCH: &[&str] = &["string.(string) int", "string.(string, int) int"];
const TEXT: &[&str] = &["string.() string"];
const PREDICATE: &[&str] = &["string.(string) bool"];
const DATE: &[&str] = &["timestamp.() int", "timestamp.(string) int"];
const TIME: &[&str] = &["timestamp.() int", "timestamp.(string) int", "duration.() int"];
const EXTREME: &[&str] = &[
    "(double) double",
    "(int) int",
    "(uint) uint",
    "(double, double) double",
    "(int, int) int",
    "(uint, uint) uint",
    "(int, uint) dyn",
    "(int, double) dyn",
    "(double, int) dyn",
    "(double, uint) dyn",
    "(uint, int) dyn",
    "(uint, double) dyn",
    "(list(double)) double",
    "(list(int)) int",
    "(list(uint)) uint",
];
const SORT: &[&str] = &[
    "list(int).() list(int)",
    "list(uint).() list(uint)",
    "list(double).() list(double)",
    "list(bool).() list(bool)",
    "list(duration).() list(duration)",
    "list(timestamp).() list(timestamp)",
    "list(string).() list(string)",
    "list(bytes).() list(bytes)",
];

const DECLARATIONS: &[Declaration] = &[
    ("_?_:_", &["(bool, A, A) A"]),
    ("!_", &["(bool) bool"]),
    ("-_", &["(double) double", "(int) int"]),
    ("_==_", &["(A, A) bool"]),
    ("_!=_", &["(A, A) bool"]),
    ("_<_", ORDER),
    ("_<=_", ORDER),
    ("_>_", ORDER),
    ("_>=_", ORDER),
    (
        "_+_",
        &[
            "(bytes, bytes) bytes",
            "(double, double) double",
            "(duration, duration) duration",
            "(duration, timestamp) timestamp",
            "(timestamp, duration) timestamp",
            "(int, int) int",
            "(list(A), list(A)) list(A)",
            "(string, string) string",
            "(uint, uint) uint",
        ],
    ),
    (
        "_-_",
        &[
            "(double, double) double",
            "(duration, duration) duration",
            "(int, int) int",
            "(timestamp, duration) timestamp",
            "(timestamp, timestamp) duration",
            "(uint, uint) uint",
        ],
    ),
    ("_*_", NUMBERS),
    ("_/_", NUMBERS),
    ("_%_", INTEGERS),
    ("_[_]", &["(list(A), int) A", "(map(A, B), A) B"]),
    ("@in", &["(A, list(A)) bool", "(A, map(A, B)) bool"]),
    ("ph", &["(request, string) any"]),
    (
        "size",
        &[
            "(bytes) int",
            "bytes.() int",
            "(list(A)) int",
            "list(A).() int",
            "(map(A, B)) int",
            "map(A, B).() int",
            "(string) int",
            "string.() int",
        ],
    ),
    ("type", &["(A) type(A)"]),
    ("dyn", &["(A) dyn"]),
    ("bool", &["(bool) bool", "(string) bool"]),
    ("bytes", &["(bytes) bytes", "(string) bytes"]),
    ("double", &["(double) double", "(int) double", "(string) double", "(uint) double"]),
    ("duration", &["(duration) duration", "(string) duration"]),
    (
        "int",
        &["(int) int", "(double) int", "(duration) int", "(string) int", "(timestamp) int", "(uint) int"],
    ),
    (
        "string",
        &[
            "(string) string",
            "(bool) string",
            "(bytes) string",
            "(double) string",
            "(duration) string",
            "(int) string",
            "(timestamp) string",
            "(uint) string",
        ],
    ),
    ("timestamp", &["(timestamp) timestamp", "(int) timestamp", "(string) timestamp"]),
    ("uint", &["(uint) uint", "(double) uint", "(int) uint", "(string) uint"]),
    ("contains", PREDICATE),
    ("endsWith", PREDICATE),
    ("startsWith", PREDICATE),
    ("matches", &["(string, string) bool", "string.(string) bool"]),
    ("getFullYear", DATE),
    ("getMonth", DATE),
    ("getDayOfYear", DATE),
    ("getDayOfMonth", DATE),
    ("getDate", DATE),
    ("getDayOfWeek", DATE),
    ("getHours", TIME),
    ("getMinutes", TIME),
    ("getSeconds", TIME),
    ("getMilliseconds", TIME),
    ("charAt", &["string.(int) string"]),
    ("indexOf", SEARCH),
    ("lastIndexOf", SEARCH),
    ("lowerAscii", TEXT),
    ("upperAscii", TEXT),
    ("trim", TEXT),
    ("replace", &["string.(string, string) string", "string.(string, string, int) string"]),
    ("split", &["string.(string) list(string)", "string.(string, int) list(string)"]),
    ("substring", &["string.(int) string", "string.(int, int) string"]),
    ("format", &["string.(list(dyn)) string"]),
    ("strings.quote", &["(string) string"]),
    ("join", &["list(string).() string", "list(string).(string) string"]),
    ("reverse", &["string.() string", "list(A).() list(A)"]),
    ("slice", &["list(A).(int, int) list(A)"]),
    ("flatten", &["list(list(A)).() list(A)", "list(dyn).(int) list(dyn)"]),
    ("sort", SORT),
    ("lists.range", &["(int) list(int)"]),
    ("distinct", &["list(A).() list(A)"]),
    ("math.@min", EXTREME),
    ("math.@max", EXTREME),
    ("math.ceil", ROUND),
    ("math.floor", ROUND),
    ("math.round", ROUND),
    ("math.trunc", ROUND),
    ("math.isInf", TEST),
    ("math.isNaN", TEST),
    ("math.isFinite", TEST),
    ("math.abs", NUMBER),
    ("math.sign", NUMBER),
    ("math.sqrt", &["(double) double", "(int) double", "(uint) double"]),
    ("math.bitAnd", INTEGERS),
    ("math.bitOr", INTEGERS),
    ("math.bitXor", INTEGERS),
    ("math.bitNot", &["(int) int", "(uint) uint"]),
    ("math.bitShiftLeft", SHIFT),
    ("math.bitShiftRight", SHIFT),
];

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

/// One way to call a function.
pub(super) struct Overload {
    pub(super) is_member: bool,
    /// The receiver first.
    pub(super) args: Vec<Type>,
    pub(super) result: Type,
}

/// Whether there is a function of this name.
pub(super) fn is_function(name: &str) -> bool {
    find(name).is_some()
}

fn find(name: &str) -> Option<&'static Declaration> {
    DECLARATIONS.iter().find(|(declared, _)| *declared == name)
}

/// The ways to call a function, with fresh type parameters.
pub(super) fn overloads(name: &str, substitution: &mut Substitution) -> Vec<Overload> {
    let texts = find(name).map_or(&[][..], |(_, overloads)| overloads);
    texts.iter().map(|text| Signature { rest: text, parameters: Vec::new() }.read(substitution)).collect()
}

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

/// Reads the texts of the table.
struct Signature {
    rest: &'static str,
    parameters: Vec<(&'static str, Type)>,
}

impl Signature {
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
