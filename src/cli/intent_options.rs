//! Options of `plan` and `apply` that make an intent.

use crate::intent::{Intent, Overlay, Selection};

#[derive(Debug, Clone, clap::Args)]
pub struct IntentOptions {
    /// Only this address and its dependencies; may be repeated, `*` is a wildcard
    #[arg(long, value_name = "ADDRESS")]
    target: Vec<String>,
    /// Not this address; may be repeated, `*` is a wildcard
    #[arg(long, value_name = "ADDRESS")]
    exclude: Vec<String>,
    /// Replace this resource even if nothing differs; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    replace: Vec<String>,
    /// Allow protected data at this address, or `all`, to be deleted or replaced; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    allow_data_loss: Vec<String>,
}

impl IntentOptions {
    /// The intent, in the mode of the command.
    pub fn intent(&self, overlay: Overlay) -> Intent {
        Intent {
            overlay,
            selection: Selection { targets: self.target.clone(), excludes: self.exclude.clone() },
            replace: self.replace.clone(),
            allow_data_loss: with_wildcard(&self.allow_data_loss),
        }
    }
}

/// Addresses, with `all` as a wildcard.
pub fn with_wildcard(addresses: &[String]) -> Vec<String> {
    addresses.iter().map(|address| if address == "all" { "*".to_owned() } else { address.clone() }).collect()
}
