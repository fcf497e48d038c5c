//! Durations in Go's notation: `time.ParseDuration` and `time.Duration.String`, and Caddy's unit `d` on top.

use super::number;

const SECOND: i64 = 1_000_000_000;
/// Caddy refuses longer texts, because each `d` rewrites the whole of it.
const MAX_LEN: usize = 1024;

/// Nanoseconds of a text such as `1m30s`, `1.5h` or `2d`.
///
/// # Errors
/// The text of Go's `time.ParseDuration` or, for what precedes a `d`, of `strconv.ParseFloat`.
pub fn parse(text: &str) -> Result<i64, String> {
    if text.len() > MAX_LEN {
        return Err("parsing duration: input string too long".to_owned());
    }
    parse_go(&days_to_hours(text)?)
}

/// Replaces every `Nd` by the same time in hours, as Caddy does before it calls Go's parser.
fn days_to_hours(text: &str) -> Result<String, String> {
    let mut text = text.to_owned();
    let (mut at, mut number, mut in_number) = (0, 0, false);
    while let Some(&byte) = text.as_bytes().get(at) {
        if byte == b'd' {
            let days = number::parse_float(&text[number..at])?;
            text.replace_range(number..=at, &format!("{}h", days * 24.0));
            // Caddy goes on at the byte under the cursor, which now holds something else.
            continue;
        }
        if !in_number && text.is_char_boundary(at) {
            number = at;
        }
        in_number = byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+');
        at += 1;
    }
    Ok(text)
}

/// `time.ParseDuration`, which knows no days.
///
/// # Errors
/// Go's text.
pub fn parse_go(original: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote_time(original));
    let (negative, mut text) = match original.as_bytes().first() {
        Some(b'-') => (true, &original[1..]),
        Some(b'+') => (false, &original[1..]),
        _ => (false, original),
    };
    if text == "0" {
        return Ok(0);
    }
    if text.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !text.is_empty() {
        let digits_end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
        let whole_text = &text[..digits_end];
        let whole = leading_integer(whole_text).ok_or_else(invalid)?;
        text = &text[digits_end..];
        let mut fraction = (0, 1.0);
        let mut fraction_digits = 0;
        if let Some(after) = text.strip_prefix('.') {
            fraction_digits = after.find(|char: char| !char.is_ascii_digit()).unwrap_or(after.len());
            fraction = leading_fraction(&after[..fraction_digits]);
            text = &after[fraction_digits..];
        }
        if whole_text.is_empty() && fraction_digits == 0 {
            return Err(invalid());
        }
        let unit_end = text.find(|char: char| char == '.' || char.is_ascii_digit()).unwrap_or(text.len());
        let unit_text = &text[..unit_end];
        if unit_text.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote_time(original)));
        }
        text = &text[unit_end..];
        let unit = unit(unit_text).ok_or_else(|| {
            format!("time: unknown unit {} in duration {}", quote_time(unit_text), quote_time(original))
        })?;
        let term = scaled(whole, fraction, unit).ok_or_else(invalid)?;
        total = total.checked_add(term).filter(|total| *total <= 1 << 63).ok_or_else(invalid)?;
    }
    if negative {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// The digits as a number, unless it exceeds 2^63.
fn leading_integer(digits: &str) -> Option<u64> {
    if digits.is_empty() {
        return Some(0);
    }
    digits.parse().ok().filter(|value| *value <= 1 << 63)
}

/// Digits after the point as (value, scale); digits that no longer fit are ignored, as in Go.
fn leading_fraction(digits: &str) -> (u64, f64) {
    let (mut value, mut scale) = (0_u64, 1.0);
    for digit in digits.bytes() {
        let Some(next) = value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0')))
        else {
            break;
        };
        if next > 1 << 63 {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value, scale)
}

fn scaled(whole: u64, (fraction, scale): (u64, f64), unit: u64) -> Option<u64> {
    let value = whole.checked_mul(unit).filter(|value| *value <= 1 << 63)?;
    if fraction == 0 {
        return Some(value);
    }
    // Go multiplies in float64 as well: 0.3h must not become a nanosecond less.
    let extra = (fraction as f64 * (unit as f64 / scale)) as u64;
    value.checked_add(extra).filter(|value| *value <= 1 << 63)
}

/// Nanoseconds of a unit; both micro signs are accepted.
fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The quoting of Go's package `time`, which writes every byte beyond ASCII as `\xNN`.
fn quote_time(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' | 0x7f => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

/// `time.Duration.String`: `1m30s`, `1.5s`, `100ms`, `0s`.
pub fn format(nanoseconds: i64) -> String {
    let magnitude = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let second = SECOND.unsigned_abs();
    if magnitude < second {
        let (unit, name) = match magnitude {
            0 => return "0s".to_owned(),
            1..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", decimal(magnitude, unit));
    }
    let minutes = magnitude / (60 * second);
    let seconds = decimal(magnitude % (60 * second), second);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// Seconds alone, with as many digits behind the point as there are: `5400s`, `0.25s`.
pub fn seconds(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    format!("{sign}{}s", decimal(nanoseconds.unsigned_abs(), SECOND.unsigned_abs()))
}

/// `value / unit` without trailing zeros; `unit` is a power of ten.
fn decimal(value: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::{format, parse, seconds};

    #[test]
    fn accepts_what_go_accepts() {
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("5s", 5_000_000_000),
            ("+5s", 5_000_000_000),
            ("-5.s", -5_000_000_000),
            (".5s", 500_000_000),
            ("1h2m3s4ms5us6ns", 3_723_004_005_006),
            ("5µs5μs", 10_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("0.9223372036854775807h", 3_320_413_933_267),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("1d", 86_400_000_000_000),
            ("1.5d", 129_600_000_000_000),
            ("1d12h", 129_600_000_000_000),
            ("2d1d", 259_200_000_000_000),
            ("-1d", -86_400_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn errors_are_gos() {
        for (text, expected) in [
            ("", r#"time: invalid duration """#),
            ("3", r#"time: missing unit in duration "3""#),
            ("-", r#"time: invalid duration "-""#),
            (".s", r#"time: invalid duration ".s""#),
            ("3x", r#"time: unknown unit "x" in duration "3x""#),
            ("3000000h", r#"time: invalid duration "3000000h""#),
            ("9223372036854775808ns", r#"time: invalid duration "9223372036854775808ns""#),
            ("é", r#"time: invalid duration "\xc3\xa9""#),
            ("xd", r#"strconv.ParseFloat: parsing "x": invalid syntax"#),
            ("d", r#"strconv.ParseFloat: parsing "": invalid syntax"#),
        ] {
            assert_eq!(parse(text).as_ref().map_err(String::as_str), Err(expected), "{text}");
        }
        let long = "1s".repeat(513);
        assert_eq!(parse(&long), Err("parsing duration: input string too long".to_owned()));
    }

    #[test]
    fn printing() {
        for (nanoseconds, expected) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (-3_600_000_000_000, "-1h0m0s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(format(nanoseconds), expected);
        }
        for (nanoseconds, expected) in
            [(0, "0s"), (1, "0.000000001s"), (5_400_250_000_000, "5400.25s"), (-2_000_000_000, "-2s")]
        {
            assert_eq!(seconds(nanoseconds), expected);
        }
    }
}
