//! Programs, and what they come to for a request.

use std::sync::Arc;

use regex::Regex;

use super::{syntax::How, value::Value};
use crate::{
    error::{Error, Kind, Outcome},
    http::{Exchange, route::Matcher},
    placeholder::{Key, Scope},
    regexp,
};

/// A function of values.
pub(super) type Function = fn(&[Value]) -> Result<Value, Failure>;

/// Why an expression has no value.
#[derive(Debug)]
pub(super) enum Failure {
    /// An operation could not be done.
    Message(String),
    /// A matcher raised an error.
    Raised(Error),
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Failure::Message(message.into())
    }

    pub(super) fn no_such_overload() -> Self {
        Failure::new("no such overload")
    }
}

/// A compiled expression.
pub(crate) struct Program(pub(super) Node);

/// A part of a program.
pub(super) enum Node {
    Constant(Value),
    /// A variable of a macro, counted from the outermost.
    Local(usize),
    Placeholder(Box<Key>),
    Call(Function, Vec<Node>),
    /// Whether a placeholder that is a text has this value.
    TextIs(Box<Key>, Box<str>),
    Matches(Box<Node>, Regex),
    And(Vec<Node>),
    Or(Vec<Node>),
    If(Box<[Node; 3]>),
    Field(Box<Node>, Value),
    Has(Box<Node>, Value),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Fold(Box<Fold>),
    Bind(Box<[Node; 2]>),
    Matcher(Box<dyn Matcher>),
    /// A matcher that is made for each request, out of texts.
    Made(Vec<Node>, Made),
}

/// Makes a matcher out of texts that are only known with the request, and asks it; an error when they make none.
pub(crate) type Made = Box<dyn Fn(&[Arc<str>], &mut Exchange) -> Result<bool, String> + Send + Sync>;

/// What goes over a list.
pub(super) struct Fold {
    pub(super) how: How,
    pub(super) range: Node,
    pub(super) filter: Option<Node>,
    pub(super) body: Node,
}

/// What a program sees.
pub(super) struct Frame<'e> {
    exchange: &'e mut Exchange,
    locals: Vec<Value>,
}

impl Matcher for Program {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        match self.0.evaluate(&mut Frame { exchange, locals: Vec::new() }) {
            Ok(Value::Bool(matches)) => Ok(matches),
            Ok(_) => Ok(false),
            Err(Failure::Raised(error)) => Err(error),
            Err(Failure::Message(message)) => {
                Err(Error::new(Kind::Internal, format!("evaluating expression: {message}")))
            }
        }
    }
}

impl Node {
    pub(super) fn evaluate(&self, frame: &mut Frame<'_>) -> Result<Value, Failure> {
        match self {
            Node::Constant(value) => Ok(value.clone()),
            Node::Local(index) => Ok(frame.locals[*index].clone()),
            Node::Placeholder(key) => super::placeholder::value(key, frame.exchange),
            Node::Call(function, args) => match args.as_slice() {
                [arg] => function(&[arg.evaluate(frame)?]),
                [left, right] => function(&[left.evaluate(frame)?, right.evaluate(frame)?]),
                args => function(&evaluate_all(args, frame)?),
            },
            Node::TextIs(key, text) => Ok(Value::Bool(
                key.value(&Scope::from(&*frame.exchange)).is_some_and(|value| *value == **text),
            )),
            Node::Matches(text, regex) => match text.evaluate(frame)? {
                Value::String(text) => Ok(Value::Bool(regex.is_match(&text))),
                _ => Err(Failure::no_such_overload()),
            },
            Node::And(parts) => decide(parts.iter().map(|part| part.evaluate(frame)), false),
            Node::Or(parts) => decide(parts.iter().map(|part| part.evaluate(frame)), true),
            Node::If(parts) => match parts[0].evaluate(frame)? {
                Value::Bool(true) => parts[1].evaluate(frame),
                Value::Bool(false) => parts[2].evaluate(frame),
                _ => Err(Failure::no_such_overload()),
            },
            Node::Field(of, field) => field_of(&of.evaluate(frame)?, field),
            Node::Has(of, field) => Ok(Value::Bool(of.evaluate(frame)?.get(field).is_some())),
            Node::List(members) => Ok(Value::List(evaluate_all(members, frame)?.into())),
            Node::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| Ok((key.evaluate(frame)?, value.evaluate(frame)?)));
                Ok(map(entries.collect::<Result<_, Failure>>()?))
            }
            Node::Fold(fold) => fold.evaluate(frame),
            Node::Bind(parts) => {
                let value = parts[0].evaluate(frame)?;
                frame.with(value, |frame| parts[1].evaluate(frame))
            }
            Node::Matcher(matcher) => {
                matcher.matches(frame.exchange).map(Value::Bool).map_err(Failure::Raised)
            }
            Node::Made(texts, made) => {
                let texts = texts.iter().map(|text| match text.evaluate(frame)? {
                    Value::String(text) => Ok(text),
                    other => Err(Failure::new(format!(
                        "a matcher takes texts, and a placeholder is of the type {}",
                        other.type_name()
                    ))),
                });
                let texts = texts.collect::<Result<Vec<_>, _>>()?;
                made(&texts, frame.exchange).map(Value::Bool).map_err(Failure::Message)
            }
        }
    }
}

fn evaluate_all(nodes: &[Node], frame: &mut Frame<'_>) -> Result<Vec<Value>, Failure> {
    nodes.iter().map(|node| node.evaluate(frame)).collect()
}

/// The first value that is `decisive`, whatever fails before it; else the first failure; else the opposite.
fn decide(values: impl Iterator<Item = Result<Value, Failure>>, decisive: bool) -> Result<Value, Failure> {
    let mut failure = None;
    for value in values {
        match value {
            Ok(Value::Bool(value)) if value == decisive => return Ok(Value::Bool(decisive)),
            Ok(Value::Bool(_)) => {}
            Ok(_) => failure = failure.or_else(|| Some(Failure::no_such_overload())),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(Value::Bool(!decisive)), Err)
}

fn field_of(of: &Value, field: &Value) -> Result<Value, Failure> {
    match (of, field) {
        (Value::Map(_), Value::String(name)) => {
            of.get(field).cloned().ok_or_else(|| Failure::new(format!("no such key: {name}")))
        }
        _ => Err(Failure::no_such_overload()),
    }
}

/// Of keys that are equal the last counts.
pub(super) fn map(entries: Vec<(Value, Value)>) -> Value {
    let mut map: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        match map.iter_mut().find(|(known, _)| known.equals(&key)) {
            Some(entry) => entry.1 = value,
            None => map.push((key, value)),
        }
    }
    Value::Map(map.into())
}

/// Compiles a pattern that is only known with the request.
pub(super) fn pattern(pattern: &str) -> Result<Regex, Failure> {
    regexp::compile(pattern).map_err(Failure::Message)
}

impl Frame<'_> {
    fn with<T>(&mut self, value: Value, evaluate: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push(value);
        let found = evaluate(self);
        self.locals.pop();
        found
    }
}

impl Fold {
    fn evaluate(&self, frame: &mut Frame<'_>) -> Result<Value, Failure> {
        let members: Vec<Value> = match self.range.evaluate(frame)? {
            Value::List(members) => members.to_vec(),
            Value::Map(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            other => {
                return Err(Failure::new(format!("got '{}', expected iterable type", other.type_name())));
            }
        };
        let mut bodies =
            members.iter().map(|member| frame.with(member.clone(), |frame| self.body.evaluate(frame)));
        match self.how {
            How::All => decide(bodies, false),
            How::Exists => decide(bodies, true),
            How::ExistsOne => {
                let count =
                    bodies.try_fold(0_usize, |count, body| Ok(count + usize::from(is_true(body?)?)))?;
                Ok(Value::Bool(count == 1))
            }
            How::Filter => {
                let taken = bodies.map(|body| is_true(body?)).collect::<Result<Vec<_>, Failure>>()?;
                let members = members.iter().zip(taken).filter(|(_, taken)| *taken);
                Ok(Value::list(members.map(|(member, _)| member.clone())))
            }
            How::SortBy => {
                let keys = bodies.collect::<Result<Vec<_>, _>>()?;
                super::functions::lists::sorted(&members, &keys)
            }
            How::Map => {
                let mut mapped = Vec::with_capacity(members.len());
                for member in &members {
                    frame.locals.push(member.clone());
                    let body = self.filtered(frame);
                    frame.locals.pop();
                    mapped.extend(body?);
                }
                Ok(Value::List(mapped.into()))
            }
        }
    }

    fn filtered(&self, frame: &mut Frame<'_>) -> Result<Option<Value>, Failure> {
        let taken = match &self.filter {
            Some(filter) => is_true(filter.evaluate(frame)?)?,
            None => true,
        };
        if taken { self.body.evaluate(frame).map(Some) } else { Ok(None) }
    }
}

fn is_true(value: Value) -> Result<bool, Failure> {
    match value {
        Value::Bool(value) => Ok(value),
        _ => Err(Failure::no_such_overload()),
    }
}
