//! Sizes in the notation of go-humanize, which Caddyfiles use: `10MB`, `1.5 GiB`, `512`.

use super::number::parse_float;

/// `humanize.ParseBytes`: bytes of a text such as `10MB` (10^7) or `10MiB` (10 · 2^20).
///
/// # Errors
/// `unhandled size name: x`, `too large: x`, or the text of `strconv.ParseFloat`.
pub fn parse(text: &str) -> Result<u64, String> {
    let end =
        text.find(|char: char| !(char.is_ascii_digit() || char == '.' || char == ',')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number = parse_float(&number.replace(',', ""))?;
    let unit = unit.trim().to_lowercase();
    let factor = factor(&unit).ok_or_else(|| format!("unhandled size name: {unit}"))?;
    let bytes = number * factor as f64;
    if bytes >= u64::MAX as f64 {
        return Err(format!("too large: {text}"));
    }
    Ok(bytes as u64)
}

fn factor(unit: &str) -> Option<u64> {
    let (prefix, base) = match unit.strip_suffix('b').unwrap_or(unit) {
        "" => return Some(1),
        short => match short.strip_suffix('i') {
            Some(prefix) => (prefix, 1024_u64),
            None => (short, 1000),
        },
    };
    let power = ["k", "m", "g", "t", "p", "e"].iter().position(|known| *known == prefix)?;
    base.checked_pow(u32::try_from(power).ok()? + 1)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn like_humanize() {
        for (text, expected) in [
            ("42", 42),
            ("42B", 42),
            ("42MB", 42_000_000),
            ("42 mib", 44_040_192),
            ("42Mi", 44_040_192),
            ("42M", 42_000_000),
            ("42.5MiB", 44_564_480),
            ("1,005.03 MB", 1_005_030_000),
            ("12.5 EB", 12_500_000_000_000_000_000),
            ("0.9", 0),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("84 JB", "unhandled size name: jb"),
            ("1ib", "unhandled size name: ib"),
            ("16 EiB", "too large: 16 EiB"),
            ("x", r#"strconv.ParseFloat: parsing "": invalid syntax"#),
            ("-1", r#"strconv.ParseFloat: parsing "": invalid syntax"#),
        ] {
            assert_eq!(parse(text), Err(expected.to_owned()));
        }
    }
}
