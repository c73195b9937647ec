//! Reads of single resources, made into batches: those of the same kind and scope within a moment share one call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::cloud::{Cloud, CloudError, Live, ReadMode, ReadRequest};
use crate::names::{KindName, Scope};

/// Time for which the first request of a batch waits for others.
const MOMENT: Duration = Duration::from_millis(20);

type Answer = Result<Option<Live>, CloudError>;
type Waiting = Vec<(ReadRequest, oneshot::Sender<Answer>)>;

/// Fresh reads, batched.
pub(super) struct Reads {
    cloud: Arc<dyn Cloud>,
    waiting: Mutex<HashMap<(Scope, KindName), Waiting>>,
}

impl Reads {
    pub(super) fn new(cloud: Arc<dyn Cloud>) -> Self {
        Self { cloud, waiting: Mutex::default() }
    }

    /// The resource as it is now; `None` if there is none.
    pub(super) async fn read(&self, at: &Scope, kind: &KindName, request: ReadRequest) -> Answer {
        let key = (at.clone(), kind.clone());
        let (send, receive) = oneshot::channel();
        let first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let group = waiting.entry(key.clone()).or_default();
            group.push((request, send));
            group.len() == 1
        };
        if first {
            tokio::time::sleep(MOMENT).await;
            self.send(&key).await;
        }
        let lost = || CloudError::local(crate::cloud::Class::Other, kind.as_str(), "a read was cancelled");
        receive.await.unwrap_or_else(|_| Err(lost()))
    }

    async fn send(&self, key: &(Scope, KindName)) {
        let group = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(key).unwrap_or_default();
        let (requests, senders): (Vec<ReadRequest>, Vec<_>) = group.into_iter().unzip();
        let answers: Vec<Answer> = match self.cloud.read(&key.0, &key.1, &requests, ReadMode::Fresh).await {
            Ok(lives) => lives.into_iter().map(Ok).collect(),
            Err(error) => senders.iter().map(|_| Err(error.clone())).collect(),
        };
        for (sender, answer) in senders.into_iter().zip(answers) {
            // Whoever no longer waits has been interrupted.
            let _ = sender.send(answer);
        }
    }
}
