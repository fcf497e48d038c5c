//! Placeholders in expressions: `{name}` stands for `ph(req, "name")`, wherever it is; a backslash before the brace
//! keeps it, for texts with placeholders that a matcher fills in.

/// An expression with calls for placeholders.
pub(super) struct Expanded {
    pub(super) text: String,
    /// Places in the expanded text and where they came from, in order.
    origins: Vec<(usize, usize)>,
}

impl Expanded {
    /// Where something in the expanded text came from.
    pub(super) fn origin(&self, at: usize) -> usize {
        let next = self.origins.partition_point(|(expanded, _)| *expanded <= at);
        let (expanded, origin) = self.origins[next - 1];
        let end = self.origins.get(next).map_or(usize::MAX, |(_, origin)| *origin);
        (origin + (at - expanded)).min(end)
    }

    fn push(&mut self, origin: usize, text: &str) {
        self.origins.push((self.text.len(), origin));
        self.text.push_str(text);
    }
}

pub(super) fn expand(text: &str) -> Expanded {
    let mut expanded = Expanded { text: String::with_capacity(text.len() + 16), origins: Vec::new() };
    let (mut at, mut written) = (0, 0);
    // As in Caddy, what directly follows a placeholder is none.
    let mut after_placeholder = None;
    while let Some(open) = text[at..].find('{').map(|found| at + found) {
        at = open + 1;
        let Some(end) = placeholder_end(&text[open..]).map(|length| open + length) else { continue };
        let name = &text[open + 1..end - 1];
        if text[..open].ends_with('\\') {
            expanded.push(written, &text[written..open - 1]);
            expanded.push(open, &text[open..end]);
        } else if after_placeholder != Some(open) {
            expanded.push(written, &text[written..open]);
            expanded.push(open, &format!("ph(req, \"{name}\")"));
            after_placeholder = Some(end);
        } else {
            continue;
        }
        (at, written) = (end, end);
    }
    expanded.push(written, &text[written..]);
    expanded.push(text.len(), "");
    expanded
}

/// The length of the placeholder that a text begins with.
fn placeholder_end(text: &str) -> Option<usize> {
    let name = text.strip_prefix('{')?;
    let length =
        name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    let valid = length > 1 && name.as_bytes()[0].is_ascii_alphabetic() && name[length..].starts_with('}');
    valid.then_some(length + 2)
}
