//! How the C library's allocator holds memory: what lay free for a moment goes back to the system.
//!
//! By itself it makes eight arenas for each processor, and lets the size from which a block is given back at
//! once grow with the largest block that was ever freed. A program whose threads come and go, and that works
//! out a password in 19 MiB now and then, so holds twice what it uses.

/// From how many bytes on a block is the system's own. Much smaller ones come and go with each message.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const BLOCK_BYTES: libc::c_int = 1 << 20;

/// How much may lie free at the end of an arena. With 128 KiB every message pays for giving it back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const FREE_BYTES: libc::c_int = 8 << 20;

/// Settles it, before the first thread begins.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no safe interface to mallopt(3)")]
pub fn settle() {
    let processors = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
    let arenas = libc::c_int::try_from(processors).unwrap_or(libc::c_int::MAX);
    let settings = [
        (libc::M_ARENA_MAX, arenas),
        (libc::M_MMAP_THRESHOLD, BLOCK_BYTES),
        (libc::M_TRIM_THRESHOLD, FREE_BYTES),
    ];
    for (name, value) in settings {
        // SAFETY: `mallopt` takes two numbers and touches nothing of ours; no other thread runs yet. Where it
        // refuses, everything is as it was.
        unsafe { libc::mallopt(name, value) };
    }
}

/// Other C libraries have other allocators.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn settle() {}
