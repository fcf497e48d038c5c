//! What a JSON text looks like from outside: whether reading it is harmless, and how much it holds.

/// Arrays and objects within each other that a reader has the stack for.
const DEPTH: usize = 127;
/// Digits of a number. Reading longer ones takes the square of their length.
const DIGITS: usize = 1000;

/// A text that may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Values and names of members, at most.
    pub(super) values: usize,
    /// Arrays and objects within each other.
    pub(super) depth: usize,
}

impl Shape {
    /// Looks at a text that need not be JSON; `None` where it surely is not, is nested too deeply, or has numbers that are
    /// too long. Comments, which some readers know, would hide what comes after them.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let mut shape = Self { values: 1, depth: 0 };
        let (mut depth, mut digits, mut in_text, mut escaped) = (0_usize, 0, false, false);
        for byte in text {
            if in_text {
                (in_text, escaped) = (escaped || *byte != b'"', !escaped && *byte == b'\\');
                continue;
            }
            digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
            match byte {
                b'#' => return None,
                b'"' => in_text = true,
                b'[' | b'{' => {
                    depth += 1;
                    shape.values += 1;
                    shape.depth = shape.depth.max(depth);
                }
                b']' | b'}' => depth = depth.saturating_sub(1),
                b',' | b':' => shape.values += 1,
                _ => {}
            }
            if depth > DEPTH || digits > DIGITS {
                return None;
            }
        }
        Some(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_looked_at_from_outside() {
        let shape = |text: &str| Shape::of(text.as_bytes()).map(|shape| (shape.values, shape.depth));
        for (text, expected) in [
            ("1", (1, 0)),
            (r#"{"a":[1,2],"b":{}}"#, (8, 2)),
            (r#"["\"[[[[", "\\", []]"#, (5, 2)),
            ("nonsense", (1, 0)),
        ] {
            assert_eq!(shape(text), Some(expected), "{text}");
        }
        assert_eq!(shape(&"[".repeat(DEPTH)), Some((DEPTH + 1, DEPTH)));
        for text in ["[".repeat(DEPTH + 1), "9".repeat(DIGITS + 1), format!("#\"\n{}", "[".repeat(1000))] {
            assert_eq!(shape(&text), None);
        }
        assert_eq!(shape(&format!("[{0}, {0}]", "9".repeat(DIGITS))), Some((3, 1)));
    }
}
