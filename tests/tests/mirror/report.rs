//! What the report of mirrors tells, and how it begins anew.

use serde_json::json;

use super::{Mirror, differences};

#[tokio::test]
async fn routes_have_their_own_differences_and_latencies() {
    let mirror = Mirror::with(
        "compare_status\ncompare_json\nno_log",
        "handle /same {\nrespond 1\n}\nrespond `{\"a\":1,\"token\":\"t1\"}`",
        "handle /same {\nrespond 1\n}\nrespond `{\"a\":2,\"token\":\"t2\"}` 201",
    )
    .await;
    for (at, target) in (1..).zip(["/items/1?password=x", "/items/2?page=2", "/same", "/other"]) {
        mirror.get(target).await;
        mirror.once("compared", at).await;
    }
    let report = mirror.once("compared", 4).await;
    assert_eq!(
        report["compared"],
        json!({"body": {"match": 1, "mismatch": 3}, "status": {"match": 1, "mismatch": 3}})
    );
    let routes: Vec<_> = report["routes"].as_array().unwrap().iter().collect();
    let seen: Vec<_> = routes
        .iter()
        .map(|route| json!([route["method"], route["path"], route["compared"], route["equal"]]))
        .collect();
    assert_eq!(
        seen,
        [json!(["GET", "/items/{id}", 2, 0]), json!(["GET", "/other", 1, 0]), json!(["GET", "/same", 1, 1]),]
    );
    for (route, count) in routes.iter().zip([2, 1, 1]) {
        for side in ["primary", "shadow"] {
            assert_eq!(route[side]["time_to_first_byte"]["count"], count, "{route}");
        }
    }
    let fields: Vec<_> = routes[0]["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| json!([found["kind"], found["field"], found["count"]]))
        .collect();
    assert_eq!(
        fields,
        [json!(["status", "status", 2]), json!(["body", ".a", 2]), json!(["body", ".token", 2])]
    );
    let a = &routes[0]["differences"][1];
    assert_eq!(
        (&a["first"]["uri"], &a["last"]["uri"]),
        (&json!("/items/1?password=REDACTED"), &json!("/items/2?page=2"))
    );
    assert_eq!((&a["first"]["primary"], &a["first"]["shadow"]), (&json!("1"), &json!("2")));
    assert_eq!((&a["first"]["host"], &a["first"]["secondary"]), (&json!("h"), &json!(0)));
    assert_eq!(routes[0]["differences"][2]["first"]["primary"], "REDACTED");
    let counted: u64 =
        report["windows"].as_array().unwrap().iter().map(|window| window["compared"].as_u64().unwrap()).sum();
    assert_eq!(counted, 4, "{report}");
}

#[tokio::test]
async fn a_report_begins_anew_and_metrics_go_on() {
    let mirror = Mirror::with("compare_body\nmetrics anew", "respond one", "respond two").await;
    mirror.get("/").await;
    mirror.once("compared", 1).await;
    let last = mirror.ask_admin("DELETE", "/mirror/report").await.json()[0].clone();
    assert_eq!((&last["counts"]["compared"], differences(&last).len()), (&json!(1), 1), "{last}");
    let report = mirror.report().await;
    assert!(report["counts"].as_object().unwrap().values().all(|count| *count == 0), "{report}");
    assert_eq!((&report["routes"], &report["windows"]), (&json!([]), &json!([])));
    assert_eq!(report["primary"]["time_to_first_byte"]["count"], 0, "{report}");
    assert_eq!(report["compared"]["body"], json!({"match": 0, "mismatch": 0}));
    mirror.get("/").await;
    let report = mirror.once("compared", 1).await;
    assert_eq!(
        (differences(&report)[0]["count"].clone(), report["shadow"]["time_to_first_byte"]["count"].clone()),
        (json!(1), json!(1))
    );
    assert!(mirror.admin("/metrics").await.text().contains("\nanew_shadow_body_mismatch 2\n"));
    assert_eq!(mirror.ask_admin("POST", "/mirror/report").await.status, 405);
}

#[tokio::test]
async fn a_baseline_does_not_count_as_the_shadow() {
    let mirror = Mirror::with("compare_body\nbaseline {\nrespond one\n}", "respond one", "respond two").await;
    mirror.get("/").await;
    let report = mirror.once("compared", 1).await;
    assert_eq!(
        (&report["counts"]["mirrored"], &report["shadow"]["time_to_first_byte"]["count"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(differences(&report).len(), 1, "{report}");
}
