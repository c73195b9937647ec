//! The names of an API that other blocks go by.

use super::expansion::Expansion;

/// Name of the one stage.
pub(super) const STAGE: &str = "live";

/// The API's name in AWS, which its metrics go by.
pub(super) fn physical(cx: &Expansion<'_>, name: &str) -> String {
    cx.physical(&[cx.first_name("apis", name)], 255)
}
