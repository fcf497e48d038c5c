//! Values as log lines and reports show them: without secrets, and not too long.

use std::sync::LazyLock;

use http::HeaderName;
use regex::Regex;

/// Characters that are shown of a value.
const SHOWN: usize = 400;
/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "REDACTED";

pub(crate) fn is_secret(name: &str) -> bool {
    const SECRETS: [&str; 8] =
        ["password", "passwd", "secret", "token", "apikey", "authorization", "cookie", "session"];
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

pub(crate) fn show_header(name: &HeaderName, values: &[http::HeaderValue]) -> String {
    if is_secret(name.as_str()) && !values.is_empty() {
        return REDACTED.to_owned();
    }
    let values = values.iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    shorten(&values.collect::<Vec<_>>().join(", "))
}

/// A text without the values of what is named like a secret, and not too long.
pub(crate) fn redact(text: &str) -> String {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        let named = r#"(?i)([\w-]*(?:passw(?:or)?d|secret|token|api[_-]?key|authorization|cookie|session)[\w-]*"?\s*[:=]\s*)(?:"(?:[^"\\]|\\.)*"?|[^&\s,}]+)"#;
        Regex::new(named).expect("the expression is a constant")
    });
    shorten(&NAMED.replace_all(text, format!("${{1}}{REDACTED}")))
}

/// The beginning of a text.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        for (text, shown) in [
            (r#"{"user":"a","password":"p\"w","n":1}"#, r#"{"user":"a","password":REDACTED,"n":1}"#),
            (r#"{"access_token": "abc", "x":2}"#, r#"{"access_token": REDACTED, "x":2}"#),
            ("a=1&api_key=2&b=3", "a=1&api_key=REDACTED&b=3"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(redact(text), shown);
        }
        assert_eq!(redact(&"a".repeat(1000)).chars().count(), SHOWN + 1);
        let secret = http::HeaderValue::from_static("s=1");
        assert_eq!(show_header(&http::header::SET_COOKIE, std::slice::from_ref(&secret)), REDACTED);
        assert_eq!(show_header(&http::header::ETAG, &[secret]), "s=1");
    }
}
