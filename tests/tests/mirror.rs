//! `mirror` between real upstreams.

use caddis_tests::server::adapt;
use serde_json::Value;

/// The Caddyfiles with which caddy-mirror was announced, by what stands in the block before `primary`.
fn announced(options: &str, global: &str) -> String {
    format!(
        "{global}assets.bigcompany.com {{
  mirror {{
{options}      primary {{
          reverse_proxy prod.assets.internal.bigcompany.com
      }}
      secondary {{
          reverse_proxy staging.assets.internal.bigcompany.com
      }}
  }}
}}
"
    )
}

fn handler(caddyfile: &str) -> String {
    let config: Value = serde_json::from_str(&adapt(caddyfile).unwrap()).unwrap();
    let handler = "/apps/http/servers/srv0/routes/0/handle/0/routes/0/handle/0";
    config.pointer(handler).expect(caddyfile).to_string()
}

fn proxy(dial: &str) -> String {
    format!(
        r#"{{"routes":[{{"handle":[{{"handler":"reverse_proxy","upstreams":[{{"dial":"{dial}.assets.internal.bigcompany.com:80"}}]}}]}}]}}"#
    )
}

#[test]
fn what_was_announced_adapts_as_printed() {
    let (primary, secondary) = (proxy("prod"), proxy("staging"));
    let rest = format!(r#""primary":{primary},"secondary":{secondary}}}"#);
    let cases = [
        ("", "", r#"{"handler":"mirror","metrics_name":"","#),
        (
            "      metrics mirror_all # We added this here!\n",
            "{\n    metrics\n}\n\n",
            r#"{"handler":"mirror","metrics_name":"mirror_all","#,
        ),
        (
            "      compare_body # This is the operative part.\n",
            "",
            r#"{"compare_body":true,"handler":"mirror","metrics_name":"","#,
        ),
        ("      compare_jq .data \n", "", r#"{"compare_jq":[".data"],"handler":"mirror","metrics_name":"","#),
    ];
    for (options, global, beginning) in cases {
        assert_eq!(handler(&announced(options, global)), format!("{beginning}{rest}"));
    }
}
