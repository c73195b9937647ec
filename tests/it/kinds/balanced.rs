//! Two target groups that share a rule of a load balancer, and the role with which ECS shifts traffic between them.
//!
//! An example names them by ARNs that no account has, and gets those of what is made here: [`GROUP_1`], [`GROUP_2`],
//! [`RULE`] and [`ROLE`].

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::config::{BehaviorVersion, Region};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, LoadBalancerSchemeEnum, ProtocolEnum, RuleCondition, TargetGroupTuple,
    TargetTypeEnum,
};
use isobar::value::Json;
use serde_json::json;

use super::network::{Network, replaced};
use super::surroundings::{REGION, keys, said};

const GROUP_1: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/try-1/0a1b2c3d4e5f6000";
const GROUP_2: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/try-2/0a1b2c3d4e5f6000";
const RULE: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/try/0a1b2c3d4e5f6000/1/1";
const ROLE: &str = "arn:aws:iam::000000000000:role/try-ecs";

/// The load balancer and what hangs on it, once something needs it.
pub struct Balanced {
    endpoint: String,
    balancer: Option<String>,
    /// Real ARNs by those in examples.
    arns: BTreeMap<&'static str, String>,
}

impl Balanced {
    /// Nothing yet.
    pub fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), balancer: None, arns: BTreeMap::new() }
    }

    /// The example with the ARNs of what is made here, if it needs it.
    pub async fn placed(&mut self, example: Json, network: &mut Network) -> Result<Json, String> {
        let text = example.to_string();
        if ![GROUP_1, GROUP_2, RULE, ROLE].iter().any(|arn| text.contains(arn)) {
            return Ok(example);
        }
        if self.balancer.is_none() {
            self.make(network).await?;
        }
        Ok(replaced(&example, &self.arns.iter().map(|(from, to)| (*from, to.as_str())).collect()))
    }

    async fn make(&mut self, network: &mut Network) -> Result<(), String> {
        let place = json!(["vpc-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"]);
        let place: Vec<String> = serde_json::from_value(network.placed(place).await?).map_err(said)?;
        let elb = self.client();
        let word = format!("try{:06x}", fastrand::u32(..0x100_0000));
        let call = elb.create_load_balancer().name(&word).scheme(LoadBalancerSchemeEnum::Internal);
        let made = call.subnets(&place[1]).subnets(&place[2]).send().await.map_err(said)?;
        let balancer = made.load_balancers().first().and_then(|one| one.load_balancer_arn()).ok_or("no balancer")?;
        self.balancer = Some(balancer.to_owned());
        for (number, name) in [(1, GROUP_1), (2, GROUP_2)] {
            let call = elb.create_target_group().name(format!("{word}-{number}")).vpc_id(&place[0]);
            let call = call.protocol(ProtocolEnum::Http).port(8080).target_type(TargetTypeEnum::Ip);
            let made = call.send().await.map_err(said)?;
            let arn = made.target_groups().first().and_then(|one| one.target_group_arn()).ok_or("no target group")?;
            self.arns.insert(name, arn.to_owned());
        }
        let groups = [(GROUP_1, 100), (GROUP_2, 0)].map(|(name, weight)| {
            TargetGroupTuple::builder().target_group_arn(&self.arns[name]).weight(weight).build()
        });
        let forward = ForwardActionConfig::builder().set_target_groups(Some(groups.to_vec())).build();
        let action = Action::builder().r#type(ActionTypeEnum::Forward).forward_config(forward).build();
        let call = elb.create_listener().load_balancer_arn(balancer).protocol(ProtocolEnum::Http).port(80);
        let made = call.default_actions(action.clone()).send().await.map_err(said)?;
        let listener = made.listeners().first().and_then(|one| one.listener_arn()).ok_or("no listener")?.to_owned();
        let condition = RuleCondition::builder().field("path-pattern").values("/*").build();
        let call = elb.create_rule().listener_arn(listener).priority(1).conditions(condition).actions(action);
        let made = call.send().await.map_err(said)?;
        let rule = made.rules().first().and_then(|one| one.rule_arn()).ok_or("no rule")?;
        self.arns.insert(RULE, rule.to_owned());
        let shifter = self.role().await?;
        self.arns.insert(ROLE, shifter);
        Ok(())
    }

    async fn role(&self) -> Result<String, String> {
        let config = aws_sdk_iam::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new(REGION)).credentials_provider(keys()).endpoint_url(&self.endpoint);
        let iam = aws_sdk_iam::Client::from_conf(config.build());
        let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs.amazonaws.com"}}]}"#;
        let name = "try-ecs-traffic";
        if iam.get_role().role_name(name).send().await.is_err() {
            iam.create_role().role_name(name).assume_role_policy_document(trust).send().await.map_err(said)?;
        }
        let role = iam.get_role().role_name(name).send().await.map_err(said)?;
        Ok(role.role.map(|role| role.arn).unwrap_or_default())
    }

    /// Takes it back.
    pub async fn clear(&mut self) -> Result<(), String> {
        let elb = self.client();
        if let Some(arn) = self.balancer.take() {
            elb.delete_load_balancer().load_balancer_arn(arn).send().await.map_err(said)?;
        }
        for (name, arn) in std::mem::take(&mut self.arns) {
            if name == GROUP_1 || name == GROUP_2 {
                elb.delete_target_group().target_group_arn(arn).send().await.map_err(said)?;
            }
        }
        Ok(())
    }

    fn client(&self) -> Client {
        let config = aws_sdk_elasticloadbalancingv2::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new(REGION)).credentials_provider(keys()).endpoint_url(&self.endpoint);
        Client::from_conf(config.build())
    }
}
