//! From checked expressions to programs: what needs no request is worked out here.

use super::{
    declarations,
    evaluate::{self, Failure, Fold, Made, Node, Program},
    functions, placeholder,
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

impl Compiler<'_> {
    fn compile(&mut self, expr: Expr) -> Result<Node, BuildError> {
        Ok(match expr.kind {
            Kind::Literal(value) => Node::Constant(value),
            Kind::Name(name) => self.name(&name),
            Kind::Select(of, field) => Node::Field(Box::new(self.compile(*of)?), Value::string(field)),
            Kind::Has(of, field) => Node::Has(Box::new(self.compile(*of)?), Value::string(field)),
            Kind::Call { function, target, args } => {
                let args = target.map(|target| *target).into_iter().chain(args).collect();
                return self.call(&function, args);
            }
            Kind::List(members) => {
                let members = self.compile_all(members)?;
                match constants(&members) {
                    Some(values) => Node::Constant(Value::List(values.into())),
                    None => Node::List(members),
                }
            }
            Kind::Map(entries) => self.map(entries)?,
            Kind::Fold(fold) => self.fold(*fold)?,
            Kind::Bind(name, parts) => {
                let [value, body] = *parts;
                let value = self.compile(value)?;
                Node::Bind(Box::new([value, self.within(name, body)?]))
            }
            Kind::Matcher(name, args) => return self.matcher(name, args),
        })
    }

    fn compile_all(&mut self, exprs: Vec<Expr>) -> Result<Vec<Node>, BuildError> {
        exprs.into_iter().map(|expr| self.compile(expr)).collect()
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
            None => Node::Constant(match declarations::type_named(name) {
                Some((_, name)) => Value::Type(name),
                None => Value::Request,
            }),
        }
    }

    fn map(&mut self, entries: Vec<(Expr, Expr)>) -> Result<Node, BuildError> {
        let entries = entries.into_iter().map(|(key, value)| Ok((self.compile(key)?, self.compile(value)?)));
        let entries: Vec<_> = entries.collect::<Result<_, BuildError>>()?;
        let fixed = entries.iter().map(|entry| match entry {
            (Node::Constant(key), Node::Constant(value)) => Some((key.clone(), value.clone())),
            _ => None,
        });
        Ok(match fixed.collect::<Option<Vec<_>>>() {
            Some(entries) => Node::Constant(evaluate::map(entries)),
            None => Node::Map(entries),
        })
    }

    fn fold(&mut self, fold: syntax::Fold) -> Result<Node, BuildError> {
        let range = self.compile(fold.range)?;
        let filter = fold.filter.map(|filter| self.within(fold.variable.clone(), filter)).transpose()?;
        let body = self.within(fold.variable, fold.body)?;
        Ok(Node::Fold(Box::new(Fold { how: fold.how, range, filter, body })))
    }

    fn call(&mut self, function: &str, args: Vec<Expr>) -> Result<Node, BuildError> {
        let mut nodes = self.compile_all(args)?;
        match (function, nodes.as_mut_slice()) {
            ("_&&_", _) => return Ok(Node::And(nodes)),
            ("_||_", _) => return Ok(Node::Or(nodes)),
            ("_?_:_", _) => {
                let parts = <[Node; 3]>::try_from(nodes).map_err(|_| self.cx.error("no such overload"))?;
                return Ok(Node::If(Box::new(parts)));
            }
            ("ph", [_, name]) => return self.placeholder(name),
            ("_==_", [Node::Placeholder(key), Node::Constant(Value::String(text))])
            | ("_==_", [Node::Constant(Value::String(text)), Node::Placeholder(key)])
                if placeholder::is_text(key) =>
            {
                return Ok(Node::TextIs(key.clone(), (&**text).into()));
            }
            ("matches", [text, Node::Constant(Value::String(pattern))]) => {
                let regex = evaluate::pattern(pattern).map_err(|failure| self.failed(failure))?;
                let text = std::mem::replace(text, Node::Constant(Value::Null));
                return Ok(Node::Matches(Box::new(text), regex));
            }
            _ => {}
        }
        let Some(implementation) = functions::find(function) else {
            return Err(self.cx.unsupported(&format!("the function {function} of expressions")));
        };
        // Conversions of constants are worked out now, as in Caddy: what cannot be converted is a mistake.
        match constants(&nodes) {
            Some(values) if functions::is_conversion(function) => match implementation(&values) {
                Ok(value) => Ok(Node::Constant(value)),
                Err(failure) => Err(self.failed(failure)),
            },
            Some(values) if function == "_+_" => match implementation(&values) {
                Ok(value) => Ok(Node::Constant(value)),
                Err(_) => Ok(Node::Call(implementation, nodes)),
            },
            _ => Ok(Node::Call(implementation, nodes)),
        }
    }

    fn failed(&self, failure: Failure) -> BuildError {
        match failure {
            Failure::Message(message) => self.cx.error(format!("compiling CEL program: {message}")),
            Failure::Raised(error) => self.cx.error(error.to_string()),
        }
    }

    fn placeholder(&self, name: &Node) -> Result<Node, BuildError> {
        match name {
            Node::Constant(Value::String(name)) => Ok(match Key::parse(name, self.cx)? {
                Key::Constant(value) => Node::Constant(Value::string(value)),
                key => Node::Placeholder(Box::new(key)),
            }),
            _ => Err(self.cx.unsupported("a placeholder in an expression whose name is not a plain text")),
        }
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
            Kind::Call { function, args, .. } if function == "ph" => match args.get(1).map(|name| &name.kind)
            {
                Some(Kind::Literal(Value::String(name))) if !name.contains(['{', '}', '\\']) => {
                    Ok(Text { text: format!("{{{name}}}"), is_computed: true })
                }
                _ => {
                    Err(self.cx.unsupported("a placeholder in an expression whose name is not a plain text"))
                }
            },
            _ => Err(self.cx.error("matcher arguments must be string constants")),
        }
    }
}

fn constants(nodes: &[Node]) -> Option<Vec<Value>> {
    let values = nodes.iter().map(|node| match node {
        Node::Constant(value) => Some(value.clone()),
        _ => None,
    });
    values.collect()
}
