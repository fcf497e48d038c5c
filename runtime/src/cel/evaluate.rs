//! Programs, and what they come to for a request.

use std::sync::Arc;

use regex::Regex;

use super::{
    functions::{Run, lists},
    syntax::How,
    value::Value,
};
use crate::{
    error::{Error, Kind, Outcome},
    http::{Exchange, route::Matcher},
    placeholder::{self, Key, Scope},
    regexp,
};

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
    Call(Run, Vec<Node>),
    /// Whether it is one of these texts, which are sorted.
    Among(Box<Node>, Box<[Arc<str>]>),
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

// Each kind is worked out in a function of its own: they call each other as deep as expressions are.
impl Node {
    pub(super) fn evaluate(&self, frame: &mut Frame<'_>) -> Result<Value, Failure> {
        match self {
            Node::Constant(value) => Ok(value.clone()),
            Node::Local(index) => Ok(frame.locals[*index].clone()),
            Node::Placeholder(key) => filled_in(key, frame),
            Node::Call(run, args) => call(*run, args, frame),
            Node::Among(node, texts) => node.is_among(texts, frame),
            Node::Matches(node, regex) => node.is_match(regex, frame),
            Node::And(parts) => decide(parts.iter().map(|part| part.evaluate(frame)), false),
            Node::Or(parts) => decide(parts.iter().map(|part| part.evaluate(frame)), true),
            Node::If(parts) => choose(parts, frame),
            Node::Field(of, field) => field_of(of, field, frame),
            Node::Has(of, field) => has(of, field, frame),
            Node::List(members) => Ok(Value::List(evaluate_all(members, frame)?.into())),
            Node::Map(entries) => build_map(entries, frame),
            Node::Fold(fold) => fold.evaluate(frame),
            Node::Bind(parts) => bind(parts, frame),
            Node::Matcher(matcher) => {
                matcher.matches(frame.exchange).map(Value::Bool).map_err(Failure::Raised)
            }
            Node::Made(texts, made) => make(texts, made, frame),
        }
    }

    /// Looks at a text, that of a placeholder where it is; `None` for values of other types.
    fn look<T>(&self, frame: &mut Frame<'_>, look: impl FnOnce(&str) -> T) -> Result<Option<T>, Failure> {
        if let Node::Placeholder(key) = self {
            return match key.value(&Scope::from(&*frame.exchange)) {
                Some(placeholder::Value::Text(text)) => Ok(Some(look(&text))),
                Some(other) => Value::try_from(other).map(|_| None),
                None => Ok(None),
            };
        }
        match self.evaluate(frame)? {
            Value::String(text) => Ok(Some(look(&text))),
            _ => Ok(None),
        }
    }

    fn is_among(&self, texts: &[Arc<str>], frame: &mut Frame<'_>) -> Result<Value, Failure> {
        let found = self.look(frame, |text| texts.binary_search_by(|known| (**known).cmp(text)).is_ok())?;
        Ok(Value::Bool(found.unwrap_or(false)))
    }

    fn is_match(&self, regex: &Regex, frame: &mut Frame<'_>) -> Result<Value, Failure> {
        let found = self.look(frame, |text| regex.is_match(text))?;
        found.map(Value::Bool).ok_or_else(Failure::no_such_overload)
    }
}

/// A placeholder that is unknown is null.
fn filled_in(key: &Key, frame: &Frame<'_>) -> Result<Value, Failure> {
    let value = key.value(&Scope::from(&*frame.exchange));
    value.map_or(Ok(Value::Null), Value::try_from)
}

fn call(run: Run, args: &[Node], frame: &mut Frame<'_>) -> Result<Value, Failure> {
    match args {
        [arg] => run(&[arg.evaluate(frame)?]),
        [left, right] => run(&[left.evaluate(frame)?, right.evaluate(frame)?]),
        args => run(&evaluate_all(args, frame)?),
    }
}

fn choose(parts: &[Node; 3], frame: &mut Frame<'_>) -> Result<Value, Failure> {
    let [condition, yes, no] = parts;
    if is_true(&condition.evaluate(frame)?)? { yes.evaluate(frame) } else { no.evaluate(frame) }
}

fn has(of: &Node, field: &Value, frame: &mut Frame<'_>) -> Result<Value, Failure> {
    Ok(Value::Bool(of.evaluate(frame)?.get(field).is_some()))
}

fn field_of(of: &Node, field: &Value, frame: &mut Frame<'_>) -> Result<Value, Failure> {
    match (&of.evaluate(frame)?, field) {
        (of @ Value::Map(_), Value::String(name)) => {
            of.get(field).cloned().ok_or_else(|| Failure::new(format!("no such key: {name}")))
        }
        _ => Err(Failure::no_such_overload()),
    }
}

fn build_map(entries: &[(Node, Node)], frame: &mut Frame<'_>) -> Result<Value, Failure> {
    let mut values = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        values.push((key.evaluate(frame)?, value.evaluate(frame)?));
    }
    Ok(map(values))
}

fn bind(parts: &[Node; 2], frame: &mut Frame<'_>) -> Result<Value, Failure> {
    let [value, body] = parts;
    let value = value.evaluate(frame)?;
    frame.with(value, |frame| body.evaluate(frame))
}

fn make(texts: &[Node], made: &Made, frame: &mut Frame<'_>) -> Result<Value, Failure> {
    let texts = evaluate_all(texts, frame)?.into_iter().map(|text| match text {
        Value::String(text) => Ok(text),
        other => Err(Failure::new(format!(
            "a matcher takes texts, and a placeholder is of the type {}",
            other.type_name()
        ))),
    });
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    made(&texts, frame.exchange).map(Value::Bool).map_err(Failure::Message)
}

fn evaluate_all(nodes: &[Node], frame: &mut Frame<'_>) -> Result<Vec<Value>, Failure> {
    let mut values = Vec::with_capacity(nodes.len());
    for node in nodes {
        values.push(node.evaluate(frame)?);
    }
    Ok(values)
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
        let members: Arc<[Value]> = match self.range.evaluate(frame)? {
            Value::List(members) => members,
            Value::Map(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            other => {
                return Err(Failure::new(format!("got '{}', expected iterable type", other.type_name())));
            }
        };
        match self.how {
            How::All => decide(self.bodies(&members, frame), false),
            How::Exists => decide(self.bodies(&members, frame), true),
            How::ExistsOne => {
                let taken = self.taken(&members, frame)?;
                Ok(Value::Bool(taken.len() == 1))
            }
            How::Filter => self.taken(&members, frame).map(Value::list),
            How::SortBy => {
                let keys = self.bodies(&members, frame).collect::<Result<Vec<_>, _>>()?;
                lists::sorted(&members, &keys)
            }
            How::Map => self.mapped(&members, frame),
        }
    }

    fn bodies(
        &self,
        members: &[Value],
        frame: &mut Frame<'_>,
    ) -> impl Iterator<Item = Result<Value, Failure>> {
        members.iter().map(|member| frame.with(member.clone(), |frame| self.body.evaluate(frame)))
    }

    fn taken(&self, members: &[Value], frame: &mut Frame<'_>) -> Result<Vec<Value>, Failure> {
        let mut taken = Vec::new();
        for (member, body) in members.iter().zip(self.bodies(members, frame)) {
            if is_true(&body?)? {
                taken.push(member.clone());
            }
        }
        Ok(taken)
    }

    fn mapped(&self, members: &[Value], frame: &mut Frame<'_>) -> Result<Value, Failure> {
        let mut mapped = Vec::with_capacity(members.len());
        for member in members {
            let body = frame.with(member.clone(), |frame| match &self.filter {
                Some(filter) if !is_true(&filter.evaluate(frame)?)? => Ok(None),
                _ => self.body.evaluate(frame).map(Some),
            });
            mapped.extend(body?);
        }
        Ok(Value::List(mapped.into()))
    }
}

fn is_true(value: &Value) -> Result<bool, Failure> {
    match value {
        Value::Bool(value) => Ok(*value),
        _ => Err(Failure::no_such_overload()),
    }
}
