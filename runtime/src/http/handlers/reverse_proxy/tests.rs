//! The handler between real sockets: clients on one side, scripted upstreams on the other.

mod balancing;
mod borrowing;
mod forwarding;
mod handling;
mod health;
mod messages;
mod round_trips;
mod scene;
mod streams;
mod transport_options;
mod transports;
mod upgrading;

/// Each request has one in a box of its own: what is large and rare belongs into another box.
#[test]
fn the_future_of_a_request_is_small() {
    let mut cx = crate::testing::build();
    let config = serde_json::json!({"upstreams": [{"dial": "a:1"}]});
    let handler = super::make(&caddis_config::from_value(config).unwrap(), &mut cx).unwrap();
    let mut exchange = crate::testing::exchange("/", &[]);
    let future = handler.proxy(&mut exchange, crate::http::Next::routes(&[], None));
    assert!(size_of_val(&future) <= 2304, "{} bytes", size_of_val(&future));
}
