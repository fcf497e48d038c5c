use std::{collections::BTreeMap, sync::Arc};

use caddis_config::{from_value, http::reverse_proxy as config};
use serde_json::{Value, json};

use super::{
    super::upstreams::{Health, Upstream},
    SelectionPolicy,
};
use crate::{build::BuildError, http::Exchange, testing};

fn pool(dials: &[&str]) -> Vec<Arc<Upstream>> {
    let mut cx = testing::build();
    let upstream = |dial: &&str| {
        let config = config::Upstream { dial: (*dial).to_owned(), max_requests: 0 };
        let mut upstream = Upstream::build(&config, None, &mut cx).unwrap();
        upstream.health = Some(Arc::new(Health::default()));
        Arc::new(upstream)
    };
    dials.iter().map(upstream).collect()
}

fn down(upstream: &Upstream) {
    assert!(upstream.health.as_ref().unwrap().record(false, 1));
}

fn policy(config: Value, pool: &[Arc<Upstream>]) -> Result<SelectionPolicy, BuildError> {
    let config: config::SelectionPolicy = from_value(config).unwrap();
    SelectionPolicy::build(Some(&config), pool, &mut testing::build())
}

fn picks(policy: &SelectionPolicy, pool: &[Arc<Upstream>], exchange: &Exchange, count: usize) -> Vec<String> {
    let pick = |_| {
        policy.select(pool, exchange).map_or("none".to_owned(), |it| it.upstream.host.address.to_string())
    };
    (0..count).map(pick).collect()
}

#[test]
fn first_takes_the_first_that_is_up() {
    let pool = pool(&["first-a:1", "first-b:1"]);
    let policy = policy(json!({"policy": "first"}), &pool).unwrap();
    let exchange = testing::exchange("/", &[]);
    assert_eq!(picks(&policy, &pool, &exchange, 2), ["first-a:1", "first-a:1"]);
    down(&pool[0]);
    assert_eq!(picks(&policy, &pool, &exchange, 1), ["first-b:1"]);
    down(&pool[1]);
    assert_eq!(picks(&policy, &pool, &exchange, 1), ["none"]);
}

#[test]
fn round_robin_starts_with_the_second_and_skips_what_is_down() {
    let pool = pool(&["rr-a:1", "rr-b:1", "rr-c:1"]);
    let policy = policy(json!({"policy": "round_robin"}), &pool).unwrap();
    let exchange = testing::exchange("/", &[]);
    assert_eq!(picks(&policy, &pool, &exchange, 4), ["rr-b:1", "rr-c:1", "rr-a:1", "rr-b:1"]);
    down(&pool[2]);
    assert_eq!(picks(&policy, &pool, &exchange, 3), ["rr-a:1", "rr-b:1", "rr-a:1"]);
}

#[test]
fn weights_decide_how_often() {
    let pool = pool(&["w-a:1", "w-b:1", "w-c:1"]);
    let policy_of =
        |weights: Value| policy(json!({"policy": "weighted_round_robin", "weights": weights}), &pool);
    let exchange = testing::exchange("/", &[]);
    let weighted = policy_of(json!([3, 0, 2])).unwrap();
    assert_eq!(picks(&weighted, &pool, &exchange, 5), ["w-a:1", "w-a:1", "w-c:1", "w-c:1", "w-a:1"]);
    let single = policy_of(json!([1])).unwrap();
    assert_eq!(picks(&single, &pool, &exchange, 1), ["w-a:1"]);
    assert!(policy_of(json!([0, 0, 0])).unwrap_err().message.contains("positive weight"));
    assert!(policy_of(json!([1, 2])).unwrap_err().message.contains("only 2 weights"));
    assert!(policy_of(json!([1, 2, -1])).unwrap_err().message.contains("negative"));
}

#[test]
fn the_fewest_requests_win() {
    let pool = pool(&["lc-a:1", "lc-b:1", "lc-c:1"]);
    let busy =
        [pool[0].host.request(), pool[1].host.request(), pool[1].host.request(), pool[2].host.request()];
    let exchange = testing::exchange("/", &[]);
    let least = policy(json!({"policy": "least_conn"}), &pool).unwrap();
    let choose = policy(json!({"policy": "random_choose", "choose": 3}), &pool).unwrap();
    for policy in [least, choose] {
        let picked = picks(&policy, &pool, &exchange, 60);
        assert!(!picked.contains(&"lc-b:1".to_owned()));
        assert!(picked.contains(&"lc-a:1".to_owned()) && picked.contains(&"lc-c:1".to_owned()));
    }
    drop(busy);
    assert!(policy(json!({"policy": "random_choose", "choose": 1}), &pool).is_err());
}

#[test]
fn random_reaches_every_one() {
    let pool = pool(&["r-a:1", "r-b:1", "r-c:1"]);
    down(&pool[1]);
    let random = policy(json!({"policy": "random"}), &pool).unwrap();
    let mut seen = BTreeMap::new();
    for pick in picks(&random, &pool, &testing::exchange("/", &[]), 200) {
        *seen.entry(pick).or_insert(0) += 1;
    }
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["r-a:1", "r-c:1"]);
}

/// The upstreams are those that Caddy 2.11.7 picks for the same keys.
#[test]
fn hashing_agrees_with_caddy() {
    let pool = pool(&["localhost:8080", "localhost:8081", "localhost:8082"]);
    let exchange = testing::exchange("/test?key=7", &[("x-user", "alice"), ("host", "example.com")]);
    let pick = |config: Value| picks(&policy(config, &pool).unwrap(), &pool, &exchange, 1).remove(0);
    let expected = |key: &str| {
        let hash = |upstream: &Arc<Upstream>| {
            xxhash_rust::xxh64::xxh64(format!("{}{key}", upstream.host.address).as_bytes(), 0)
        };
        pool.iter().max_by_key(|upstream| hash(upstream)).unwrap().host.address.to_string()
    };
    assert_eq!(pick(json!({"policy": "ip_hash"})), expected("192.0.2.77"));
    assert_eq!(pick(json!({"policy": "client_ip_hash"})), expected("192.0.2.77"));
    assert_eq!(pick(json!({"policy": "uri_hash"})), expected("/test?key=7"));
    assert_eq!(pick(json!({"policy": "query", "key": "key"})), expected("7"));
    assert_eq!(pick(json!({"policy": "header", "field": "X-User"})), expected("alice"));
    assert_eq!(pick(json!({"policy": "header", "field": "Host"})), expected("example.com"));
    let first = json!({"policy": "first"});
    assert_eq!(pick(json!({"policy": "header", "field": "X-None", "fallback": first})), "localhost:8080");
    assert_eq!(pick(json!({"policy": "query", "key": "none", "fallback": first})), "localhost:8080");
}

#[test]
fn a_cookie_stands_for_an_upstream() {
    let pool = pool(&["c-a:1", "c-b:1"]);
    let config = json!({"policy": "cookie", "secret": "s", "max_age": "1h", "fallback": {"policy": "first"}});
    let policy = policy(config, &pool).unwrap();
    let new = policy.select(&pool, &testing::exchange("/", &[])).unwrap();
    let cookie = new.cookie.unwrap();
    let cookie = cookie.to_str().unwrap();
    assert!(cookie.starts_with("lb=") && cookie.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"));
    down(&pool[0]);
    let second = policy.select(&pool, &testing::exchange("/", &[])).unwrap();
    let kept = second.cookie.unwrap();
    let kept = kept.to_str().unwrap().split(';').next().unwrap();
    assert!(pool[0].health.as_ref().unwrap().record(true, 1));
    let back = policy.select(&pool, &testing::exchange("/", &[("cookie", kept)])).unwrap();
    assert_eq!((&*back.upstream.host.address, back.cookie), ("c-b:1", None));
    let forged = policy.select(&pool, &testing::exchange("/", &[("cookie", "lb=c-b:1")])).unwrap();
    assert_eq!(&*forged.upstream.host.address, "c-a:1");
}
