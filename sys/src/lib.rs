//! The memory allocator, of which one function has no safe interface, and the pages that it gets from the kernel. No other
//! crate of the workspace has unsafe code.

/// Gives each thread a heap of its own, so that shards do not wait for one another.
pub use mimalloc::MiMalloc as Allocator;

/// Returns unused memory to the system: that of the calling thread, and what threads that have ended left behind. Takes
/// milliseconds where there is much; does nothing where [`Allocator`] is not the program's.
pub fn give_memory_back() {
    // SAFETY: the function takes no pointer, touches nothing but the allocator's own state, and may be called at any time
    // and on any thread.
    unsafe { libmimalloc_sys::mi_collect(true) }
}

/// Lets the kernel give [`Allocator`] memory in pages of 2 MiB instead of 4 KiB from now on: faster for who asks for much,
/// where who needs little would hold more than that. It is advice: where the kernel does not take it, or is not Linux, nothing
/// changes.
pub fn allow_huge_pages() {
    #[cfg(target_os = "linux")]
    huge_pages::allow(true);
}

#[cfg(target_os = "linux")]
mod huge_pages {
    pub(super) fn allow(allowed: bool) {
        let _ = rustix::thread::disable_transparent_huge_pages(!allowed);
    }

    extern "C" fn forbid() {
        allow(false);
    }

    // SAFETY: the section holds functions of this type, which are called once before `main`. This one makes a system call and
    // needs nothing that is set up later. In `main` it would be too late: the first allocation comes before.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static FORBID: extern "C" fn() = forbid;
}

#[cfg(test)]
mod tests {
    #[global_allocator]
    static ALLOCATOR: super::Allocator = super::Allocator;

    #[test]
    fn what_is_in_use_stays() {
        let kept = vec![7_u8; 1 << 20];
        std::thread::spawn(|| drop(vec![1_u8; 1 << 20])).join().unwrap();
        super::give_memory_back();
        assert!(kept.iter().all(|&byte| byte == 7));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn huge_pages_are_for_those_who_ask() {
        let are_disabled = rustix::thread::transparent_huge_pages_are_disabled;
        assert!(are_disabled().unwrap());
        super::allow_huge_pages();
        assert!(!are_disabled().unwrap());
    }
}
