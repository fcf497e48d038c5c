//! Certificates from PEM files, as the JSON wants them: base64 of DER.

use caddis_grammar::{ReadError, Token};

use crate::{
    cx::{Cx, Parsed},
    errors,
};

/// The certificates of the file that a word names.
pub(super) fn read(cx: &Cx<'_>, word: &Token) -> Parsed<Vec<String>> {
    let content = cx.files.read(&word.text).map_err(|error| {
        let reason = match error {
            ReadError::NotFound => format!("open {}: no such file or directory", word.text),
            ReadError::IsDirectory => format!("read {}: is a directory", word.text),
            ReadError::Other(reason) => format!("open {}: {reason}", word.text),
        };
        errors::tls::unreadable_certificate(word, &reason)
    })?;
    match certificates(&String::from_utf8_lossy(&content)) {
        Some(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => {
            let reason = format!("no CERTIFICATE pem block found in {}", word.text);
            Err(errors::tls::unreadable_certificate(word, &reason))
        }
    }
}

/// The bodies of all blocks; `None` where one of them is no certificate. Anything between blocks is passed over.
fn certificates(text: &str) -> Option<Vec<String>> {
    let mut certificates = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("-----BEGIN ").and_then(|line| line.strip_suffix("-----")) else {
            continue;
        };
        let end = format!("-----END {kind}-----");
        let mut body = String::new();
        let mut closed = false;
        for line in lines.by_ref() {
            closed = line == end;
            if closed {
                break;
            }
            // Lines such as `Proc-Type: …` are headers.
            if !line.contains(':') {
                body.push_str(line);
            }
        }
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        if !closed || !body.chars().all(is_base64) {
            continue;
        }
        if kind != "CERTIFICATE" {
            return None;
        }
        certificates.push(body);
    }
    Some(certificates)
}

#[cfg(test)]
mod tests {
    use super::certificates;

    #[test]
    fn every_block_is_a_certificate() {
        let text = "x\n-----BEGIN CERTIFICATE-----\nMIIB\nAA==\n-----END CERTIFICATE-----\ny\n\
                    -----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(text), Some(vec!["MIIBAA==".to_owned(), "BBBB".to_owned()]));
        assert_eq!(certificates("-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n"), None);
        assert_eq!(certificates("nothing"), Some(Vec::new()));
    }
}
