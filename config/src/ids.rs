//! `@id`: names that authors give to objects in the JSON, so that the admin API can find them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ConfigError;

const KEY: &str = "@id";

/// JSON pointers of the objects that carry an `@id`, by id.
///
/// # Errors
/// An id that is neither a string nor a number, or that two objects share.
pub fn index(value: &Value) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut ids = BTreeMap::new();
    collect(value, &mut String::new(), &mut ids)?;
    Ok(ids)
}

fn collect(value: &Value, path: &mut String, ids: &mut BTreeMap<String, String>) -> Result<(), ConfigError> {
    let end = path.len();
    match value {
        Value::Object(members) => {
            if let Some(id) = members.get(KEY) {
                let id = match id {
                    Value::String(id) => id.clone(),
                    Value::Number(id) => id.to_string(),
                    _ => return Err(error(path, "the value of @id must be a string or a number".to_owned())),
                };
                if ids.contains_key(&id) {
                    return Err(error(path, format!("duplicate ID '{id}' found at {} and {path}", ids[&id])));
                }
                ids.insert(id, path.clone());
            }
            for (key, member) in members {
                path.push('/');
                path.push_str(&key.replace('~', "~0").replace('/', "~1"));
                collect(member, path, ids)?;
                path.truncate(end);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("/{index}"));
                collect(item, path, ids)?;
                path.truncate(end);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

fn error(path: &str, message: String) -> ConfigError {
    ConfigError { path: path.to_owned(), message }
}

/// Removes every `@id`, which no type knows.
pub fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove(KEY);
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{index, strip};

    #[test]
    fn ids_are_indexed_and_stripped() {
        let mut value = json!({"a": [{"@id": "x"}, {"@id": 7, "b/c": {"@id": "y"}}]});
        let ids: Vec<_> = index(&value).unwrap().into_iter().collect();
        let expected = [("7", "/a/1"), ("x", "/a/0"), ("y", "/a/1/b~1c")];
        assert_eq!(ids, expected.map(|(id, path)| (id.to_owned(), path.to_owned())));
        strip(&mut value);
        assert_eq!(value, json!({"a": [{}, {"b/c": {}}]}));
    }

    #[test]
    fn ids_must_be_unique_and_simple() {
        assert_eq!(index(&json!([{"@id": "x"}, {"@id": "x"}])).unwrap_err().path, "/1");
        assert_eq!(index(&json!([{"@id": true}])).unwrap_err().path, "/0");
    }
}
