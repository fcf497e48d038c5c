//! Sites and options to automation policies.

use super::assert_part;

#[test]
fn internal_and_public_names_of_one_site_get_two_policies() {
    let text = "example.com, x.internal {\n\ttls {\n\t\tkey_type p384\n\t}\n}";
    assert_part(
        text,
        "/apps/tls/automation/policies",
        r#"[{"key_type":"p384","subjects":["example.com"]},{"issuers":[{"module":"internal"}],"key_type":"p384","subjects":["x.internal"]}]"#,
    );
}

#[test]
fn sites_without_settings_need_no_policy() {
    let text = "example.com {\n}\nlocalhost {\n}";
    assert_part(text, "/apps/tls", r#"null"#);
}

#[test]
fn a_specific_name_keeps_its_policy_in_front_of_a_wildcard() {
    let text = "a.example.com {\n\ttls {\n\t\ton_demand\n\t}\n}\n*.example.com {\n\ttls internal\n}\n:443 {\n\ttls {\n\t\ton_demand\n\t}\n}";
    assert_part(
        text,
        "/apps/tls/automation/policies",
        r#"[{"on_demand":true,"subjects":["a.example.com"]},{"issuers":[{"module":"internal"}],"subjects":["*.example.com"]},{"on_demand":true}]"#,
    );
}

#[test]
fn names_beside_a_port_are_managed_all_the_same() {
    let text = "example.com, localhost, :443 {\n}";
    assert_part(
        text,
        "/apps/tls",
        r#"{"automation":{"policies":[{"subjects":["example.com"]},{"issuers":[{"module":"internal"}],"subjects":["localhost"]}]},"certificates":{"automate":["example.com","localhost"]}}"#,
    );
}

#[test]
fn global_acme_settings_make_issuers_for_public_names() {
    let text = "{\n\temail me@example.com\n\tacme_ca https://ca.example\n\thttp_port 8080\n}\nexample.com {\n}\nlocalhost {\n}";
    assert_part(
        text,
        "/apps/tls/automation/policies",
        r#"[{"subjects":["localhost"]},{"issuers":[{"ca":"https://ca.example","challenges":{"http":{"alternate_port":8080}},"email":"me@example.com","module":"acme"}]}]"#,
    );
}

#[test]
fn an_email_address_adds_a_second_issuer() {
    let text = "{\n\temail me@example.com\n}\nexample.com {\n}";
    assert_part(
        text,
        "/apps/tls/automation/policies",
        r#"[{"issuers":[{"email":"me@example.com","module":"acme"},{"ca":"https://acme.zerossl.com/v2/DV90","email":"me@example.com","module":"acme"}],"subjects":["example.com"]}]"#,
    );
}

#[test]
fn challenges_listen_where_the_site_does() {
    let text = "example.com {\n\tbind 10.0.0.1\n\ttls me@example.com\n}";
    assert_part(
        text,
        "/apps/tls/automation/policies/0/issuers",
        r#"[{"challenges":{"bind_host":"10.0.0.1"},"email":"me@example.com","module":"acme"},{"ca":"https://acme.zerossl.com/v2/DV90","challenges":{"bind_host":"10.0.0.1"},"email":"me@example.com","module":"acme"}]"#,
    );
}

#[test]
fn a_certificate_file_is_loaded_once() {
    let text = "a.com {\n\ttls cert.pem key.pem\n}\nb.com {\n\ttls cert.pem key.pem\n}";
    assert_part(
        text,
        "/apps/tls/certificates",
        r#"{"load_files":[{"certificate":"cert.pem","key":"key.pem","tags":["cert0"]}]}"#,
    );
}

#[test]
fn issuers_of_the_global_options_are_the_templates() {
    let text = "{\n\tcert_issuer acme https://one.example {\n\t\temail one@example.com\n\t}\n}\na.com {\n\ttls {\n\t\teab id key\n\t}\n}";
    assert_part(
        text,
        "/apps/tls/automation/policies",
        r#"[{"issuers":[{"ca":"https://one.example","email":"one@example.com","external_account":{"key_id":"id","mac_key":"key"},"module":"acme"}],"subjects":["a.com"]},{"issuers":[{"ca":"https://one.example","email":"one@example.com","module":"acme"}]}]"#,
    );
}
