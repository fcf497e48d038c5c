//! The handler `map`: placeholders whose value is looked up in a table when they are used.

use std::sync::Arc;

use caddis_config::http::handlers::{Map as Config, Mapping};
use regex::Regex;
use serde_json::Value;

use crate::{
    build::{Build, BuildError},
    http::{Exchange, Handler, HandlerFuture, Next},
    placeholder::{self, Provider, Scope, Template},
    regexp,
};

struct Map(Arc<Table>);

#[derive(Debug)]
struct Table {
    source: Template,
    /// Without braces.
    destinations: Vec<String>,
    rows: Vec<Row>,
    defaults: Vec<Template>,
}

#[derive(Debug)]
struct Row {
    input: Input,
    /// `None` goes on to the next row.
    outputs: Vec<Option<Output>>,
}

#[derive(Debug)]
enum Input {
    Text(String),
    Regexp(Regex),
}

#[derive(Debug)]
enum Output {
    /// With placeholders.
    Template(Template),
    /// With groups of the expression.
    Groups(String),
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    let destinations = config.destinations.iter().map(|destination| {
        let name = destination.strip_prefix('{').filter(|name| !name.contains('{'));
        let name = name.map(|name| name.trim_end_matches('}').to_owned());
        name.ok_or_else(|| {
            cx.at("destinations", |cx| cx.error("destination must be a placeholder and only a placeholder"))
        })
    });
    let destinations = destinations.collect::<Result<Vec<_>, _>>()?;
    if !config.defaults.is_empty() && config.defaults.len() != destinations.len() {
        let message = format!("{} destinations != {} defaults", destinations.len(), config.defaults.len());
        return Err(cx.at("defaults", |cx| cx.error(message)));
    }
    if let Some(name) = destinations.iter().find(|name| config.source.contains(&format!("{{{name}}}"))) {
        return Err(cx.at("source", |cx| cx.error(format!("{{{name}}} is mapped from itself"))));
    }
    let rows = cx.at("mappings", |cx| {
        let rows = config.mappings.iter().enumerate();
        rows.map(|(index, row)| {
            cx.at(index, |cx| Row::build(row, &config.mappings[..index], &destinations, cx))
        })
        .collect::<Result<_, _>>()
    })?;
    let defaults = config.defaults.iter().map(|text| Template::all(text, cx)).collect::<Result<_, _>>()?;
    let source = Template::all(&config.source, cx)?;
    Ok(Box::new(Map(Arc::new(Table { source, destinations, rows, defaults }))))
}

impl Row {
    fn build(
        row: &Mapping,
        earlier: &[Mapping],
        destinations: &[String],
        cx: &Build,
    ) -> Result<Self, BuildError> {
        if !row.input.is_empty() && !row.input_regexp.is_empty() {
            return Err(cx.error("both input and input_regexp are specified, which is confusing"));
        }
        if row.outputs.len() != destinations.len() {
            return Err(cx.error(format!(
                "mapping has {} outputs but there are {} destinations defined",
                row.outputs.len(),
                destinations.len()
            )));
        }
        let key = |row: &Mapping| {
            if row.input_regexp.is_empty() { row.input.clone() } else { row.input_regexp.clone() }
        };
        if let Some(index) = earlier.iter().position(|other| key(other) == key(row)) {
            let input = key(row);
            return Err(cx.error(format!("duplicate input '{input}' previously used with mapping {index}")));
        }
        let input = if row.input_regexp.is_empty() {
            Input::Text(row.input.clone())
        } else {
            Input::Regexp(regexp::compile(&row.input_regexp).map_err(|error| cx.error(error))?)
        };
        let outputs = row.outputs.iter().map(|output| {
            let text = match output {
                Value::Null => return Ok(None),
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => output.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    return Err(cx.unsupported("an output that is no single value"));
                }
            };
            Ok(Some(match input {
                Input::Text(_) => Output::Template(Template::all(&text, cx)?),
                Input::Regexp(_) => Output::Groups(text),
            }))
        });
        let outputs = outputs.collect::<Result<_, _>>()?;
        Ok(Self { input, outputs })
    }
}

impl Handler for Map {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        exchange.providers.push(Arc::clone(&self.0) as Arc<dyn Provider>);
        next.run(exchange)
    }

    fn name(&self) -> &'static str {
        "map"
    }
}

impl Provider for Table {
    fn value<'a>(&'a self, name: &str, scope: &Scope<'a>) -> Option<placeholder::Value<'a>> {
        let destination = self.destinations.iter().position(|destination| destination == name)?;
        let input = self.source.render(*scope);
        for row in &self.rows {
            let Some(output) = &row.outputs[destination] else { continue };
            match (&row.input, output) {
                (Input::Text(text), Output::Template(template)) if *text == *input => {
                    return Some(template.render(*scope).into());
                }
                (Input::Regexp(regexp), Output::Groups(groups)) => {
                    if let Some(captures) = regexp.captures(&input) {
                        let mut value = String::new();
                        captures.expand(groups, &mut value);
                        return Some(value.into());
                    }
                }
                _ => {}
            }
        }
        let default = self.defaults.get(destination);
        Some(default.map_or(placeholder::Value::Null, |default| default.render(*scope).into()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{answer, exchange, refused, routes};

    fn mapped(map: serde_json::Value, target: &str) -> String {
        let mut map = map;
        map["handler"] = json!("map");
        let config = json!([{"handle": [
            map,
            {"handler": "rewrite", "strip_path_prefix": "/api"},
            {"handler": "static_response", "body": "{a}|{b}|{c}"},
        ]}]);
        let response = answer(&routes(config), &mut exchange(target, &[("host", "h.test")])).unwrap();
        String::from_utf8(response.body().to_vec()).unwrap()
    }

    #[test]
    fn tables() {
        let map = json!({
            "source": "{http.request.uri.path}",
            "destinations": ["{a}", "{b}"],
            "mappings": [
                {"input": "/one", "outputs": ["1", null]},
                {"input_regexp": "^/(\\w)(?P<rest>\\w*)$", "outputs": ["$1", "${rest}{http.request.host}"]},
                {"input": "/x/y", "outputs": [2, "{http.request.host}"]},
            ],
            "defaults": ["d", "{http.request.host}"],
        });
        for (target, values) in [
            ("/one", "1|ne{http.request.host}|{c}"),
            ("/two", "t|wo{http.request.host}|{c}"),
            ("/api/two", "t|wo{http.request.host}|{c}"),
            ("/x/y", "2|h.test|{c}"),
            ("/a/b", "d|h.test|{c}"),
        ] {
            assert_eq!(mapped(map.clone(), target), values, "{target}");
        }
        let bare = json!({"source": "x", "destinations": ["{a}"], "mappings": []});
        assert_eq!(mapped(bare, "/"), "|{b}|{c}");
    }

    #[test]
    fn mistakes() {
        for map in [
            json!({"destinations": ["a"]}),
            json!({"destinations": ["{a}"], "defaults": ["1", "2"]}),
            json!({"destinations": ["{a}"], "source": "{a}"}),
            json!({"destinations": ["{a}"], "mappings": [{"input": "x", "outputs": []}]}),
            json!({"destinations": ["{a}"], "mappings": [{"input": "x", "input_regexp": "y", "outputs": ["1"]}]}),
            json!({"destinations": ["{a}"], "mappings": [{"input_regexp": "(", "outputs": ["1"]}]}),
            json!({"destinations": ["{a}"], "mappings": [
                {"input": "x", "outputs": ["1"]},
                {"input": "x", "outputs": ["2"]},
            ]}),
        ] {
            let mut map = map;
            map["handler"] = json!("map");
            assert!(refused(json!([{"handle": [map]}])).path.starts_with("/0/handle/0/"));
        }
    }
}
