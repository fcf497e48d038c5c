//! What the escapes in strings and bytes stand for.

/// The text of a string literal.
///
/// # Errors
/// Names the escape that there is not.
pub(in crate::cel) fn string(content: &str) -> Result<String, String> {
    let mut text = String::with_capacity(content.len());
    unescape(content, |unit| {
        match unit {
            Unit::Plain(plain) => text.push(plain),
            Unit::Code(code, _) => text.push(char::from_u32(code)?),
        }
        Some(())
    })?;
    Ok(text)
}

/// The bytes of a bytes literal.
///
/// # Errors
/// Names the escape that there is not.
pub(in crate::cel) fn bytes(content: &str, raw: bool) -> Result<Vec<u8>, String> {
    if raw {
        return Ok(content.as_bytes().to_vec());
    }
    let mut bytes = Vec::with_capacity(content.len());
    unescape(content, |unit| {
        match unit {
            Unit::Plain(plain) => bytes.extend(plain.encode_utf8(&mut [0; 4]).bytes()),
            Unit::Code(code, is_byte) => bytes.push(u8::try_from(code).ok().filter(|_| is_byte)?),
        }
        Some(())
    })?;
    Ok(bytes)
}

enum Unit {
    Plain(char),
    /// A code, and whether it was written as a byte (`\x41`, `\101`).
    Code(u32, bool),
}

fn unescape(content: &str, mut push: impl FnMut(Unit) -> Option<()>) -> Result<(), String> {
    let mut rest = content;
    while let Some(next) = rest.chars().next() {
        let escape = rest;
        rest = &rest[next.len_utf8()..];
        let unit = if next == '\\' { escaped(&mut rest) } else { Some(Unit::Plain(next)) };
        if unit.and_then(&mut push).is_none() {
            let shown: String = escape.chars().take(2).collect();
            return Err(format!("Syntax error: invalid escape sequence '{shown}' in a string"));
        }
    }
    Ok(())
}

fn escaped(rest: &mut &str) -> Option<Unit> {
    let kind = rest.chars().next()?;
    let mut number = |skip: usize, length: usize, radix: u32| {
        let digits = rest.get(skip..skip + length)?;
        let valid = digits.bytes().all(|digit| char::from(digit).is_digit(radix));
        *rest = &rest[skip + length..];
        u32::from_str_radix(digits, radix).ok().filter(|_| valid)
    };
    match kind {
        'x' | 'X' => return Some(Unit::Code(number(1, 2, 16)?, true)),
        'u' => return Some(Unit::Code(number(1, 4, 16)?, false)),
        'U' => return Some(Unit::Code(number(1, 8, 16)?, false)),
        '0'..='3' => return Some(Unit::Code(number(0, 3, 8)?, true)),
        _ => {}
    }
    let plain = match kind {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' | '?' | '"' | '\'' | '`' => kind,
        _ => return None,
    };
    *rest = &rest[1..];
    Some(Unit::Plain(plain))
}
