//! Failures of operations.

use super::Failure;
use crate::ops::EngineError;
use crate::render::apply::report::details;

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Cloud(error) => Self::cloud("AWS cannot be used with these credentials", &error)
                .help("check the profile, the region and the network; `isobar --local` needs none of them"),
            EngineError::WrongAccount { .. } => {
                Self::refused(error).help("use credentials of that account, with `--profile` or the environment")
            }
            EngineError::Unreadable(ref failures) => {
                let lines = failures
                    .iter()
                    .map(|(address, error)| format!("\n  {address}\n    {}", details(error).join("\n    ")));
                Self::error(format!("{error}{}", lines.collect::<String>())).help("nothing was changed")
            }
            EngineError::Store(error) => error.into(),
            EngineError::FitsNothing { .. } => Self::error(error).help("`isobar state list` lists every address"),
            EngineError::StalePlan => {
                Self::refused("another run has changed the stack since this plan was made").help("plan again")
            }
        }
    }
}
