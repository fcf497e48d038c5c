//! Numbers and truth values as Go's `strconv` reads them, with its error texts.

use super::quote::quote;

fn error(function: &str, text: &str, reason: &str) -> String {
    format!("strconv.{function}: parsing {}: {reason}", quote(text))
}

/// `strconv.Atoi`: a decimal integer of 64 bits with an optional sign.
///
/// # Errors
/// `strconv.Atoi: parsing "x": invalid syntax`, or `… value out of range`.
pub fn atoi(text: &str) -> Result<i64, String> {
    integer("Atoi", text)
}

/// `strconv.ParseInt` in base 10 with 64 bits; differs from [`atoi`] in the error text alone.
///
/// # Errors
/// `strconv.ParseInt: parsing "x": invalid syntax`, or `… value out of range`.
pub fn parse_int(text: &str) -> Result<i64, String> {
    integer("ParseInt", text)
}

/// `strconv.ParseUint` with that base and number of bits.
///
/// # Errors
/// `strconv.ParseUint: parsing "x": invalid syntax`, or `… value out of range`.
pub fn parse_uint(text: &str, base: u32, bits: u32) -> Result<u64, String> {
    if text.is_empty() || !text.chars().all(|char| char.is_digit(base)) {
        return Err(error("ParseUint", text, "invalid syntax"));
    }
    let value = u64::from_str_radix(text, base).ok().filter(|value| bits >= 64 || *value < 1 << bits);
    value.ok_or_else(|| error("ParseUint", text, "value out of range"))
}

fn integer(function: &str, text: &str) -> Result<i64, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse().map_err(|cause: std::num::ParseIntError| match cause.kind() {
        PosOverflow | NegOverflow => error(function, text, "value out of range"),
        _ => error(function, text, "invalid syntax"),
    })
}

/// `strconv.ParseBool`.
///
/// # Errors
/// `strconv.ParseBool: parsing "x": invalid syntax`.
pub fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(error("ParseBool", text, "invalid syntax")),
    }
}

/// `strconv.ParseFloat` with 64 bits: decimal and hexadecimal, underscores between digits, `inf` and `nan` in any case.
///
/// # Errors
/// `strconv.ParseFloat: parsing "x": invalid syntax`, or `… value out of range`.
pub fn parse_float(text: &str) -> Result<f64, String> {
    let invalid = || error("ParseFloat", text, "invalid syntax");
    if let Some(special) = special(text) {
        return Ok(special);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let hexadecimal = unsigned.len() > 2 && matches!(unsigned.as_bytes()[..2], [b'0', b'x' | b'X']);
    let digits = if text.contains('_') {
        without_underscores(text, hexadecimal).ok_or_else(invalid)?
    } else {
        text.to_owned()
    };
    let value = if hexadecimal { parse_hexadecimal(&digits) } else { parse_decimal(&digits) };
    match value {
        None => Err(invalid()),
        Some(value) if value.is_infinite() => Err(error("ParseFloat", text, "value out of range")),
        Some(value) => Ok(value),
    }
}

fn special(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "inf" | "+inf" | "infinity" | "+infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}

/// Underscores may stand between digits, and between a base prefix and a digit.
fn without_underscores(text: &str, hexadecimal: bool) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |byte: Option<&u8>| {
        byte.is_some_and(|byte| if hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() })
    };
    let is_prefix = |at: usize| hexadecimal && bytes[at].eq_ignore_ascii_case(&b'x');
    let allowed = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_').all(|(at, _)| {
        at > 0 && (is_digit(bytes.get(at - 1)) || is_prefix(at - 1)) && is_digit(bytes.get(at + 1))
    });
    allowed.then(|| text.replace('_', ""))
}

fn parse_decimal(text: &str) -> Option<f64> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}

/// `0x1.8p3`: the mantissa in base 16, a mandatory binary exponent.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = unsigned.get(2..)?.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let scale = exponent.saturating_sub(4 * i32::try_from(fraction.len()).ok()?);
    let (mut value, mut dropped) = (0_u64, 0);
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if value >> 60 == 0 {
            value = value * 16 + digit;
        } else {
            // Too small to be seen, except that it keeps a half from being one.
            value |= u64::from(digit != 0);
            dropped += 4;
        }
    }
    // In two steps, for neither power of two alone may leave the range of float64.
    let scale = scale.saturating_add(dropped).clamp(-2200, 2200);
    let value = value as f64 * 2_f64.powi(scale / 2) * 2_f64.powi(scale - scale / 2);
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        assert_eq!(atoi("+0404"), Ok(404));
        assert_eq!(atoi("-9223372036854775808"), Ok(i64::MIN));
        for (text, expected) in [
            ("", r#"strconv.Atoi: parsing "": invalid syntax"#),
            ("4.0", r#"strconv.Atoi: parsing "4.0": invalid syntax"#),
            ("1_0", r#"strconv.Atoi: parsing "1_0": invalid syntax"#),
            ("9223372036854775808", r#"strconv.Atoi: parsing "9223372036854775808": value out of range"#),
        ] {
            assert_eq!(atoi(text), Err(expected.to_owned()));
        }
        assert_eq!(parse_int("x"), Err(r#"strconv.ParseInt: parsing "x": invalid syntax"#.to_owned()));
    }

    #[test]
    fn unsigned_integers() {
        assert_eq!(parse_uint("0222", 8, 32), Ok(0o222));
        assert_eq!(parse_uint("18446744073709551615", 10, 64), Ok(u64::MAX));
        for (text, reason) in
            [("+1", "invalid syntax"), ("", "invalid syntax"), ("65536", "value out of range")]
        {
            assert_eq!(
                parse_uint(text, 10, 16),
                Err(format!("strconv.ParseUint: parsing {text:?}: {reason}"))
            );
        }
    }

    #[test]
    fn truth() {
        assert_eq!(parse_bool("T"), Ok(true));
        assert_eq!(parse_bool("False"), Ok(false));
        assert_eq!(
            parse_bool("tRUE"),
            Err(r#"strconv.ParseBool: parsing "tRUE": invalid syntax"#.to_owned())
        );
    }

    #[test]
    fn floats() {
        for (text, expected) in [
            ("1", 1.0),
            ("+1.", 1.0),
            (".5e1", 5.0),
            ("-1E-2", -0.01),
            ("0x10p0", 16.0),
            ("0xe4b53.dccee9a4fdp30", 1_005_868_308_216_425.2),
            ("0x1.00000000000008000001p0", 1.000_000_000_000_000_2),
            ("0x.8p1024", 2_f64.powi(1023)),
            ("0x1p-1074", 5e-324),
            ("0X1.8p3", 12.0),
            ("-0x_1p-1", -0.5),
            ("iNf", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("1_000.5", 1000.5),
        ] {
            assert_eq!(parse_float(text), Ok(expected), "{text}");
        }
        assert!(parse_float("nan").is_ok_and(f64::is_nan));
        for text in ["", "x", "1e", "0x1", "+nan", "_1", "1_", "1._5", "0x", "infinit", "1 "] {
            assert!(parse_float(text).is_err(), "{text}");
        }
        assert_eq!(
            parse_float("1e999"),
            Err(r#"strconv.ParseFloat: parsing "1e999": value out of range"#.to_owned())
        );
    }
}
