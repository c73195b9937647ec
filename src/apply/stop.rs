//! Requests to stop a run.

/// A request to stop a run, gently or at once. Clones stop the same run.
#[derive(Clone)]
pub struct Stop(tokio::sync::watch::Sender<u8>);

impl Default for Stop {
    fn default() -> Self {
        Self(tokio::sync::watch::channel(0).0)
    }
}

impl Stop {
    /// The first request lets no step begin and hands over what is in flight; the second abandons it at once.
    pub fn request(&self) {
        self.0.send_modify(|level| *level = level.saturating_add(1));
    }

    /// The number of requests so far.
    pub fn level(&self) -> u8 {
        *self.0.borrow()
    }

    /// Returns once it was requested this often.
    pub async fn requested(&self, level: u8) {
        let mut receiver = self.0.subscribe();
        // The sender is ours: it cannot be gone.
        let _ = receiver.wait_for(|now| *now >= level).await;
    }
}
