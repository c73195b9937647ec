//! The implementation of [`Cloud`] for AWS, once for every kind of the table.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use super::registry::{RegisteredKind, registered};
use crate::aws::{Connection, Cx, ReadCache, Result, RetryPolicy};
use crate::cloud::{Cloud, Live, ReadMode, ReadRequest, Tagged};
use crate::names::{
    KindName, Owner, PhysicalId, Region, Scope, StackName, TAG_ADDRESS, TAG_GENERATION, address_of_tag,
};
use crate::value::Json;

/// [`Cloud`] for AWS.
pub struct AwsCloud {
    connection: Arc<Connection>,
    account: Arc<OnceCell<String>>,
    cache: Mutex<ReadCache>,
    /// Concurrency limits, by service and region.
    semaphores: Mutex<HashMap<(&'static str, Region), Arc<Semaphore>>>,
}

impl AwsCloud {
    /// The cloud that a connection reaches.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self { connection, account: Arc::default(), cache: Mutex::default(), semaphores: Mutex::default() }
    }

    fn cx(&self, at: &Scope, mode: ReadMode, policy: RetryPolicy) -> Cx {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Cx::new(self.connection.clone(), self.account.clone(), at, mode, policy, cache)
    }

    /// The kind, the context of its call, and a permit of its service and region.
    async fn call(&self, at: &Scope, kind: &KindName, mode: ReadMode, policy: RetryPolicy) -> Result<Call> {
        let kind = registered(kind)?;
        let cx = self.cx(at, mode, policy);
        let permit = self.permit(kind, &cx).await;
        Ok(Call { kind, cx, _permit: permit })
    }

    async fn permit(&self, kind: &RegisteredKind, cx: &Cx) -> Option<OwnedSemaphorePermit> {
        let service = kind.service;
        let region = if service.global { self.connection.home() } else { cx.region() };
        let semaphore = {
            let mut semaphores = self.semaphores.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Semaphore::new(service.concurrent));
            semaphores.entry((service.name, region.clone())).or_insert_with(new).clone()
        };
        semaphore.acquire_owned().await.ok()
    }
}

/// A call under way: the permit is given back when it ends.
struct Call {
    kind: &'static RegisteredKind,
    cx: Cx,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Cloud for AwsCloud {
    fn account(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async {
            let cx = self.cx(&Scope::Global, ReadMode::Fresh, RetryPolicy::Reads);
            cx.account().await.map(str::to_owned)
        })
    }

    fn start_survey(&self) {
        *self.cache.lock().unwrap_or_else(PoisonError::into_inner) = ReadCache::default();
    }

    fn tagged<'a>(&'a self, stack: &'a StackName, regions: &'a [Region]) -> BoxFuture<'a, Result<Vec<Tagged>>> {
        Box::pin(async move {
            let mut regions: Vec<Scope> = regions.iter().cloned().map(Scope::In).collect();
            regions.extend(Some(Scope::Global).filter(|_| {
                let home = self.connection.home();
                !regions.iter().any(|at| at.region() == Some(home))
            }));
            let all = regions.iter().map(|at| async move {
                let cx = self.cx(at, ReadMode::Fresh, RetryPolicy::Reads);
                cx.tagged(stack).await
            });
            let found = futures::future::try_join_all(all).await?;
            let all = found.into_iter().flatten().map(|(arn, tags)| Tagged {
                address: tags.get(TAG_ADDRESS).and_then(|tag| address_of_tag(tag)),
                generation: tags.get(TAG_GENERATION).and_then(|tag| tag.parse().ok()),
                arn,
            });
            Ok(all.collect::<BTreeSet<_>>().into_iter().collect())
        })
    }

    fn read<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        requests: &'a [ReadRequest],
        mode: ReadMode,
    ) -> BoxFuture<'a, Result<Vec<Option<Live>>>> {
        Box::pin(async move {
            let call = self.call(at, kind, mode, RetryPolicy::Reads).await?;
            call.kind.calls.read(&call.cx, requests).await
        })
    }

    fn find<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        owner: &'a Owner,
        spec: &'a Json,
    ) -> BoxFuture<'a, Result<Option<PhysicalId>>> {
        Box::pin(async move {
            let call = self.call(at, kind, ReadMode::Fresh, RetryPolicy::Reads).await?;
            call.kind.calls.find(&call.cx, owner, spec).await
        })
    }

    fn lookup<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        query: &'a Json,
    ) -> BoxFuture<'a, Result<Option<PhysicalId>>> {
        Box::pin(async move {
            let call = self.call(at, kind, ReadMode::Fresh, RetryPolicy::Reads).await?;
            call.kind.calls.lookup(&call.cx, query).await
        })
    }

    fn create<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<PhysicalId>> {
        Box::pin(async move {
            let call = self.call(at, kind, ReadMode::Fresh, RetryPolicy::Writes).await?;
            call.kind.calls.create(&call.cx, spec, owner).await
        })
    }

    fn tag_as_owned<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        id: &'a PhysicalId,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let call = self.call(at, kind, ReadMode::Fresh, RetryPolicy::Writes).await?;
            call.kind.calls.tag_as_owned(&call.cx, id, spec, owner).await
        })
    }

    fn update<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        id: &'a PhysicalId,
        from: &'a Json,
        to: &'a Json,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let call = self.call(at, kind, ReadMode::Fresh, RetryPolicy::Writes).await?;
            call.kind.calls.update(&call.cx, id, from, to).await
        })
    }

    fn delete<'a>(&'a self, at: &'a Scope, kind: &'a KindName, id: &'a PhysicalId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let call = self.call(at, kind, ReadMode::Fresh, RetryPolicy::Writes).await?;
            call.kind.calls.delete(&call.cx, id).await
        })
    }
}
