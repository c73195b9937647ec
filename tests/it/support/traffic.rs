//! Requests that the emulator asks through every entrance of a stack while the stack changes.

use serde_json::{Value as Json, json};

use super::program::ProgramWorld;

/// What came of the requests that were asked meanwhile.
pub struct Watched {
    told: Json,
}

/// Asks requests while something runs.
pub fn watched<T>(world: &ProgramWorld, run: impl FnOnce() -> T) -> (T, Watched) {
    world.control("POST", "traffic", &json!({"watch": true}));
    let done = run();
    (done, Watched { told: world.control("POST", "traffic", &json!({"watch": false})) })
}

impl Watched {
    /// Every request that could be answered before and after was answered, and nobody has lost a right that he uses.
    #[expect(clippy::print_stdout, reason = "how many requests were asked is a figure that people look for")]
    pub fn is_whole(&self, what: &str) {
        println!("{what}: {} requests asked", self.told["asked"]);
        for kind in ["errors", "unanswered", "rights"] {
            assert_eq!(self.told[kind], json!([]), "{what}: {kind}");
        }
    }
}
