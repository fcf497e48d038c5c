//! Floats as Go prints them.

/// `encoding/json`: shortest digits that read back as `value`; an exponent only below 1e-6 and from 1e21 on, and none of
/// its zeros.
///
/// `value` must be finite: JSON has no other numbers.
pub fn json(value: f64) -> String {
    let (mantissa, exponent) = shortest(value);
    if value != 0.0 && !(-6..21).contains(&exponent) {
        let sign = if exponent < 0 { "" } else { "+" };
        return format!("{mantissa}e{sign}{exponent}");
    }
    fixed(&mantissa, exponent)
}

/// `strconv.FormatFloat(value, 'g', -1, 64)`: shortest digits; an exponent below 1e-4 and from 1e6 on.
pub fn general(value: f64) -> String {
    if !value.is_finite() {
        return infinite(value).to_owned();
    }
    let (mantissa, power) = shortest(value);
    if value != 0.0 && !(-4..6).contains(&power) {
        return format!("{mantissa}e{}", exponent(power));
    }
    fixed(&mantissa, power)
}

/// `strconv.FormatFloat(value, 'f', -1, 64)`: shortest digits, and never an exponent.
pub fn plain(value: f64) -> String {
    if !value.is_finite() {
        return infinite(value).to_owned();
    }
    let (mantissa, exponent) = shortest(value);
    fixed(&mantissa, exponent)
}

/// An exponent with its sign and at least two digits.
pub fn exponent(power: i32) -> String {
    format!("{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
}

fn infinite(value: f64) -> &'static str {
    match value {
        _ if value.is_nan() => "NaN",
        _ if value > 0.0 => "+Inf",
        _ => "-Inf",
    }
}

fn fixed(mantissa: &str, exponent: i32) -> String {
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |mantissa| ("-", mantissa));
    let digits = mantissa.replace('.', "");
    match usize::try_from(exponent) {
        Err(_) => format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        Ok(exponent) if digits.len() <= exponent + 1 => {
            format!("{sign}{digits:0<width$}", width = exponent + 1)
        }
        Ok(exponent) => format!("{sign}{}.{}", &digits[..=exponent], &digits[exponent + 1..]),
    }
}

/// As few digits as possible, with a point behind the first, and the exponent. Of two that are equally near Rust takes the
/// upper, Go the even one.
fn shortest(value: f64) -> (String, i32) {
    let upper = format!("{value:e}");
    let digits = upper.split(['.', 'e']).nth(1).filter(|_| upper.contains('.')).map_or(0, str::len);
    let even = format!("{value:.digits$e}");
    let text = if even.parse() == Ok(value) { even } else { upper };
    let (mantissa, exponent) = text.split_once('e').expect("format `e` writes an exponent");
    (mantissa.to_owned(), exponent.parse().expect("format `e` writes a small exponent"))
}

#[cfg(test)]
mod tests {
    use super::{general, json, plain};

    #[test]
    fn like_go() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1234.5678, "1234.5678"),
            (120.0, "120"),
            (1e-6, "0.000001"),
            (-1.25e-5, "-0.0000125"),
            (9.9e-7, "9.9e-7"),
            (1e-9, "1e-9"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (12_345_678_901_234_567_890.0, "12345678901234567000"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            assert_eq!(json(value), expected);
        }
    }

    #[test]
    fn other_forms() {
        for (value, short, long) in [
            (0.0, "0", "0"),
            (1.5, "1.5", "1.5"),
            (123_456.0, "123456", "123456"),
            (1e6, "1e+06", "1000000"),
            (-0.00012, "-0.00012", "-0.00012"),
            (1.25e-5, "1.25e-05", "0.0000125"),
            (1e21, "1e+21", "1000000000000000000000"),
            (f64::INFINITY, "+Inf", "+Inf"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
            (f64::NAN, "NaN", "NaN"),
        ] {
            assert_eq!((general(value).as_str(), plain(value).as_str()), (short, long));
        }
    }

    #[test]
    fn ties_go_to_the_even_digit() {
        assert_eq!(json(-2_248_788_753_552_959.0 - 0.25), "-2248788753552959.2");
        assert_eq!(json(915_307_859_256_443.0 + 0.25), "915307859256443.2");
    }
}
