//! What a service must keep and no single change shows: a rollout that fails is told with its reason and stays a
//! difference, and the next one mends it; of a family of task definitions only the stack's revisions count.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use isobar::catalog::Catalog;
use isobar::cloud::{Cloud, Live, ReadMode, ReadRequest, Readiness};
use isobar::diff::{self, Change};
use isobar::kinds::catalog;
use isobar::names::{Address, KindName, Owner, PhysicalId, Scope};
use isobar::value::{Json, Partial};
use serde_json::json;

use super::emulator::{Emulator, PATIENCE, PAUSE, repeat};
use super::surroundings::{REGION, Surroundings, keys, said};

type Outcome<T> = Result<T, String>;

const DEFINITION: &str = "ecs.TaskDefinition";
const SERVICE: &str = "ecs.Service";

/// A service that is deployed again and again.
pub struct Rollouts<'a> {
    emulator: &'a Emulator,
    catalog: Catalog,
    at: Scope,
    word: String,
    surroundings: Surroundings,
    made: Vec<(KindName, PhysicalId)>,
}

impl<'a> Rollouts<'a> {
    /// Nothing yet.
    pub fn new(emulator: &'a Emulator) -> Self {
        Self {
            emulator,
            catalog: catalog(),
            at: Scope::In(REGION.parse().expect("a region")),
            word: emulator.word("rollouts"),
            surroundings: Surroundings::new(&emulator.endpoint),
            made: Vec::new(),
        }
    }

    /// Everything that is tried.
    pub async fn live(&mut self) -> Outcome<()> {
        self.make("ecs.Cluster", &json!({"name": self.word})).await?;
        self.make(DEFINITION, &self.definition("1")).await?;
        self.revisions().await.map_err(|fault| format!("revisions: {fault}"))?;
        self.rolled_back().await.map_err(|fault| format!("rolled back: {fault}"))?;
        self.left_failed().await.map_err(|fault| format!("left failed: {fault}"))
    }

    /// Somebody else's newer revision is not ours, and the same content is no new revision.
    async fn revisions(&mut self) -> Outcome<()> {
        let spec = self.definition("1");
        let before = self.arn().await?;
        let ecs = self.ecs();
        let container = aws_sdk_ecs::types::ContainerDefinition::builder().name("other").image("other:1").memory(64);
        let call = ecs.register_task_definition().family(&self.word).container_definitions(container.build());
        call.send().await.map_err(said)?;
        if self.arn().await? != before || !self.differences(DEFINITION, &spec, ReadMode::Listed).await?.1.is_empty() {
            return Err("somebody else's revision is taken for ours".to_owned());
        }
        self.reach(DEFINITION, &self.definition("2")).await?;
        let second = self.arn().await?;
        self.reach(DEFINITION, &spec).await?;
        let third = self.arn().await?;
        self.reach(DEFINITION, &spec).await?;
        if before == second || second == third || third != self.arn().await? {
            return Err(format!("{before}, {second}, {third} and then {}", self.arn().await?));
        }
        Ok(())
    }

    /// ECS goes back to what ran before: that is a failure with its reason, and the file still wants what it wanted.
    async fn rolled_back(&mut self) -> Outcome<()> {
        let good = self.service(true).await?;
        self.make(SERVICE, &good).await?;
        self.end_of(&good, ReadMode::Fresh).await?.map_err(|why| format!("the first deployment: {why}"))?;
        self.fail_images(true);
        self.reach(DEFINITION, &self.definition("bad")).await?;
        let bad = self.service(true).await?;
        self.reach(SERVICE, &bad).await?;
        let why = self.end_of(&bad, ReadMode::Fresh).await?.err().ok_or("a rollback counts as a success")?;
        if !why.contains("rolled back") || !why.contains("CannotPullContainerError") {
            return Err(format!("it does not say why: {why}"));
        }
        for care in [ReadMode::Listed, ReadMode::Fresh] {
            let changes = self.differences(SERVICE, &bad, care).await?.1;
            if !changes.iter().any(|change| change.path.to_string() == "task_definition") {
                return Err(format!("the next plan sees no difference ({care:?})"));
            }
        }
        // Back in the file as well: what runs is what is wanted, and no plan speaks of what is over.
        let (live, changes) = self.differences(SERVICE, &good, ReadMode::Listed).await?;
        if live.readiness != Readiness::Serving || !changes.is_empty() {
            return Err(format!("what was gone back to is not good: {:?}, {changes:?}", live.readiness));
        }
        self.reach(DEFINITION, &self.definition("4")).await?;
        let mended = self.service(true).await?;
        self.reach(SERVICE, &mended).await?;
        self.end_of(&mended, ReadMode::Fresh).await?.map_err(|why| format!("the rollout after it: {why}"))
    }

    /// Without going back it stays as it is, differs, and the same change is begun anew.
    async fn left_failed(&mut self) -> Outcome<()> {
        self.reach(DEFINITION, &self.definition("bad-again")).await?;
        let bad = self.service(false).await?;
        self.reach(SERVICE, &bad).await?;
        let why = self.end_of(&bad, ReadMode::Fresh).await?.err().ok_or("a failed deployment counts as a success")?;
        if !why.contains("CannotPullContainerError") {
            return Err(format!("it does not say why: {why}"));
        }
        let (live, changes) = self.differences(SERVICE, &bad, ReadMode::Listed).await?;
        if changes.is_empty() {
            return Err(format!("the next plan sees no difference: {:?}", live.readiness));
        }
        self.fail_images(false);
        self.reach(SERVICE, &bad).await?;
        self.end_of(&bad, ReadMode::Fresh).await?.map_err(|why| format!("begun anew: {why}"))
    }

    /// Deletes what is left, the last first.
    pub async fn clear(&mut self) -> Vec<String> {
        self.fail_images(false);
        let mut faults = Vec::new();
        for (kind, id) in self.made.clone().into_iter().rev() {
            faults.extend(self.end(&kind, &id).await.err());
        }
        faults.extend(self.surroundings.clear().await.err());
        let left = self.ecs().deregister_task_definition().task_definition(format!("{}:2", self.word)).send().await;
        faults.extend(left.err().map(|error| format!("somebody else's revision has gone with ours: {}", said(error))));
        faults
    }

    fn definition(&self, tag: &str) -> Json {
        let image = format!("{}-{tag}:1", self.word);
        json!({"family": self.word, "cpu": 256, "memory": 512, "network_mode": "awsvpc",
            "requires_compatibilities": ["FARGATE"], "containers": [{"name": "web", "image": image}]})
    }

    async fn service(&mut self, rollback: bool) -> Outcome<Json> {
        let spec = json!({"name": self.word, "cluster": self.word, "task_definition": self.arn().await?,
            "desired_count": 2, "launch_type": "FARGATE", "subnet_ids": ["subnet-0a1b2c3d4e5f60001"],
            "security_group_ids": ["sg-0a1b2c3d4e5f60001"],
            "deployment": {"circuit_breaker": {"enable": true, "rollback": rollback}}});
        self.surroundings.placed(spec).await
    }

    async fn arn(&self) -> Outcome<String> {
        let (live, _) = self.differences(DEFINITION, &json!({}), ReadMode::Fresh).await?;
        Ok(live.outputs["arn"].as_str().unwrap_or_default().to_owned())
    }

    async fn make(&mut self, kind: &str, spec: &Json) -> Outcome<()> {
        let kind: KindName = kind.parse().expect("a kind's name");
        let address = Address::new(format!("rollouts.{}", kind.service()), self.at.clone());
        let owner = Owner { stack: self.emulator.stack.clone(), address, generation: 1 };
        let id = repeat("create", || self.emulator.cloud.create(&self.at, &kind, spec, &owner)).await?;
        self.made.push((kind.clone(), id));
        self.reach(kind.as_str(), spec).await
    }

    /// Updates until nothing differs.
    async fn reach(&self, kind: &str, spec: &Json) -> Outcome<()> {
        let (kind, id) = self.thing(kind);
        let begun = Instant::now();
        loop {
            let (live, changes) = self.differences(kind.as_str(), spec, ReadMode::Fresh).await?;
            if changes.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{kind} still differs: {changes:?}"));
            }
            let shape = &self.catalog.get(kind).expect("a kind").spec;
            let from = diff::managed_part(shape, spec, &live.spec, Some(spec));
            repeat("update", || self.emulator.cloud.update(&self.at, kind, id, &from, spec)).await?;
        }
    }

    /// How a rollout ends: well, or for what reason not.
    async fn end_of(&self, spec: &Json, care: ReadMode) -> Outcome<Result<(), String>> {
        let begun = Instant::now();
        let mut last = String::new();
        while begun.elapsed() < PATIENCE {
            match self.differences(SERVICE, spec, care).await?.0.readiness {
                Readiness::Serving => return Ok(Ok(())),
                Readiness::Failed(why) => return Ok(Err(why)),
                Readiness::Pending(why) | Readiness::Configured(why) => last = why,
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(format!("it does not come to an end: {last}"))
    }

    fn thing(&self, kind: &str) -> (&KindName, &PhysicalId) {
        let found = self.made.iter().find(|(made, _)| made.as_str() == kind);
        found.map(|(kind, id)| (kind, id)).expect("a thing that was made")
    }

    async fn differences(&self, kind: &str, spec: &Json, care: ReadMode) -> Outcome<(Live, Vec<Change>)> {
        let (kind, id) = self.thing(kind);
        let ask = [ReadRequest::new(id.clone(), spec)];
        let begun = Instant::now();
        self.emulator.cloud.start_survey();
        loop {
            let mut live = repeat("read", || self.emulator.cloud.read(&self.at, kind, &ask, care)).await?;
            if let Some(live) = live.pop().flatten() {
                let shape = &self.catalog.get(kind).expect("a kind").spec;
                let changes = diff::changes(shape, &Partial::from_json(spec), &live.spec, Some(spec));
                return Ok((live, changes));
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{kind} {id} is not there"));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn end(&mut self, kind: &KindName, id: &PhysicalId) -> Outcome<()> {
        let ask = [ReadRequest::new(id.clone(), &Json::Null)];
        let begun = Instant::now();
        loop {
            repeat("delete", || self.emulator.cloud.delete(&self.at, kind, id)).await?;
            let mut live = repeat("read", || self.emulator.cloud.read(&self.at, kind, &ask, ReadMode::Fresh)).await?;
            if live.pop().flatten().is_none() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{kind} {id} stays"));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Makes the emulator refuse images of this run with `bad` in their name, or no image any more.
    fn fail_images(&self, fail: bool) {
        let body = json!({"image": format!("{}-bad", self.word)}).to_string();
        let method = if fail { "POST" } else { "DELETE" };
        let body = if fail { body } else { String::new() };
        let place = self.emulator.endpoint.trim_start_matches("http://");
        let mut socket = TcpStream::connect(place).expect("the emulator");
        let length = body.len();
        write!(
            socket,
            "{method} /_isobar/ecs/failing-images HTTP/1.0\r\nHost: localhost\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("asked");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        assert!(answer.split(' ').nth(1).is_some_and(|status| status.starts_with('2')), "{answer}");
    }

    fn ecs(&self) -> aws_sdk_ecs::Client {
        let config = aws_sdk_ecs::Config::builder().behavior_version(aws_sdk_ecs::config::BehaviorVersion::latest());
        let config = config.region(aws_sdk_ecs::config::Region::new(REGION)).credentials_provider(keys());
        aws_sdk_ecs::Client::from_conf(config.endpoint_url(&self.emulator.endpoint).build())
    }
}
