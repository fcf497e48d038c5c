//! The field `Date`, written anew once a second.

use std::{
    cell::RefCell,
    time::{SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;

thread_local! {
    /// A second since 1970, and how it is written.
    static LATEST: RefCell<(u64, HeaderValue)> = const { RefCell::new((u64::MAX, HeaderValue::from_static(""))) };
}

/// The time now (RFC 9110, section 6.6.1).
pub(crate) fn now() -> HeaderValue {
    at(SystemTime::now())
}

fn at(time: SystemTime) -> HeaderValue {
    let second = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    LATEST.with_borrow_mut(|latest| {
        if latest.0 != second {
            let text = httpdate::fmt_http_date(time);
            *latest = (second, HeaderValue::try_from(text).expect("a date is visible ASCII"));
        }
        latest.1.clone()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_changes_with_the_second() {
        let time = |milliseconds| at(UNIX_EPOCH + Duration::from_millis(milliseconds));
        assert_eq!(time(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(time(784_111_777_999), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(time(784_111_778_000), "Sun, 06 Nov 1994 08:49:38 GMT");
    }
}
