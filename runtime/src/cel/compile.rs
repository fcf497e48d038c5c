//! From checked expressions to programs: what needs no request is worked out here.

use std::sync::Arc;

use super::{
    evaluate::{self, Failure, Fold, Made, Node, Program},
    functions::{self, Function},
    signature,
    syntax::{self, Expr, Kind},
    value::Value,
};
use crate::{
    build::{Build, BuildError},
    http::route::Matcher,
    placeholder::Key,
};

/// An argument of a matcher.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    /// A text.
    Text(Text),
    /// Several texts.
    List(Vec<Text>),
    /// Texts by name; a single text is a list of one.
    Map(Vec<(Text, Vec<Text>)>),
}

/// A text that a matcher is given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    /// The text, with placeholders in braces.
    pub(crate) text: String,
    /// Whether it has placeholders that the expression fills in, not the matcher.
    pub(crate) is_computed: bool,
}

/// Builds what the matcher of a name decides.
pub(crate) type Matchers<'m> =
    dyn Fn(&'static str, &[Argument], &mut Build) -> Result<Called, BuildError> + 'm;

/// What a call of a matcher becomes.
pub(crate) enum Called {
    /// A matcher.
    Matcher(Box<dyn Matcher>),
    /// A matcher that is made for each request.
    Made(Made),
}

pub(super) fn compile(expr: Expr, matchers: &Matchers<'_>, cx: &mut Build) -> Result<Program, BuildError> {
    let mut compiler = Compiler { matchers, scope: Vec::new(), cx };
    compiler.compile(expr).map(Program)
}

struct Compiler<'c> {
    matchers: &'c Matchers<'c>,
    /// Variables of macros, the outermost first.
    scope: Vec<String>,
    cx: &'c mut Build,
}

// Each kind is compiled in a function of its own: they call each other as deep as expressions are.
impl Compiler<'_> {
    fn compile(&mut self, expr: Expr) -> Result<Node, BuildError> {
        match expr.kind {
            Kind::Literal(value) => Ok(Node::Constant(value)),
            Kind::Name(name) => Ok(self.name(&name)),
            Kind::Placeholder(name) => self.placeholder(&name),
            Kind::Select(of, field) => Ok(Node::Field(self.boxed(*of)?, Value::string(field))),
            Kind::Has(of, field) => Ok(Node::Has(self.boxed(*of)?, Value::string(field))),
            Kind::Call { function, target, args } => self.call(&function, target, args),
            Kind::If(parts) => self.conditional(*parts),
            Kind::List(members) => self.list(members),
            Kind::Map(entries) => self.map(entries),
            Kind::Fold(fold) => self.fold(*fold),
            Kind::Bind(name, parts) => self.bind(name, *parts),
            Kind::Matcher(name, args) => self.matcher(name, args),
        }
    }

    fn boxed(&mut self, expr: Expr) -> Result<Box<Node>, BuildError> {
        self.compile(expr).map(Box::new)
    }

    fn compile_all(&mut self, exprs: Vec<Expr>) -> Result<Vec<Node>, BuildError> {
        let mut nodes = Vec::with_capacity(exprs.len());
        for expr in exprs {
            nodes.push(self.compile(expr)?);
        }
        Ok(nodes)
    }

    fn conditional(&mut self, [condition, yes, no]: [Expr; 3]) -> Result<Node, BuildError> {
        let parts = [self.compile(condition)?, self.compile(yes)?, self.compile(no)?];
        Ok(Node::If(Box::new(parts)))
    }

    fn list(&mut self, members: Vec<Expr>) -> Result<Node, BuildError> {
        let members = self.compile_all(members)?;
        Ok(match constants(&members) {
            Some(values) => Node::Constant(Value::List(values.into())),
            None => Node::List(members),
        })
    }

    fn bind(&mut self, name: String, [value, body]: [Expr; 2]) -> Result<Node, BuildError> {
        let value = self.compile(value)?;
        Ok(Node::Bind(Box::new([value, self.within(name, body)?])))
    }

    fn within(&mut self, name: String, body: Expr) -> Result<Node, BuildError> {
        self.scope.push(name);
        let body = self.compile(body);
        self.scope.pop();
        body
    }

    fn name(&self, name: &str) -> Node {
        match self.scope.iter().rposition(|known| known == name) {
            Some(index) => Node::Local(index),
            None => Node::Constant(match signature::type_named(name) {
                Some((_, name)) => Value::Type(name),
                None => Value::Request,
            }),
        }
    }

    fn map(&mut self, entries: Vec<(Expr, Expr)>) -> Result<Node, BuildError> {
        let mut nodes = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            nodes.push((self.compile(key)?, self.compile(value)?));
        }
        let fixed = nodes.iter().map(|entry| match entry {
            (Node::Constant(key), Node::Constant(value)) => Some((key.clone(), value.clone())),
            _ => None,
        });
        Ok(match fixed.collect::<Option<Vec<_>>>() {
            Some(entries) => Node::Constant(evaluate::map(entries)),
            None => Node::Map(nodes),
        })
    }

    fn fold(&mut self, fold: syntax::Fold) -> Result<Node, BuildError> {
        let range = self.compile(fold.range)?;
        let filter = fold.filter.map(|filter| self.within(fold.variable.clone(), filter)).transpose()?;
        let body = self.within(fold.variable, fold.body)?;
        Ok(Node::Fold(Box::new(Fold { how: fold.how, range, filter, body })))
    }

    fn call(
        &mut self,
        function: &str,
        target: Option<Box<Expr>>,
        mut args: Vec<Expr>,
    ) -> Result<Node, BuildError> {
        if let Some(target) = target {
            args.insert(0, *target);
        }
        let nodes = self.compile_all(args)?;
        match (function, functions::find(function)) {
            ("_&&_", _) => Ok(Node::And(nodes)),
            ("_||_", _) => Ok(Node::Or(nodes)),
            (_, Some(function)) => self.applied(function, nodes),
            (_, None) => Err(self.cx.unsupported(&format!("the function {function} of expressions"))),
        }
    }

    /// A call of a function, or what is known of it now.
    fn applied(&self, function: &Function, mut nodes: Vec<Node>) -> Result<Node, BuildError> {
        match (function.name, nodes.as_mut_slice()) {
            ("_==_", [node @ Node::Placeholder(_), Node::Constant(Value::String(text))])
            | ("_==_", [Node::Constant(Value::String(text)), node @ Node::Placeholder(_)]) => {
                return Ok(Node::Among(taken(node), [Arc::clone(text)].into()));
            }
            ("@in", [node, Node::Constant(Value::List(members))]) => {
                if let Some(texts) = texts(members) {
                    return Ok(Node::Among(taken(node), texts));
                }
            }
            ("matches", [node, Node::Constant(Value::String(pattern))]) => {
                let regex = evaluate::pattern(pattern).map_err(|failure| self.failed(failure))?;
                return Ok(Node::Matches(taken(node), regex));
            }
            _ => {}
        }
        match constants(&nodes).map(|values| (function.run)(&values)) {
            Some(Ok(value)) => Ok(Node::Constant(value)),
            // As in Caddy, what cannot be converted is a mistake; other failures are those of a request.
            Some(Err(failure)) if function.is_conversion() => Err(self.failed(failure)),
            _ => Ok(Node::Call(function.run, nodes)),
        }
    }

    fn failed(&self, failure: Failure) -> BuildError {
        match failure {
            Failure::Message(message) => self.cx.error(format!("compiling CEL program: {message}")),
            Failure::Raised(error) => self.cx.error(error.to_string()),
        }
    }

    fn placeholder(&self, name: &str) -> Result<Node, BuildError> {
        Ok(match Key::parse(name, self.cx)? {
            Key::Constant(value) => Node::Constant(Value::string(value)),
            key => Node::Placeholder(Box::new(key)),
        })
    }

    fn matcher(&mut self, name: &'static str, args: Vec<Expr>) -> Result<Node, BuildError> {
        let arguments = args.iter().map(|arg| self.argument(arg)).collect::<Result<Vec<_>, _>>()?;
        let is_text = arguments.iter().all(|argument| matches!(argument, Argument::Text(_)));
        Ok(match (self.matchers)(name, &arguments, self.cx)? {
            Called::Matcher(matcher) => Node::Matcher(matcher),
            Called::Made(_) if !is_text => {
                return Err(self
                    .cx
                    .unsupported(&format!("a placeholder there in {name}() of an expression")));
            }
            Called::Made(made) => Node::Made(self.compile_all(args)?, made),
        })
    }

    fn argument(&self, expr: &Expr) -> Result<Argument, BuildError> {
        let texts =
            |members: &[Expr]| members.iter().map(|member| self.text(member)).collect::<Result<Vec<_>, _>>();
        Ok(match &expr.kind {
            Kind::List(members) => Argument::List(texts(members)?),
            Kind::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let values = match &value.kind {
                        Kind::List(members) => texts(members)?,
                        _ => vec![self.text(value)?],
                    };
                    Ok((self.text(key)?, values))
                });
                Argument::Map(entries.collect::<Result<_, BuildError>>()?)
            }
            _ => Argument::Text(self.text(expr)?),
        })
    }

    /// A sum of texts and placeholders as one text; macros have seen to it that it is nothing else.
    fn text(&self, expr: &Expr) -> Result<Text, BuildError> {
        match &expr.kind {
            Kind::Literal(Value::String(text)) => Ok(Text { text: text.to_string(), is_computed: false }),
            Kind::Call { function, args, .. } if function == "_+_" => {
                let parts = args.iter().map(|arg| self.text(arg)).collect::<Result<Vec<_>, _>>()?;
                Ok(Text {
                    text: parts.iter().map(|part| part.text.as_str()).collect(),
                    is_computed: parts.iter().any(|part| part.is_computed),
                })
            }
            Kind::Placeholder(name) if name.contains(['{', '}', '\\']) => {
                Err(self.cx.unsupported("a placeholder with braces in its name in an expression"))
            }
            Kind::Placeholder(name) => Ok(Text { text: format!("{{{name}}}"), is_computed: true }),
            _ => Err(self.cx.error("matcher arguments must be string constants")),
        }
    }
}

/// Takes a node out of where nobody looks any more.
fn taken(node: &mut Node) -> Box<Node> {
    Box::new(std::mem::replace(node, Node::Constant(Value::Null)))
}

/// Texts in order; `None` if there are other values among them.
fn texts(members: &[Value]) -> Option<Box<[Arc<str>]>> {
    let texts = members.iter().map(|member| match member {
        Value::String(text) => Some(Arc::clone(text)),
        _ => None,
    });
    let mut texts = texts.collect::<Option<Box<[_]>>>()?;
    texts.sort_unstable();
    Some(texts)
}

fn constants(nodes: &[Node]) -> Option<Vec<Value>> {
    let values = nodes.iter().map(|node| match node {
        Node::Constant(value) => Some(value.clone()),
        _ => None,
    });
    values.collect()
}
