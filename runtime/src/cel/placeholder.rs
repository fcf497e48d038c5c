//! Values of placeholders with the types that they have in Caddy: most are texts, some are numbers or times.

use std::time::SystemTime;

use super::{evaluate::Failure, functions::time::Timestamp, value::Value};
use crate::{
    http::{Exchange, exchange},
    placeholder::{AddressPart, Clock, Key, Scope, TlsKey},
};

/// Whether the value is always a text where there is one.
pub(super) fn is_text(key: &Key) -> bool {
    !matches!(
        key,
        Key::Port
            | Key::Local(AddressPart::Port)
            | Key::Remote(AddressPart::Port)
            | Key::Duration { .. }
            | Key::Time(Clock::Go)
            | Key::Var(_)
            | Key::Cookie(_)
            | Key::Error
            | Key::ErrorStatus
            | Key::Tls(_)
            | Key::Set(_)
    )
}

/// The value; null if the placeholder is unknown here.
pub(super) fn value(key: &Key, exchange: &Exchange) -> Result<Value, Failure> {
    let scope = Scope::from(exchange);
    let text = || key.value(&scope).map_or(Value::Null, Value::string);
    Ok(match key {
        Key::Port | Key::Local(AddressPart::Port) | Key::Remote(AddressPart::Port) => {
            key.value(&scope).map_or(Value::Null, |text| number(&text))
        }
        Key::ErrorStatus => key.value(&scope).map_or(Value::Null, |text| number(&text)),
        Key::Duration { millis: true } => Value::Double(exchange.started.elapsed().as_secs_f64() * 1e3),
        Key::Duration { millis: false } => Value::Duration(nanoseconds(exchange.started.elapsed())),
        Key::Time(Clock::Go) => Value::Timestamp(Timestamp::local(SystemTime::now())),
        Key::Var(name) => match exchange.var(name) {
            Some(value) => variable(value),
            None if &**name == "trusted_proxy" => Value::Bool(exchange.trusted_proxy),
            None if &**name == "client_ip" => text(),
            None => Value::Null,
        },
        Key::Cookie(_) => Value::string(key.value(&scope).unwrap_or_default()),
        Key::Error => match &exchange.error {
            Some(error) => return Err(Failure::new(error.to_string())),
            None => Value::Null,
        },
        Key::Tls(TlsKey::Resumed) => match &exchange.connection.tls {
            Some(tls) => Value::Bool(tls.resumed),
            None => Value::Null,
        },
        Key::Set(name) => key.value(&scope).map_or(Value::Null, |text| match typed(name) {
            Some(Kind::Whole) => number(&text),
            Some(Kind::Fraction) => text.parse().map_or(Value::Null, Value::Double),
            Some(Kind::Duration) => {
                caddis_config::go::duration::parse_go(&text).map_or(Value::Null, Value::Duration)
            }
            None => Value::string(text),
        }),
        _ => text(),
    })
}

enum Kind {
    Whole,
    Fraction,
    Duration,
}

/// What proxies leave behind and is no text.
fn typed(name: &str) -> Option<Kind> {
    match name.strip_prefix("http.reverse_proxy.")? {
        "status_code" | "retries" | "upstream.requests" | "upstream.max_requests" | "upstream.fails" => {
            Some(Kind::Whole)
        }
        "duration_ms" | "upstream.duration_ms" | "upstream.latency_ms" => Some(Kind::Fraction),
        "duration" | "upstream.duration" | "upstream.latency" => Some(Kind::Duration),
        _ => None,
    }
}

fn number(text: &str) -> Value {
    text.parse().map_or_else(|_| Value::string(text), Value::Int)
}

fn nanoseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// All numbers of JSON are fractions in Caddy.
fn variable(value: &exchange::Value) -> Value {
    match value {
        exchange::Value::Null => Value::Null,
        exchange::Value::Bool(flag) => Value::Bool(*flag),
        exchange::Value::Number(number) => number.as_f64().map_or(Value::Null, Value::Double),
        exchange::Value::String(text) => Value::string(text),
        exchange::Value::List(texts) => Value::list(texts.iter().map(Value::string)),
    }
}
