//! Upstream addresses as people write them: `host`, `host:port`, `scheme://host:port`, `unix//path`, placeholders.

use std::borrow::Cow;

use caddis_config::{
    go::{host_port, url::Url},
    value::address::{self, AddressParts, NetworkAddress},
};

#[cfg(test)]
mod tests;

/// An upstream address in its parts. An absent part is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UpstreamAddress {
    network: String,
    /// `http`, `https`, `h2c`, or whatever else stood before `://`.
    pub(super) scheme: String,
    host: String,
    port: String,
}

impl UpstreamAddress {
    /// Reads an address. A URL may give nothing but scheme, host and port; its scheme decides the port where none is
    /// given, and other addresses default to port 80 unless a placeholder may bring its own.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the address.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.contains("://") {
            return Self::parse_url(text);
        }
        let AddressParts { network, host, mut port } = AddressParts::split(text)
            .unwrap_or_else(|_| AddressParts { host: text.to_owned(), ..AddressParts::default() });
        if port.is_empty() && !host.contains('{') && !address::is_unix(&network) && !address::is_fd(&network)
        {
            "80".clone_into(&mut port);
        }
        let (network, scheme) = match network.as_str() {
            "unix+h2c" => ("unix".to_owned(), "h2c".to_owned()),
            _ => (network, String::new()),
        };
        Ok(Self { network, scheme, host, port })
    }

    fn parse_url(text: &str) -> Result<Self, String> {
        if text.contains('{') {
            return Err(
                "due to parsing difficulties, placeholders are not allowed when an upstream address \
                        contains a scheme"
                    .to_owned(),
            );
        }
        let (single, range) = without_range(text)?;
        let url = Url::parse(&single).map_err(|reason| format!("parsing upstream URL: {reason}"))?;
        if !url.path.is_empty() || !url.query.is_empty() || !url.fragment.is_empty() {
            return Err(
                "for now, URLs for proxy upstreams only support scheme, host, and port components".to_owned()
            );
        }
        let mut port = range.unwrap_or(url.port()).to_owned();
        match (url.scheme.as_str(), port.as_str()) {
            ("http" | "h2c", "443") => {
                return Err(format!(
                    "upstream address has conflicting scheme ({}://) and port (:443, the HTTPS port)",
                    url.scheme
                ));
            }
            ("https", "80") => {
                return Err(
                    "upstream address has conflicting scheme (https://) and port (:80, the HTTP port)"
                        .to_owned(),
                );
            }
            ("http" | "h2c", "") => "80".clone_into(&mut port),
            ("https", "") => "443".clone_into(&mut port),
            _ => {}
        }
        Ok(Self { network: String::new(), host: url.hostname().to_owned(), scheme: url.scheme, port })
    }

    /// The addresses to dial: one, or one for each port of a range.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the port.
    pub(super) fn dial(&self) -> Result<Vec<String>, String> {
        // The port is only known once there is a request.
        if self.port.contains('{') && self.port.contains('}') {
            return Ok(vec![self.to_dial()]);
        }
        let parsed = NetworkAddress::parse(&self.to_dial())?;
        if !self.port.contains('-') {
            return Ok(vec![self.to_dial()]);
        }
        Ok((parsed.start_port..=parsed.end_port)
            .map(|port| address::join("", &parsed.host, &port.to_string()))
            .collect())
    }

    fn to_dial(&self) -> String {
        if !self.network.is_empty() {
            return address::join(&self.network, &self.host, &self.port);
        }
        if self.port.is_empty() && self.host.contains('{') {
            return self.host.clone();
        }
        host_port::join(&self.host, &self.port)
    }
}

/// A URL cannot have a range of ports: takes it out and puts a port in its place.
///
/// # Errors
/// Something that is neither a port nor a range.
fn without_range(text: &str) -> Result<(Cow<'_, str>, Option<&str>), String> {
    let invalid = match Url::parse(text) {
        Err(reason) if reason.contains("invalid port") && reason.contains('-') => reason,
        _ => return Ok((text.into(), None)),
    };
    let (_, range) = text.rsplit_once(':').ok_or(invalid)?;
    if range.matches('-').count() != 1 {
        return Err(format!("parsing upstream URL: parse \"{text}\": port range invalid: {range}"));
    }
    Ok((text.replace(range, "0").into(), Some(range)))
}
