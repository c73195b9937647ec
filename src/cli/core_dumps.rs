//! Core dumps: there are none. A value of a secret may be in memory when the program crashes.

/// Forbids core dumps of this process, and lets no other process of the same user read its memory.
///
/// Neither call can fail where it exists: a limit may always be lowered. What the program starts inherits the limit, and
/// is readable again.
pub fn forbid() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    // A limit alone does not keep Linux from piping a core to a program such as systemd-coredump.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
