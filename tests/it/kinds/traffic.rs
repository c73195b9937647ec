//! What one example cannot show of load balancing: rules that change places, weights that a service shifts, and
//! certificates besides the default one.

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::config::{BehaviorVersion, Region};
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, ForwardActionConfig, TargetGroupTuple};
use isobar::value::Json;
use serde_json::json;

use super::example;
use super::life::{Life, Outcome, Thing};
use super::surroundings::{REGION, keys, said};

impl Life<'_> {
    /// Two rules change places in one step of one of them.
    pub async fn change_places(&mut self) -> Outcome<()> {
        let kind = self.kind("elbv2.ListenerRule")?;
        let first = example::read(kind.example)?;
        let second = example::patched(&first, &json!({"priority": 11}));
        let mut one = self.make(&kind, &first, 1).await?;
        let other = self.make(&kind, &second, 2).await?;
        let wanted = example::patched(&one.sent, &json!({"priority": 11}));
        self.converge(&mut one, &wanted).await?;
        match self.settled(&kind, &other.id, &other.sent).await?.spec["priority"].as_i64() {
            Some(10) => Ok(()),
            place => Err(format!("the other rule has the priority {place:?}")),
        }
    }

    /// A service shifts the requests; its weights stay, also when a target group is replaced.
    pub async fn shift_traffic(&mut self) -> Outcome<()> {
        let groups = self.kind("elbv2.TargetGroup")?;
        let mut arns = Vec::new();
        for (number, name) in (1..).zip(["shop-blue", "shop-green", "shop-other"]) {
            let group = example::patched(&example::read(groups.example)?, &json!({"name": name}));
            arns.push(self.make(&groups, &group, number).await?.id.to_string());
        }
        let [blue, green, other] = arns.as_slice() else { return Err("three target groups".to_owned()) };
        let forward = |one: &str, two: &str| {
            let shares = json!([{"arn": one, "weight": 100}, {"arn": two, "weight": 0}]);
            json!({"traffic_owned_by_service": true, "actions": [{"forward": {"target_groups": shares}}]})
        };
        let kind = self.kind("elbv2.ListenerRule")?;
        let spec = example::patched(&example::read(kind.example)?, &forward(blue, green));
        let mut rule = self.make(&kind, &spec, 1).await?;
        self.shift(&rule, (green, 100), (blue, 0)).await?;
        let wanted = rule.sent.clone();
        self.converge(&mut rule, &wanted).await?;
        self.expect_weights(&rule, &[(blue, 0), (green, 100)]).await?;
        let wanted = example::patched(&rule.sent, &forward(other, green));
        self.converge(&mut rule, &wanted).await?;
        self.expect_weights(&rule, &[(green, 100), (other, 0)]).await
    }

    /// Certificates besides the default one come and go, and one of them becomes the default.
    pub async fn certify(&mut self) -> Outcome<()> {
        let kind = self.kind("acm.Certificate")?;
        let mut certificates = Vec::new();
        for number in 1..=3 {
            let domain = format!("shop{number}.example.com");
            let spec =
                example::patched(&example::read(kind.example)?, &json!({"domain": domain, "alternative_names": []}));
            let made = self.make(&kind, &spec, number).await?;
            let live = self.settled(&kind, &made.id, &made.sent).await?;
            self.surroundings.publish(&live.outputs).await?;
            self.serving(&kind, &made.id, &made.sent).await?;
            certificates.push(made.id.to_string());
        }
        let kind = self.kind("elbv2.Listener")?;
        let [a, b, c] = certificates.as_slice() else { return Err("three certificates".to_owned()) };
        let with = |arns: &[&String]| json!({"port": 443, "protocol": "HTTPS", "certificate_arns": arns});
        let spec = example::read(kind.example)?;
        let mut listener = self.make(&kind, &example::patched(&spec, &with(&[a, c, b])), 1).await?;
        for arns in [&[b, a][..], &[c, b, a], &[c]] {
            let wanted = example::patched(&listener.sent, &with(arns));
            self.converge(&mut listener, &wanted).await?;
        }
        Ok(())
    }

    async fn shift(&self, rule: &Thing<'_>, one: (&str, i32), two: (&str, i32)) -> Outcome<()> {
        let share = |(arn, weight)| TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build();
        let forward = ForwardActionConfig::builder().target_groups(share(one)).target_groups(share(two)).build();
        let action = Action::builder().r#type(ActionTypeEnum::Forward).forward_config(forward).build();
        let call = self.elbv2().modify_rule().rule_arn(rule.id.as_str()).actions(action);
        call.send().await.map(drop).map_err(said)
    }

    async fn expect_weights(&self, rule: &Thing<'_>, expected: &[(&String, i32)]) -> Outcome<()> {
        let found = self.elbv2().describe_rules().rule_arns(rule.id.as_str()).send().await.map_err(said)?;
        let action = found.rules().first().and_then(|rule| rule.actions().first()).ok_or("no action")?;
        let shares = action.forward_config().map(ForwardActionConfig::target_groups).unwrap_or_default();
        let weights: Json = shares.iter().map(|one| json!([one.target_group_arn(), one.weight()])).collect();
        let has =
            |(arn, weight): &(&String, i32)| weights.as_array().is_some_and(|all| all.contains(&json!([arn, weight])));
        if shares.len() == expected.len() && expected.iter().all(has) { Ok(()) } else { Err(format!("{weights}")) }
    }

    fn elbv2(&self) -> Client {
        let config = aws_sdk_elasticloadbalancingv2::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new(REGION)).credentials_provider(keys());
        Client::from_conf(config.endpoint_url(&self.emulator.endpoint).build())
    }
}
