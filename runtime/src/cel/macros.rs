//! Calls that are more than calls: `has`, what goes over lists, bindings, and Caddy's matchers.

use super::{
    Mistake,
    syntax::{Expr, Fold, How, Kind},
    value::Value,
};

/// What a matcher is called with.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// One text or more.
    Texts,
    /// So many texts.
    Count(&'static [usize]),
    /// A map of texts to texts or lists of them.
    Map,
    /// Nothing, texts, or a map of the options of the matcher `file`.
    File,
}

const MATCHERS: [(&str, Shape); 14] = [
    ("client_ip", Shape::Texts),
    ("file", Shape::File),
    ("header", Shape::Map),
    ("header_regexp", Shape::Count(&[2, 3])),
    ("host", Shape::Texts),
    ("method", Shape::Texts),
    ("path", Shape::Texts),
    ("path_regexp", Shape::Count(&[1, 2])),
    ("protocol", Shape::Count(&[1])),
    ("query", Shape::Map),
    ("remote_ip", Shape::Texts),
    ("url_pattern", Shape::Count(&[1, 2])),
    ("vars", Shape::Map),
    ("vars_regexp", Shape::Count(&[2, 3])),
];

/// A call of a function that stands alone.
pub(super) fn global(at: usize, function: String, mut args: Vec<Expr>) -> Result<Expr, Mistake> {
    if function == "has" && args.len() == 1 {
        let arg = args.remove(0);
        return match arg.kind {
            Kind::Select(of, field) => Ok(Expr::new(at, Kind::Has(of, field))),
            _ => Err(mistake(&arg, "invalid argument to has() macro")),
        };
    }
    if function == "ph" {
        return placeholder(at, &args);
    }
    let matcher = MATCHERS.into_iter().find(|(name, shape)| {
        let counts = match shape {
            Shape::Texts | Shape::File => true,
            Shape::Count(counts) => counts.contains(&args.len()),
            Shape::Map => args.len() == 1,
        };
        *name == function && counts
    });
    if let Some((name, shape)) = matcher {
        shape.check(at, &args)?;
        return Ok(Expr::new(at, Kind::Matcher(name, args)));
    }
    Ok(Expr::new(at, Kind::Call { function, target: None, args }))
}

/// `ph(req, 'name')`, which is what braces stand for.
fn placeholder(at: usize, args: &[Expr]) -> Result<Expr, Mistake> {
    let name = match args {
        [Expr { kind: Kind::Name(request), .. }, name] if request == "req" => plain(name),
        _ => None,
    };
    let message = "ph() takes the request and the name of a placeholder as a plain text: ph(req, 'name')";
    let name = name.ok_or_else(|| Mistake { at, message: message.to_owned() })?;
    Ok(Expr::new(at, Kind::Placeholder(name)))
}

/// A text that is known now: a literal, or a sum of them.
fn plain(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Literal(Value::String(text)) => Some(text.to_string()),
        Kind::Call { function, target: None, args } if function == "_+_" => args.iter().map(plain).collect(),
        _ => None,
    }
}

impl Shape {
    fn check(self, at: usize, args: &[Expr]) -> Result<(), Mistake> {
        match self {
            Shape::Texts if args.is_empty() => {
                Err(Mistake { at, message: "matcher requires at least one argument".to_owned() })
            }
            Shape::Texts | Shape::Count(_) => match args.iter().find(|arg| !is_text(arg)) {
                Some(arg) if args.len() == 1 && matches!(self, Shape::Count(_)) => {
                    Err(mistake(arg, "matcher argument must be a string literal"))
                }
                Some(arg) => Err(mistake(arg, "matcher arguments must be string constants")),
                None => Ok(()),
            },
            Shape::Map => {
                let Kind::Map(entries) = &args[0].kind else {
                    return Err(mistake(&args[0], "matcher requires a map literal argument"));
                };
                entries.iter().try_for_each(|(key, value)| {
                    if !is_text(key) {
                        return Err(mistake(key, "matcher map keys must be string literals"));
                    }
                    if !is_text(value) && !is_list_of_texts(value) {
                        return Err(mistake(value, "matcher map values must be string or list literals"));
                    }
                    Ok(())
                })
            }
            Shape::File => file(args),
        }
    }
}

fn file(args: &[Expr]) -> Result<(), Mistake> {
    let is_name = |arg: &Expr| is_literal(arg) || is_placeholder(arg);
    if let [arg] = args {
        let options = match &arg.kind {
            Kind::Map(entries) => entries.iter().all(|(key, value)| match text_of(key) {
                Some("try_files" | "split_path") => is_list_of_texts(value),
                Some("try_policy" | "root") => is_text(value),
                _ => false,
            }),
            _ => is_name(arg),
        };
        let message = "matcher requires either a map or string literal argument";
        return if options { Ok(()) } else { Err(mistake(arg, message)) };
    }
    match args.iter().find(|arg| !is_name(arg)) {
        Some(arg) => Err(mistake(arg, "matcher only supports repeated string literal arguments")),
        None => Ok(()),
    }
}

fn text_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        Kind::Literal(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn is_literal(expr: &Expr) -> bool {
    text_of(expr).is_some()
}

fn is_placeholder(expr: &Expr) -> bool {
    matches!(expr.kind, Kind::Placeholder(_))
}

fn is_text(expr: &Expr) -> bool {
    let is_sum = || match &expr.kind {
        Kind::Call { function, target: None, args } => function == "_+_" && args.iter().all(is_text),
        _ => false,
    };
    is_literal(expr) || is_placeholder(expr) || is_sum()
}

fn is_list_of_texts(expr: &Expr) -> bool {
    matches!(&expr.kind, Kind::List(members) if members.iter().all(is_text))
}

/// A call of a function of something.
pub(super) fn member(
    at: usize,
    target: Expr,
    function: String,
    mut args: Vec<Expr>,
) -> Result<Expr, Mistake> {
    let namespace = match &target.kind {
        Kind::Name(name) => name.as_str(),
        _ => "",
    };
    match (namespace, function.as_str(), args.len()) {
        ("cel", "bind", 3) => return bind(at, args),
        ("math", "least", _) => return extreme(at, &target, "least", "math.@min", args),
        ("math", "greatest", _) => return extreme(at, &target, "greatest", "math.@max", args),
        _ => {}
    }
    let how = match (function.as_str(), args.len()) {
        ("all", 2) => How::All,
        ("exists", 2) => How::Exists,
        ("exists_one", 2) => How::ExistsOne,
        ("filter", 2) => How::Filter,
        ("map", 2 | 3) => How::Map,
        ("sortBy", 2) => How::SortBy,
        _ => return Ok(Expr::new(at, Kind::Call { function, target: Some(Box::new(target)), args })),
    };
    let name = args.remove(0);
    let Kind::Name(variable) = name.kind else {
        let quantifier = matches!(how, How::All | How::Exists | How::ExistsOne);
        let message =
            if quantifier { "argument must be a simple name" } else { "argument is not an identifier" };
        return Err(mistake(&name, message));
    };
    if variable == "__result__" {
        let message = "iteration variable overwrites accumulator variable".to_owned();
        return Err(Mistake { at: name.at, message });
    }
    let filter = (args.len() == 2).then(|| args.remove(0));
    let body = args.remove(0);
    Ok(Expr::new(at, Kind::Fold(Box::new(Fold { how, range: target, variable, filter, body }))))
}

fn bind(at: usize, mut args: Vec<Expr>) -> Result<Expr, Mistake> {
    let name = args.remove(0);
    let Kind::Name(variable) = name.kind else {
        return Err(mistake(&name, "cel.bind() variable names must be simple identifiers"));
    };
    let body = args.remove(1);
    Ok(Expr::new(at, Kind::Bind(variable, Box::new([args.remove(0), body]))))
}

/// `math.least` and `math.greatest`.
fn extreme(at: usize, target: &Expr, name: &str, function: &str, args: Vec<Expr>) -> Result<Expr, Mistake> {
    let can_be_number = |arg: &Expr| match &arg.kind {
        Kind::Literal(value) => matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_)),
        Kind::List(_) | Kind::Map(_) => false,
        _ => true,
    };
    match args.as_slice() {
        [] => return Err(mistake(target, &format!("math.{name}() requires at least one argument"))),
        [arg] => {
            let numbers = match &arg.kind {
                Kind::List(members) => !members.is_empty() && members.iter().all(can_be_number),
                _ => can_be_number(arg),
            };
            if !numbers {
                return Err(mistake(arg, &format!("math.{name}() invalid single argument value")));
            }
        }
        args => {
            if let Some(arg) = args.iter().find(|arg| !can_be_number(arg)) {
                return Err(mistake(arg, &format!("math.{name}() simple literal arguments must be numeric")));
            }
        }
    }
    let args = if args.len() > 2 { vec![Expr::new(at, Kind::List(args))] } else { args };
    Ok(Expr::call(at, function, args))
}

fn mistake(expr: &Expr, message: &str) -> Mistake {
    Mistake { at: expr.at, message: message.to_owned() }
}
