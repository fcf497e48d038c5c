use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::testing::{answer, exchange, refused, routes};

fn bcrypt(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

/// The user that was let through, or the status and the challenge.
fn ask(provider: Value, credentials: Option<&str>) -> Result<String, (u16, String)> {
    let config = routes(json!([{"handle": [
        {"handler": "authentication", "providers": {"http_basic": provider}},
        {"handler": "static_response", "body": "{http.auth.user.id}"},
    ]}]));
    let header = credentials.map(|credentials| format!("Basic {}", BASE64_STANDARD.encode(credentials)));
    let headers: Vec<_> = header.iter().map(|value| ("authorization", value.as_str())).collect();
    let mut exchange = exchange("/", &headers);
    match answer(&config, &mut exchange) {
        Ok(response) => Ok(String::from_utf8(response.body().to_vec()).unwrap()),
        Err(error) => {
            let challenge = exchange.response_headers_mut()["www-authenticate"].to_str().unwrap().to_owned();
            Err((error.status().as_u16(), challenge))
        }
    }
}

#[test]
fn users_and_strangers() {
    for cache in [json!(null), json!({})] {
        let provider = json!({
            "accounts": [{"username": "ann", "password": bcrypt("secret:colon")}],
            "realm": "here",
            "hash_cache": cache,
        });
        let refused = Err((401, "Basic realm=\"here\"".to_owned()));
        assert_eq!(ask(provider.clone(), Some("ann:secret:colon")), Ok("ann".to_owned()));
        assert_eq!(ask(provider.clone(), Some("ann:wrong")), refused);
        assert_eq!(ask(provider.clone(), Some("bob:secret:colon")), refused);
        assert_eq!(ask(provider.clone(), Some("no colon")), refused);
        assert_eq!(ask(provider, None), refused);
    }
}

#[test]
fn other_hashes() {
    let wrapped = BASE64_STANDARD.encode(bcrypt("old"));
    let provider = json!({"accounts": [{"username": "ann", "password": wrapped}]});
    assert_eq!(ask(provider.clone(), Some("ann:old")), Ok("ann".to_owned()));
    assert_eq!(ask(provider, None), Err((401, "Basic realm=\"restricted\"".to_owned())));

    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
    let hash = argon2.hash_password(b"new").unwrap().to_string();
    let provider =
        json!({"hash": {"algorithm": "argon2id"}, "accounts": [{"username": "ann", "password": hash}]});
    assert_eq!(ask(provider.clone(), Some("ann:new")), Ok("ann".to_owned()));
    assert_eq!(ask(provider, Some("ann:wrong")), Err((401, "Basic realm=\"restricted\"".to_owned())));
}

#[test]
fn the_cache_does_not_mix_users() {
    let provider = json!({
        "hash_cache": {},
        "accounts": [
            {"username": "ann", "password": bcrypt("a")},
            {"username": "bob", "password": bcrypt("b")},
        ],
    });
    let config = routes(json!([{"handle": [
        {"handler": "authentication", "providers": {"http_basic": provider}},
        {"handler": "static_response", "body": "{http.auth.user.id}"},
    ]}]));
    for (credentials, known) in
        [("ann:a", true), ("ann:a", true), ("bob:a", false), ("bob:b", true), ("ann:b", false)]
    {
        let header = format!("basic {}", BASE64_STANDARD.encode(credentials));
        let outcome = answer(&config, &mut exchange("/", &[("authorization", &header)]));
        assert_eq!(outcome.is_ok(), known, "{credentials}");
    }
}

#[test]
fn mistakes() {
    for (accounts, message) in [
        (json!([{"username": "a", "password": "plain"}]), "base64"),
        (json!([{"username": "a", "password": "$2a$x"}]), "not a password hash"),
        (json!([{"username": "", "password": bcrypt("x")}]), "required"),
        (
            json!([{"username": "a", "password": bcrypt("x")}, {"username": "a", "password": bcrypt("y")}]),
            "not unique",
        ),
    ] {
        let provider =
            json!({"handler": "authentication", "providers": {"http_basic": {"accounts": accounts}}});
        let error = refused(json!([{"handle": [provider]}]));
        assert!(error.message.contains(message), "{error}");
        assert!(error.path.starts_with("/0/handle/0/providers/http_basic/accounts/"), "{error}");
    }
}
