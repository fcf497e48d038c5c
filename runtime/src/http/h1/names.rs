//! Names of fields that were met before: peers send the same ones over and over, and to make a name takes longer than to
//! find it.

use std::cell::RefCell;

use http::HeaderName;

use super::Invalid;

/// The longest spelling in bytes that is remembered, and how many are.
const LONGEST: usize = 31;
const REMEMBERED: usize = 64;

/// The names of a shard, each at the only place where it can be.
pub(super) struct Names([Option<Spelled>; REMEMBERED]);

struct Spelled {
    length: usize,
    bytes: [u8; LONGEST],
    name: HeaderName,
}

thread_local! {
    static NAMES: RefCell<Names> = const { RefCell::new(Names([const { None }; REMEMBERED])) };
}

impl Names {
    /// With those of this shard.
    pub(super) fn with<T>(then: impl FnOnce(&mut Self) -> T) -> T {
        NAMES.with_borrow_mut(then)
    }

    /// The name that is spelled so.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn get(&mut self, spelling: &[u8]) -> Result<HeaderName, Invalid> {
        let place = match spelling {
            [first, .., last] if spelling.len() <= LONGEST => {
                let middle = spelling[spelling.len() / 2];
                usize::from(first ^ last.rotate_left(2) ^ middle.rotate_left(4)) ^ spelling.len()
            }
            _ => return make(spelling),
        };
        let place = &mut self.0[place % REMEMBERED];
        if let Some(Spelled { length, bytes, name }) = place
            && bytes[..*length] == *spelling
        {
            return Ok(name.clone());
        }
        let name = make(spelling)?;
        let mut bytes = [0; LONGEST];
        bytes[..spelling.len()].copy_from_slice(spelling);
        *place = Some(Spelled { length: spelling.len(), bytes, name: name.clone() });
        Ok(name)
    }
}

fn make(spelling: &[u8]) -> Result<HeaderName, Invalid> {
    HeaderName::from_bytes(spelling).map_err(|_| Invalid::Field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_each_time() {
        let spellings = (0..1000).map(|number| format!("X-{number}-{}", "n".repeat(number % 40)));
        let spellings: Vec<_> =
            spellings.chain(["TE", "te", "a", "Host", "HOST"].map(str::to_owned)).collect();
        Names::with(|names| {
            for spelling in spellings.iter().chain(&spellings).flat_map(|spelling| [spelling, spelling]) {
                assert_eq!(names.get(spelling.as_bytes()), Ok(spelling.parse().unwrap()), "{spelling}");
            }
        });
    }

    #[test]
    fn what_is_no_name_is_none_each_time() {
        for spelling in ["", "a b", "a:", "\u{e9}a"].into_iter().flat_map(|spelling| [spelling, spelling]) {
            assert_eq!(
                Names::with(|names| names.get(spelling.as_bytes())),
                Err(Invalid::Field),
                "{spelling:?}"
            );
        }
    }
}
