//! The handler `vars`: sets variables.

use std::sync::Arc;

use caddis_config::http::handlers::Vars as Config;

use crate::{
    build::{Build, BuildError},
    http::{Exchange, Handler, HandlerFuture, Next},
    placeholder::{Template, Value},
};

struct Vars(Vec<(Name, Assigned)>);

enum Name {
    Fixed(Arc<str>),
    Computed(Template),
}

enum Assigned {
    Fixed(Value<'static>),
    Computed(Template),
}

/// The one variable that is a placeholder of its own name: access logs show it.
const USER: &str = "http.auth.user.id";

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let variables = config.0.iter().filter_map(|(name, value)| {
        let built = cx.at(name, |cx| {
            let name = Template::all(name, cx)?;
            let name = match name.constant() {
                Some(name) => Name::Fixed(name.into()),
                None => Name::Computed(name),
            };
            Ok((name, Assigned::build(value, cx)?))
        });
        cx.unless_survey(built).transpose()
    });
    Ok(Box::new(Vars(variables.collect::<Result<_, _>>()?)))
}

impl Assigned {
    fn build(value: &serde_json::Value, cx: &Build) -> Result<Self, BuildError> {
        use serde_json::Value as Json;
        Ok(Assigned::Fixed(match value {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => {
                let template = Template::all(text, cx)?;
                match template.constant() {
                    Some(text) => text.to_owned().into(),
                    None => return Ok(Assigned::Computed(template)),
                }
            }
            Json::Array(items) => {
                let texts: Option<Vec<_>> =
                    items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
                texts.ok_or_else(|| cx.unsupported("a variable that is a list of other than texts"))?.into()
            }
            Json::Object(_) => return Err(cx.unsupported("a variable that is an object")),
        }))
    }
}

impl Handler for Vars {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        for (name, value) in &self.0 {
            let name = match name {
                Name::Fixed(name) => Arc::clone(name),
                Name::Computed(template) => Arc::from(&*template.render(&*exchange)),
            };
            let value = match value {
                Assigned::Fixed(value) => value.clone(),
                Assigned::Computed(template) => template.render(&*exchange).into_owned().into(),
            };
            if *name == *USER {
                exchange.set_placeholder(Arc::clone(&name), value.clone());
            }
            exchange.set_var(name, value);
        }
        next.run(exchange)
    }

    fn name(&self) -> &'static str {
        "vars"
    }
}
