//! HTTP Basic authentication (RFC 7617).

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use caddis_config::http::authentication::{hashes::Hash, providers::HttpBasic as Config};
use http::{HeaderMap, HeaderValue, header};

use super::{
    Verdict,
    password::{Checker, Hashed, Kind},
};
use crate::{
    build::{Build, BuildError},
    http::{Exchange, header_ops::header_value},
    placeholder::Template,
};

/// Users and the hashes of their passwords.
pub(super) struct HttpBasic {
    accounts: HashMap<String, Hashed>,
    /// What the password of a user who does not exist is compared with, so that it takes as long.
    decoy: Option<Hashed>,
    checker: Arc<Checker>,
    challenge: HeaderValue,
}

impl HttpBasic {
    pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let kind = match &config.hash {
            None | Some(Hash::Bcrypt(_)) => Kind::Bcrypt,
            Some(Hash::Argon2id(_)) => Kind::Argon2id,
            Some(Hash::Foreign(foreign)) => {
                cx.refuse_fields(&[("hash", true, &format!("password hash {}", foreign.name))])?;
                Kind::Bcrypt
            }
        };
        let mut accounts = HashMap::new();
        for (index, account) in config.accounts.iter().enumerate() {
            let built = cx.at("accounts", |cx| {
                cx.at(index, |cx| {
                    let name = constant(&account.username, cx)?;
                    let password = constant(&account.password, cx)?;
                    if name.is_empty() || password.is_empty() {
                        return Err(cx.error(format!("account {index}: username and password are required")));
                    }
                    let hashed = Hashed::parse(&password, kind).map_err(|error| cx.error(error))?;
                    match accounts.insert(name, hashed) {
                        None => Ok(()),
                        Some(_) => Err(cx
                            .error(format!("account {index}: username is not unique: {}", account.username))),
                    }
                })
            });
            cx.unless_survey(built)?;
        }
        let realm = if config.realm.is_empty() { "restricted" } else { &config.realm };
        let challenge = header_value(&format!("Basic realm=\"{realm}\""))
            .ok_or_else(|| cx.error(format!("the realm {realm:?} cannot be sent")))?;
        let decoy = accounts.values().next().cloned();
        let checker = Arc::new(Checker::new(config.hash_cache.is_some()));
        Ok(Self { accounts, decoy, checker, challenge })
    }

    pub(super) async fn authenticate(&self, headers: &HeaderMap) -> Verdict {
        let Some((name, password)) = credentials(headers) else { return Verdict::Unknown };
        let account = self.accounts.get(&name);
        let Some(hashed) = account.or(self.decoy.as_ref()) else { return Verdict::Unknown };
        match self.checker.check(hashed, password).await {
            Ok(true) if account.is_some() => Verdict::Known(name),
            Ok(_) => Verdict::Unknown,
            Err(error) => Verdict::Failed(error),
        }
    }

    /// Has the answer ask for credentials.
    pub(super) fn challenge(&self, exchange: &mut Exchange) {
        exchange.response_headers_mut().insert(header::WWW_AUTHENTICATE, self.challenge.clone());
    }
}

/// A text in which placeholders need no request.
fn constant(text: &str, cx: &Build) -> Result<String, BuildError> {
    let template = Template::all(text, cx)?;
    template.fixed(cx, "an account cannot depend on the request").map(str::to_owned)
}

/// User and password of a request.
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    decoded.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}
