//! A group of instances under another version of its template, and a roll-out that does not reach its aim.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::config::{BehaviorVersion, Region};
use isobar::cloud::{Cloud, CloudError, ReadMode, ReadRequest};
use isobar::value::Json;

use super::emulator::repeat;
use super::example;
use super::life::{Life, Outcome, Thing};
use super::surroundings::{REGION, keys, said};

const TEMPLATE: &str = "ec2.LaunchTemplate";
const GROUP: &str = "autoscaling.AutoScalingGroup";

impl Life<'_> {
    /// A new version comes to the instances. One whose refresh was cancelled is told once, and then tried again.
    pub async fn roll_out(&mut self) -> Outcome<()> {
        let kind = self.kind(GROUP)?;
        let mut group = self.make(&kind, &example::read(kind.example)?, 1).await?;
        let wanted = Self::with_version(&group, &self.next_template("t4g.medium").await?);
        self.converge(&mut group, &wanted).await?;

        let wanted = Self::with_version(&group, &self.next_template("t4g.large").await?);
        self.step(&group, &wanted).await.map_err(|error| format!("the refresh begins: {error}"))?;
        let name = group.id.as_str();
        self.autoscaling().cancel_instance_refresh().auto_scaling_group_name(name).send().await.map_err(said)?;
        let version = self.version(&group, &wanted).await?;
        if !version.starts_with("2, the refresh of its instances: Cancelled") {
            return Err(format!("after a cancelled refresh the version reads as `{version}`"));
        }
        match self.step(&group, &wanted).await {
            Err(error) if error.message.contains("to version 3") && !error.class.is_transient() => {}
            other => return Err(format!("a cancelled refresh is not told: {other:?}")),
        }
        let version = self.version(&group, &wanted).await?;
        if version.contains("Cancelled") {
            return Err(format!("it is told twice: `{version}`"));
        }
        self.converge(&mut group, &wanted).await?;
        match self.version(&group, &wanted).await?.as_str() {
            "3" => Ok(()),
            other => Err(format!("the second try ends with `{other}`")),
        }
    }

    /// Another version of the template that the group refers to.
    async fn next_template(&mut self, instance_type: &str) -> Outcome<String> {
        let kind = self.kind(TEMPLATE)?;
        let made = self.made.iter().find(|(made, _)| *made == kind.name).map(|(_, id)| id.clone());
        let id = made.ok_or("no template")?;
        let live = self.settled(&kind, &id, &Json::Null).await?;
        let mut to = live.spec.clone();
        to["instance_type"] = Json::from(instance_type);
        let cloud = &self.emulator.cloud;
        repeat("another version", || cloud.update(&self.at, &kind.name, &id, &live.spec, &to)).await?;
        let version = self.settled(&kind, &id, &Json::Null).await?.outputs["version"].clone();
        Ok(version.as_str().unwrap_or_default().to_owned())
    }

    async fn step(&self, group: &Thing<'_>, wanted: &Json) -> Result<(), CloudError> {
        let cloud = &self.emulator.cloud;
        let ask = ReadRequest::new(group.id.clone(), wanted);
        let live = cloud.read(&self.at, &group.kind.name, &[ask], ReadMode::Fresh).await?.into_iter().flatten().next();
        let from = live.map(|live| live.spec).unwrap_or_default();
        cloud.update(&self.at, &group.kind.name, &group.id, &from, wanted).await
    }

    async fn version(&self, group: &Thing<'_>, wanted: &Json) -> Outcome<String> {
        let live = self.settled(group.kind, &group.id, wanted).await?;
        Ok(live.spec["launch_template"]["version"].as_str().unwrap_or_default().to_owned())
    }

    fn with_version(group: &Thing<'_>, version: &str) -> Json {
        let mut wanted = group.sent.clone();
        wanted["launch_template"]["version"] = Json::from(version);
        wanted
    }

    fn autoscaling(&self) -> Client {
        let config = aws_sdk_autoscaling::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new(REGION)).credentials_provider(keys());
        Client::from_conf(config.endpoint_url(&self.emulator.endpoint).build())
    }
}
