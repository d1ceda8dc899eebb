//! Keeps the memory of the process to itself: it holds keys and tokens.

/// No core file, and on Linux no other process of the same user that reads the memory or the
/// environment. What cannot be had is done without: it is a second guard, and no reason not to run.
///
/// A core file that goes through a pipe is written whatever its limit says, so the limit alone would
/// not do; and only Linux has the other one.
pub(super) fn keep_to_itself() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(unix)]
    let _ = rlimit::setrlimit(rlimit::Resource::CORE, 0, 0);
}
