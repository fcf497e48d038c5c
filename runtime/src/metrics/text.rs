//! The two text formats in which figures are told.

use http::{HeaderMap, header};

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The format of Prometheus, version 0.0.4.
    Prometheus,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

impl Form {
    /// The format that a client takes: `OpenMetrics` only when it asks for it.
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        if accepted.any(|value| value.contains("application/openmetrics-text")) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// Its media type.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// `OpenMetrics` in this format: in the older one, the descriptions of counters have the names of their samples, and
    /// nothing marks the end.
    pub(super) fn of(self, text: String) -> String {
        if self == Self::OpenMetrics {
            return text;
        }
        let mut changed = String::with_capacity(text.len());
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let counter = |line: &str| line.starts_with("# TYPE ") && line.ends_with(" counter");
            let help =
                line.strip_prefix("# HELP ").filter(|_| lines.peek().is_some_and(|next| counter(next)));
            let kind = line.strip_prefix("# TYPE ").filter(|_| counter(line));
            let renamed = help.or(kind).and_then(|rest| rest.split_once(' '));
            match renamed {
                _ if line == "# EOF" => break,
                Some((name, rest)) => {
                    let word = if help.is_some() { "HELP" } else { "TYPE" };
                    changed.push_str(&format!("# {word} {name}_total {rest}"));
                }
                None => changed.push_str(line),
            }
            changed.push('\n');
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_older_format_names_counters_after_their_samples() {
        let text = "# HELP a_b Help.\n# TYPE a_b counter\na_b_total 1\n# HELP c Other.\n# TYPE c gauge\nc 2\n# EOF\n";
        let expected = "# HELP a_b_total Help.\n# TYPE a_b_total counter\na_b_total 1\n# HELP c Other.\n# TYPE c gauge\nc 2\n";
        assert_eq!(Form::Prometheus.of(text.to_owned()), expected);
        assert_eq!(Form::OpenMetrics.of(text.to_owned()), text);
    }

    #[test]
    fn clients_choose() {
        let mut headers = HeaderMap::new();
        assert_eq!(Form::wanted(&headers), Form::Prometheus);
        headers.insert(
            header::ACCEPT,
            HeaderValue::from_static("application/openmetrics-text;version=1.0.0,*/*"),
        );
        assert_eq!(Form::wanted(&headers), Form::OpenMetrics);
    }
}
