//! The panic hook. A release build aborts, so that no `Drop` runs after a panic: the hook does what must not be missed.

use super::console;

/// Shows the cursor again and says where a bug is reported. Nothing else needs an end: the journal is made for a run that
/// is killed, a file's lock ends with its process, and a lease in S3 runs out.
pub fn install_hook() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        console::show_cursor();
        default(info);
        let at = match env!("CARGO_PKG_REPOSITORY") {
            "" => String::new(),
            repository => format!(" to {repository}"),
        };
        let version = env!("CARGO_PKG_VERSION");
        console::say(&format!("This is a bug in isobar {version}: please report it with the lines above{at}."));
    }));
}
