//! Reading and changing the configuration by path, as `/config/…` does.

use http::Method;
use serde_json::{Map, Value};

use super::reply::ApiError;

/// The value at a path; null where nothing is but something could be.
///
/// # Errors
/// When the path leads through a value that has no members.
pub(super) fn get<'a>(root: &'a Value, path: &str) -> Result<&'a Value, ApiError> {
    const NOTHING: &Value = &Value::Null;
    let mut value = root;
    for part in parts(path) {
        value = match value {
            Value::Object(members) => members.get(part).unwrap_or(NOTHING),
            Value::Array(items) => items.get(index(path, part, items.len())?).unwrap_or(NOTHING),
            _ => return Err(ApiError::bad(format!("invalid traversal path at: {path}"))),
        };
    }
    Ok(value)
}

/// Changes the value at a path. POST sets, or appends to an array; PUT inserts where nothing is yet; PATCH replaces; DELETE
/// removes. A path that ends in `/...` spreads the elements of an array.
///
/// # Errors
/// As Caddy: 409 where PUT finds something, 404 where PATCH and DELETE find nothing, 400 for paths that lead nowhere.
pub(super) fn change(root: &mut Value, path: &str, method: &Method, new: Value) -> Result<(), ApiError> {
    let mut parts: Vec<&str> = parts(path).collect();
    let spread = parts.last() == Some(&"...");
    if spread {
        parts.pop();
        if *method != Method::POST || !new.is_array() {
            return Err(ApiError::bad("/... goes with POST and an array"));
        }
    }
    let Some((last, way)) = parts.split_last() else {
        return change_root(root, method, new, spread);
    };
    let mut value = root;
    for part in way {
        if value.is_null() && *method == Method::PUT {
            *value = Value::Object(Map::new());
        }
        value = match value {
            Value::Object(members) => {
                if *method == Method::PUT && !members.contains_key(*part) {
                    members.insert((*part).to_owned(), Value::Object(Map::new()));
                }
                let missing = || ApiError::not_found(format!("path does not exist: {path} (at {part})"));
                members.get_mut(*part).ok_or_else(missing)?
            }
            Value::Array(items) => {
                let at = index(path, part, items.len())?;
                items.get_mut(at).ok_or_else(|| out_of_bounds(path, part))?
            }
            _ => return Err(ApiError::bad(format!("invalid traversal path at: {path}"))),
        };
    }
    match value {
        Value::Object(members) => change_member(members, last, path, method, new, spread),
        Value::Array(items) => change_item(items, last, path, method, new, spread),
        Value::Null if matches!(*method, Method::POST | Method::PUT) => {
            *value = Value::Object(Map::from_iter([((*last).to_owned(), new)]));
            Ok(())
        }
        _ => Err(ApiError::bad(format!("invalid traversal path at: {path}"))),
    }
}

fn change_root(root: &mut Value, method: &Method, new: Value, spread: bool) -> Result<(), ApiError> {
    match *method {
        _ if spread => return Err(ApiError::bad("the configuration is not an array")),
        Method::PUT if !root.is_null() => {
            return Err(ApiError::new(http::StatusCode::CONFLICT, "[/config] key already exists: config"));
        }
        Method::PATCH | Method::DELETE if root.is_null() => {
            return Err(ApiError::not_found("[/config] key does not exist: config"));
        }
        Method::DELETE => *root = Value::Null,
        _ => *root = new,
    }
    Ok(())
}

fn change_member(
    members: &mut Map<String, Value>,
    key: &str,
    path: &str,
    method: &Method,
    new: Value,
    spread: bool,
) -> Result<(), ApiError> {
    match *method {
        Method::POST => match (members.get_mut(key), new) {
            (Some(Value::Array(items)), Value::Array(more)) if spread => items.extend(more),
            (Some(Value::Array(items)), new) => items.push(new),
            (_, new) => {
                members.insert(key.to_owned(), new);
            }
        },
        Method::PUT => {
            if members.contains_key(key) {
                let message = format!("[{path}] key already exists: {key}");
                return Err(ApiError::new(http::StatusCode::CONFLICT, message));
            }
            members.insert(key.to_owned(), new);
        }
        Method::PATCH | Method::DELETE => {
            let Some(old) = members.get_mut(key) else {
                return Err(ApiError::not_found(format!("[{path}] key does not exist: {key}")));
            };
            if *method == Method::PATCH {
                *old = new;
            } else {
                members.remove(key);
            }
        }
        _ => return Err(ApiError::bad(format!("unrecognized method {method}"))),
    }
    Ok(())
}

fn change_item(
    items: &mut Vec<Value>,
    part: &str,
    path: &str,
    method: &Method,
    new: Value,
    spread: bool,
) -> Result<(), ApiError> {
    if *method == Method::POST {
        match new {
            Value::Array(more) if spread => items.extend(more),
            new => items.push(new),
        }
        return Ok(());
    }
    let at = index(path, part, items.len())?;
    match *method {
        Method::PUT => items.insert(at, new),
        _ if at == items.len() => return Err(out_of_bounds(path, part)),
        Method::PATCH => items[at] = new,
        Method::DELETE => {
            items.remove(at);
        }
        _ => return Err(ApiError::bad(format!("unrecognized method {method}"))),
    }
    Ok(())
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

/// An index up to and including the length: only a canonical decimal, so that each element has one path.
fn index(path: &str, part: &str, length: usize) -> Result<usize, ApiError> {
    let canonical = part == "0" || (!part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()));
    let at = part.parse::<usize>().ok().filter(|_| canonical);
    let at = at.ok_or_else(|| ApiError::bad(format!("[{path}] invalid array index '{part}'")))?;
    if at > length { Err(out_of_bounds(path, part)) } else { Ok(at) }
}

fn out_of_bounds(path: &str, part: &str) -> ApiError {
    ApiError::bad(format!("[{path}] array index out of bounds: {part}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(path: &str, method: Method, new: Value) -> Result<Value, u16> {
        let mut root = json!({"apps": {"list": [1, 2]}});
        change(&mut root, path, &method, new)
            .map(|()| root["apps"].clone())
            .map_err(|error| error.status.as_u16())
    }

    #[test]
    fn each_method_does_its_own() {
        let apps = |value| Ok(value);
        assert_eq!(changed("apps/list", Method::POST, json!(3)), apps(json!({"list": [1, 2, 3]})));
        assert_eq!(
            changed("apps/list/...", Method::POST, json!([3, 4])),
            apps(json!({"list": [1, 2, 3, 4]}))
        );
        assert_eq!(changed("apps/new", Method::POST, json!(1)), apps(json!({"list": [1, 2], "new": 1})));
        assert_eq!(changed("apps/list/1", Method::PUT, json!(9)), apps(json!({"list": [1, 9, 2]})));
        assert_eq!(
            changed("apps/a/b/c", Method::PUT, json!(1)),
            apps(json!({"list": [1, 2], "a": {"b": {"c": 1}}}))
        );
        assert_eq!(changed("apps/list", Method::PUT, json!(1)), Err(409));
        assert_eq!(changed("apps/list/0", Method::PATCH, json!(7)), apps(json!({"list": [7, 2]})));
        assert_eq!(changed("apps/none", Method::PATCH, json!(7)), Err(404));
        assert_eq!(changed("apps/list/0", Method::DELETE, Value::Null), apps(json!({"list": [2]})));
        assert_eq!(changed("apps/none", Method::DELETE, Value::Null), Err(404));
    }

    #[test]
    fn paths_that_lead_nowhere_are_the_clients_fault() {
        for path in ["apps/list/2/x", "apps/list/x", "apps/list/01", "apps/list/9", "apps/list/0/x"] {
            assert_eq!(changed(path, Method::PATCH, json!(1)), Err(400), "{path}");
        }
        let root = json!({"a": {"b": [true]}});
        assert_eq!(get(&root, "a/b/0").unwrap(), &json!(true));
        assert_eq!(get(&root, "").unwrap(), &root);
        assert_eq!(get(&root, "a/none").unwrap(), &Value::Null);
        assert!(get(&root, "a/b/0/c").is_err());
    }
}
