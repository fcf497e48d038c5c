//! Floats as Go's `encoding/json` prints them.

/// Shortest digits that read back as `value`; an exponent only below 1e-6 and from 1e21 on, and none of its zeros.
///
/// `value` must be finite: JSON has no other numbers.
pub fn json(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn like_go() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e-6, "0.000001"),
            (9.9e-7, "9.9e-7"),
            (1e-9, "1e-9"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (9_007_199_254_740_993.0, "9007199254740992"),
        ] {
            assert_eq!(json(value), expected);
        }
    }
}
