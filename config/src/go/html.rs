//! Text in HTML.

/// `html.EscapeString`: the five characters that have a meaning in HTML, quotes by number.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '\'' => escaped.push_str("&#39;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn quotes_by_number() {
        assert_eq!(escape(r#"/?a='1'&b="<2>""#), "/?a=&#39;1&#39;&amp;b=&#34;&lt;2&gt;&#34;");
    }
}
