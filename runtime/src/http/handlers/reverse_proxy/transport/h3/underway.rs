//! One handshake at a time with an upstream: requests that come meanwhile wait for its outcome, where they would otherwise open
//! as many connections as there are requests.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use tokio::sync::Notify;

use super::super::pool::Key;

thread_local! {
    static UNDER_WAY: RefCell<HashMap<Key, Rc<Handshake>>> = RefCell::default();
}

#[derive(Default)]
struct Handshake {
    ended: Notify,
    /// Why it was in vain.
    failure: RefCell<Option<Rc<str>>>,
}

/// Whose handshake it is.
pub(super) enum Turn {
    /// Nobody else is at it.
    Ours(Ours),
    /// Somebody else was. Why it was in vain, if it was: otherwise it is worth looking again.
    Theirs(Option<Rc<str>>),
}

/// While this lives, others wait.
pub(super) struct Ours {
    key: Key,
    handshake: Rc<Handshake>,
}

/// Waits while somebody else shakes hands for the same key.
pub(super) async fn turn(key: &Key) -> Turn {
    let other = UNDER_WAY.with_borrow(|all| all.get(key).map(Rc::clone));
    if let Some(other) = other {
        other.ended.notified().await;
        return Turn::Theirs(other.failure.borrow().clone());
    }
    let handshake = Rc::new(Handshake::default());
    UNDER_WAY.with_borrow_mut(|all| all.insert(key.clone(), Rc::clone(&handshake)));
    Turn::Ours(Ours { key: key.clone(), handshake })
}

impl Ours {
    /// It was in vain, for all who wait.
    pub(super) fn failed(self, why: &impl ToString) {
        *self.handshake.failure.borrow_mut() = Some(why.to_string().into());
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        UNDER_WAY.with_borrow_mut(|all| all.remove(&self.key));
        self.handshake.ended.notify_waiters();
    }
}
