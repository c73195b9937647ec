//! The log for `-v`: nothing unless asked for.

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

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
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(super::console::has_color());
    let layer = match globals.log_format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().boxed(),
    };
    registry().with(layer.with_filter(EnvFilter::new(filter))).with(filter_fn(is_harmless)).init();
}

/// True for what may be logged, whatever the filter asks for. Below `info` the SDK prints requests and answers with their
/// bodies, in which values of secrets are.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    let is_ours = metadata.target().split("::").next() == Some("isobar");
    is_ours || *metadata.level() <= LevelFilter::INFO
}

#[cfg(test)]
mod tests {
    use std::io::{Result, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            self.0.lock().expect("a page").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn requests_of_the_sdk_are_not_logged_whatever_is_asked_for() {
        let page = Page::default();
        let writer = page.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).with_ansi(false);
        let subscriber = registry().with(layer.with_filter(EnvFilter::new("trace"))).with(filter_fn(is_harmless));
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "aws_smithy_runtime::client::orchestrator", "a request");
            tracing::debug!(target: "hyper::proto", "a frame");
            tracing::warn!(target: "aws_config", "a warning");
            tracing::trace!(target: "isobar::calls", "a call");
        });
        let said = String::from_utf8(page.0.lock().expect("a page").clone()).expect("a text");
        assert!(said.contains("a warning") && said.contains("a call"), "{said}");
        assert!(!said.contains("a request") && !said.contains("a frame"), "{said}");
    }
}
