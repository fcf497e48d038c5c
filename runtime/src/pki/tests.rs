use std::path::PathBuf;

use super::*;
use crate::testing;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("caddis-pki-{name}-{}", std::process::id())))
    }

    fn storage(&self) -> Storage {
        Storage::new(self.0.clone())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn local(storage: &Storage, config: &config::pki::Authority) -> Arc<Authority> {
    let app = config::pki::App { certificate_authorities: [("local".to_owned(), config.clone())].into() };
    Authorities::default().get("", Some(&app), storage, &testing::build()).unwrap()
}

#[test]
fn an_authority_is_made_once_and_found_again() {
    let folder = Folder::new("once");
    let first = local(&folder.storage(), &config::pki::Authority::default());
    let again = local(&folder.storage(), &config::pki::Authority::default());
    assert_eq!(first.root_certificate(), again.root_certificate());
    assert_eq!(first.intermediate_certificate(), again.intermediate_certificate());
    assert!(folder.0.join("pki/authorities/local/intermediate.key").exists());
    assert!(first.root_common_name.starts_with("Caddy Local Authority - 20"));
}

#[test]
fn intermediates_are_renewed_before_they_end() {
    let folder = Folder::new("renew");
    let authority = local(&folder.storage(), &config::pki::Authority::default());
    let before = authority.intermediate_certificate();
    let day = Duration::from_secs(24 * 3600);
    assert!(!authority.maintain(SystemTime::now() + 5 * day).unwrap());
    assert_eq!(authority.intermediate_certificate(), before);
    assert!(authority.maintain(SystemTime::now() + 6 * day).unwrap());
    let after = authority.intermediate_certificate();
    assert_ne!(after, before);
    assert_eq!(folder.storage().load("pki/authorities/local/intermediate.crt").unwrap(), Some(after));
}

#[test]
fn certificates_do_not_outlive_their_signer() {
    let folder = Folder::new("clamp");
    let lifetime = config::Duration::from_secs(3600);
    let short = config::pki::Authority { intermediate_lifetime: lifetime, ..Default::default() };
    let authority = local(&folder.storage(), &short);
    let issued = authority.issue("a.localhost", KeyType::P256, Duration::from_secs(7200), false).unwrap();
    assert!(issued.until <= SystemTime::now() + Duration::from_secs(3600));
    assert_eq!(issued.chain.matches("BEGIN CERTIFICATE").count(), 2);
    let by_root = authority.issue("::1", KeyType::Ed25519, Duration::from_secs(7200), true).unwrap();
    assert_eq!(by_root.chain.matches("BEGIN CERTIFICATE").count(), 1);
}

#[test]
fn an_authority_that_is_not_configured_is_refused() {
    let folder = Folder::new("unknown");
    let error = Authorities::default().get("other", None, &folder.storage(), &testing::build()).unwrap_err();
    assert!(error.message.contains("other"), "{error}");
}

#[test]
fn the_last_part_of_a_lifetime_is_due() {
    let start = SystemTime::UNIX_EPOCH;
    let at = |seconds| start + Duration::from_secs(seconds);
    assert!(!is_due(start, at(90), 1.0 / 3.0, at(59)));
    assert!(is_due(start, at(90), 1.0 / 3.0, at(61)));
}
