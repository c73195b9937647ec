//! What some kinds need of an account and their examples do not make: records that prove a domain ours, the
//! role with which API Gateway writes logs, and a network.

use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_sdk_route53::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
use isobar::value::Json;

use super::balanced::Balanced;
use super::network::Network;

/// Where everything is tried.
pub const REGION: &str = "us-east-1";

/// What was made around the things that are tried.
pub struct Surroundings {
    endpoint: String,
    zones: Vec<(String, Vec<Change>)>,
    logs: bool,
    network: Network,
    balanced: Balanced,
}

/// What every call is signed with.
pub fn keys() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

/// All that an error says.
pub fn said(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

impl Surroundings {
    /// Nothing yet.
    pub fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            zones: Vec::new(),
            logs: false,
            network: Network::new(endpoint),
            balanced: Balanced::new(endpoint),
        }
    }

    /// The example in the network and behind the load balancer that are made here, if it needs them.
    pub async fn placed(&mut self, example: Json) -> Result<Json, String> {
        let example = self.network.placed(example).await?;
        self.balanced.placed(example, &mut self.network).await
    }

    /// Publishes the records that the outputs of a certificate ask for, so that it is issued.
    pub async fn publish(&mut self, certificate: &Json) -> Result<(), String> {
        let dns = self.dns();
        let validations = certificate["validations"].as_object().cloned().unwrap_or_default();
        for (name, value) in validations {
            let zone = name.split_once('.').map_or(name.as_str(), |(_, zone)| zone);
            let reference = format!("{:x}", fastrand::u64(..));
            let made = dns.create_hosted_zone().name(zone).caller_reference(reference).send().await.map_err(said)?;
            let id = made.hosted_zone.map(|zone| zone.id).unwrap_or_default();
            let value = ResourceRecord::builder().value(value.as_str().unwrap_or_default()).build().map_err(said)?;
            let record = ResourceRecordSet::builder().name(&name).r#type(RrType::Cname).ttl(60).resource_records(value);
            let record = record.build().map_err(said)?;
            let change = |action| Change::builder().action(action).resource_record_set(record.clone()).build();
            self.zones.push((id.clone(), vec![change(ChangeAction::Delete).map_err(said)?]));
            let publish = ChangeBatch::builder().changes(change(ChangeAction::Upsert).map_err(said)?);
            let call = dns.change_resource_record_sets().hosted_zone_id(id);
            call.change_batch(publish.build().map_err(said)?).send().await.map_err(said)?;
        }
        Ok(())
    }

    /// Lets API Gateway write logs.
    pub async fn allow_logging(&mut self) -> Result<(), String> {
        let config = aws_sdk_iam::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new(REGION)).credentials_provider(keys()).endpoint_url(&self.endpoint);
        let iam = aws_sdk_iam::Client::from_conf(config.build());
        let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "apigateway.amazonaws.com"}}]}"#;
        let name = "try-apigateway-logs";
        if iam.get_role().role_name(name).send().await.is_err() {
            iam.create_role().role_name(name).assume_role_policy_document(trust).send().await.map_err(said)?;
        }
        let may =
            r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}"#;
        iam.put_role_policy().role_name(name).policy_name("logs").policy_document(may).send().await.map_err(said)?;
        let role = iam.get_role().role_name(name).send().await.map_err(said)?;
        let arn = role.role.map(|role| role.arn).unwrap_or_default();
        self.logs = true;
        self.set_logging_role(&arn).await
    }

    /// Sets the account's role for logs; an empty one takes it out.
    pub async fn set_logging_role(&self, arn: &str) -> Result<(), String> {
        let config = aws_sdk_apigateway::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new(REGION)).credentials_provider(keys()).endpoint_url(&self.endpoint);
        let gateway = aws_sdk_apigateway::Client::from_conf(config.build());
        let patch = PatchOperation::builder().op(Op::Replace).path("/cloudwatchRoleArn").value(arn);
        gateway.update_account().patch_operations(patch.build()).send().await.map_err(said)?;
        Ok(())
    }

    /// Takes back what was published.
    pub async fn clear(&mut self) -> Result<(), String> {
        if std::mem::take(&mut self.logs) {
            self.set_logging_role("").await?;
        }
        self.balanced.clear().await?;
        self.network.clear().await?;
        let dns = self.dns();
        for (zone, changes) in self.zones.drain(..) {
            let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(said)?;
            let call = dns.change_resource_record_sets().hosted_zone_id(&zone);
            call.change_batch(batch).send().await.map_err(said)?;
            dns.delete_hosted_zone().id(zone).send().await.map_err(said)?;
        }
        Ok(())
    }

    fn dns(&self) -> aws_sdk_route53::Client {
        let config = aws_sdk_route53::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new(REGION)).credentials_provider(keys()).endpoint_url(&self.endpoint);
        aws_sdk_route53::Client::from_conf(config.build())
    }
}
