//! The memory allocator, of which one function has no safe interface. No other crate of the workspace has unsafe code.

/// Gives each thread a heap of its own, so that shards do not wait for one another.
pub use mimalloc::MiMalloc as Allocator;

/// Returns unused memory to the system: that of the calling thread, and what threads that have ended left behind. Takes
/// milliseconds where there is much; does nothing where [`Allocator`] is not the program's.
pub fn give_memory_back() {
    // SAFETY: the function takes no pointer, touches nothing but the allocator's own state, and may be called at any time
    // and on any thread.
    unsafe { libmimalloc_sys::mi_collect(true) }
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
}
