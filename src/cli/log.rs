//! The log for `-v`: nothing unless asked for.

use tracing_subscriber::EnvFilter;

use super::globals::{Globals, LogFormat};

/// Starts logging to stderr, if it was asked for with `-v` or `ISOBAR_LOG`.
pub fn start(globals: &Globals) {
    let wanted = std::env::var("ISOBAR_LOG").ok();
    let filter = match (&wanted, globals.verbose) {
        (Some(wanted), _) => wanted.as_str(),
        (None, 0) => return,
        (None, 1) => "warn,isobar=info",
        (None, _) => "warn,isobar=debug",
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(super::console::has_color());
    match globals.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
