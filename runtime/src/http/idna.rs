//! Host names in the form that DNS and TLS use: labels that are not ASCII become `xn--…` (RFC 3492).

use std::borrow::Cow;

/// The ASCII form of a host name, lower case where it had to be converted.
pub(crate) fn to_ascii(host: &str) -> Cow<'_, str> {
    if host.is_ascii() {
        return Cow::Borrowed(host);
    }
    let labels = host.split(['.', '。']).map(|label| {
        if label.is_ascii() { label.to_owned() } else { format!("xn--{}", punycode(&label.to_lowercase())) }
    });
    Cow::Owned(labels.collect::<Vec<_>>().join("."))
}

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;

fn punycode(label: &str) -> String {
    let mut output: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(output.len()).unwrap_or(u32::MAX);
    if basic > 0 {
        output.push('-');
    }
    let total = u32::try_from(label.chars().count()).unwrap_or(u32::MAX);
    let (mut code, mut delta, mut bias, mut handled) = (128_u32, 0_u32, 72_u32, basic);
    while handled < total {
        let next = label.chars().map(u32::from).filter(|c| *c >= code).min().unwrap_or(code);
        delta = delta.saturating_add((next - code).saturating_mul(handled + 1));
        code = next;
        for character in label.chars().map(u32::from) {
            if character < code {
                delta = delta.saturating_add(1);
            }
            if character == code {
                push_integer(&mut output, delta, bias);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.saturating_add(1);
        code += 1;
    }
    output
}

fn push_integer(output: &mut String, mut rest: u32, bias: u32) {
    let mut k = BASE;
    loop {
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if rest < threshold {
            break;
        }
        output.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
        rest = (rest - threshold) / (BASE - threshold);
        k += BASE;
    }
    output.push(digit(rest));
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn digit(value: u32) -> char {
    char::from_digit(if value < 26 { value + 10 } else { value - 26 }, BASE).expect("below the base")
}

#[cfg(test)]
mod tests {
    use super::to_ascii;

    #[test]
    fn names_that_are_not_ascii() {
        for (host, ascii) in [
            ("example.com", "example.com"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("münchen.de", "xn--mnchen-3ya.de"),
            ("例え.jp", "xn--r8jz45g.jp"),
            ("*.ドメイン.テスト", "*.xn--eckwd4c7c.xn--zckzah"),
            ("ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn"),
        ] {
            assert_eq!(to_ascii(host), ascii);
        }
    }
}
