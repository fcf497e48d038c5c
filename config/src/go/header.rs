//! Header names in the spelling Go gives them.

/// `http.CanonicalHeaderKey`: `content-type` becomes `Content-Type`; a name that is no token stays as it is.
pub fn canonical(name: &str) -> String {
    if !name.bytes().all(is_token) {
        return name.to_owned();
    }
    let mut upper = true;
    let spell = |byte: u8| {
        let spelled = if upper { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        upper = byte == b'-';
        char::from(spelled)
    };
    name.bytes().map(spell).collect()
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn like_go() {
        for (name, expected) in [
            ("content-TYPE", "Content-Type"),
            ("x-", "X-"),
            ("-x--y", "-X--Y"),
            ("ETag", "Etag"),
            ("a_b.c", "A_b.c"),
            ("foo bar", "foo bar"),
            ("{placeholder}", "{placeholder}"),
            ("ünicode", "ünicode"),
            ("", ""),
        ] {
            assert_eq!(canonical(name), expected);
        }
    }
}
