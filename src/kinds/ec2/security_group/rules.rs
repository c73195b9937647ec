//! The rules of security groups: all of them in one call, and what makes them the wanted ones.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{IpPermission, SecurityGroup as Live, SecurityGroupRule, SecurityGroupRuleUpdate};

use super::Spec;
use super::rule::{Identity, Rule, identity_of, permission, request};
use crate::aws::{Cx, Result};
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::ec2::{Described, filter};
use crate::names::PhysicalId;

/// Groups that one call takes.
const PER_CALL: usize = 200;

/// The rules of the groups that were asked for, and who is who among their peers.
pub(super) struct Seen {
    by_group: Option<BTreeMap<String, Vec<SecurityGroupRule>>>,
    /// Names by VPC and id.
    names: BTreeMap<(String, String), String>,
}

impl Seen {
    /// Reads the rules of all, if the file says anything of rules; one call for two hundred groups.
    pub(super) async fn read(cx: &Cx, requests: &[ReadRequest], live: &BTreeMap<String, Live>) -> Result<Self> {
        if !requests.iter().any(|request| request.manages("ingress") || request.manages("egress")) || live.is_empty() {
            return Ok(Self { by_group: None, names: BTreeMap::new() });
        }
        let ids: Vec<&str> = live.keys().map(String::as_str).collect();
        let mut by_group = BTreeMap::<String, Vec<_>>::new();
        for ids in ids.chunks(PER_CALL) {
            for rule in rules_of(cx, ids).await? {
                by_group.entry(rule.group_id.clone().unwrap_or_default()).or_default().push(rule);
            }
        }
        let said = requests.iter().flat_map(|request| said(request, false).chain(said(request, true)));
        let vpcs = live.values().filter_map(Live::vpc_id);
        let groups = named(cx, vpcs.map(str::to_owned).collect(), said.map(str::to_owned).collect()).await?;
        let name = |group: Live| Some(((group.vpc_id?, group.group_id?), group.group_name?));
        Ok(Self { by_group: Some(by_group), names: groups.into_iter().filter_map(name).collect() })
    }

    /// The rules of a group in one direction; a peer that the file names stands by its name.
    pub(super) fn rules(&self, live: &Live, request: &ReadRequest, egress: bool) -> Option<Vec<Rule>> {
        let all = self.by_group.as_ref()?;
        let vpc = live.vpc_id().unwrap_or_default();
        let is_said = |name: &str| said(request, egress).any(|said| said == name);
        let here = self.names.iter().filter(|((of, _), name)| of == vpc && is_said(name));
        let names = here.map(|((_, id), name)| (id.clone(), name.clone())).collect();
        let rules = all.get(live.id()).into_iter().flatten().filter(|rule| rule.is_egress.unwrap_or(false) == egress);
        Some(rules.map(|rule| Rule::of(rule, &names)).collect())
    }
}

/// The groups that the file names in one direction.
fn said(request: &ReadRequest, egress: bool) -> impl Iterator<Item = &str> {
    request.texts(if egress { "egress.security_group_name" } else { "ingress.security_group_name" })
}

async fn rules_of(cx: &Cx, ids: &[&str]) -> Result<Vec<SecurityGroupRule>> {
    let call = cx.ec2().describe_security_group_rules().filters(filter("group-id", ids.iter().copied()));
    Ok(call.into_paginator().items().send().try_collect().await?)
}

/// The groups of these names in these VPCs.
async fn named(cx: &Cx, mut vpcs: Vec<String>, mut names: Vec<String>) -> Result<Vec<Live>> {
    for list in [&mut vpcs, &mut names] {
        list.sort();
        list.dedup();
    }
    let mut all = Vec::new();
    for names in names.chunks(PER_CALL) {
        all.extend(Live::list(cx, vec![filter("vpc-id", &vpcs), filter("group-name", names)]).await?);
    }
    Ok(all)
}

/// Changes of the rules in one direction.
struct Work {
    missing: Vec<IpPermission>,
    described: Vec<SecurityGroupRuleUpdate>,
    leaving: Vec<String>,
}

/// First the rules that come, so that nothing that may pass is kept out meanwhile; then those that only change
/// their description, then those that go. A peer that is not there yet holds up nothing but its own rules.
pub(super) async fn update_rules(cx: &Cx, id: &PhysicalId, to: &Spec) -> Result<()> {
    if to.ingress.is_none() && to.egress.is_none() {
        return Ok(());
    }
    let live = rules_of(cx, &[id.as_str()]).await?;
    let names = [&to.ingress, &to.egress].into_iter().flatten().flatten();
    let names: Vec<String> = names.filter_map(|rule| rule.security_group_name.clone()).collect();
    let groups = named(cx, vec![to.vpc_id.clone()], names).await?;
    let ids = groups.into_iter().filter_map(|group| Some((group.group_name?, group.group_id?))).collect();
    let mut unknown = Vec::new();
    for (wanted, egress) in [(&to.ingress, false), (&to.egress, true)] {
        let Some(wanted) = wanted else { continue };
        let there = live.iter().filter(|rule| rule.is_egress.unwrap_or(false) == egress);
        let work = work(wanted, there.collect(), &ids, &mut unknown);
        apply(cx, id, egress, work).await?;
    }
    match unknown.as_slice() {
        [] => Ok(()),
        names => {
            let message = format!("no security group {} in {} yet", names.join(", "), to.vpc_id);
            Err(CloudError::local(Class::NotVisibleYet, "ec2:DescribeSecurityGroups", message))
        }
    }
}

fn work(
    wanted: &[Rule],
    there: Vec<&SecurityGroupRule>,
    ids: &BTreeMap<String, String>,
    unknown: &mut Vec<String>,
) -> Work {
    let mut live: BTreeMap<Identity, &SecurityGroupRule> =
        there.into_iter().map(|rule| (identity_of(rule), rule)).collect();
    let (mut missing, mut described) = (Vec::new(), Vec::new());
    for rule in wanted {
        let identity = match rule.identity(ids) {
            Ok(identity) => identity,
            Err(name) => {
                unknown.push(name);
                continue;
            }
        };
        let description = rule.description.as_ref();
        match live.remove(&identity) {
            None => missing.push(permission(&identity, description)),
            Some(there) => {
                if there.description().filter(|text| !text.is_empty()) != description.map(String::as_str) {
                    let update =
                        SecurityGroupRuleUpdate::builder().security_group_rule(request(&identity, description));
                    described.push(update.set_security_group_rule_id(there.security_group_rule_id.clone()).build());
                }
            }
        }
    }
    Work {
        missing,
        described,
        leaving: live.into_values().filter_map(|rule| rule.security_group_rule_id.clone()).collect(),
    }
}

async fn apply(cx: &Cx, id: &PhysicalId, egress: bool, work: Work) -> Result<()> {
    if !work.missing.is_empty() {
        let missing = Some(work.missing);
        if egress {
            let call = cx.ec2().authorize_security_group_egress().group_id(id.as_str());
            call.set_ip_permissions(missing).send().await?;
        } else {
            let call = cx.ec2().authorize_security_group_ingress().group_id(id.as_str());
            call.set_ip_permissions(missing).send().await?;
        }
    }
    if !work.described.is_empty() {
        let call = cx.ec2().modify_security_group_rules().group_id(id.as_str());
        call.set_security_group_rules(Some(work.described)).send().await?;
    }
    revoke(cx, id, egress, work.leaving).await
}

async fn revoke(cx: &Cx, id: &PhysicalId, egress: bool, rules: Vec<String>) -> Result<()> {
    if rules.is_empty() {
        return Ok(());
    }
    let rules = Some(rules);
    if egress {
        let call = cx.ec2().revoke_security_group_egress().group_id(id.as_str());
        call.set_security_group_rule_ids(rules).send().await?;
    } else {
        let call = cx.ec2().revoke_security_group_ingress().group_id(id.as_str());
        call.set_security_group_rule_ids(rules).send().await?;
    }
    Ok(())
}

/// Every rule of a group goes.
pub(super) async fn revoke_all(cx: &Cx, id: &PhysicalId) -> Result<()> {
    let live = rules_of(cx, &[id.as_str()]).await?;
    for egress in [false, true] {
        let own = live.iter().filter(|rule| rule.is_egress.unwrap_or(false) == egress);
        let own = own.filter_map(|rule| rule.security_group_rule_id.clone()).collect();
        match revoke(cx, id, egress, own).await {
            // Somebody was faster.
            Err(error) if error.code == "InvalidSecurityGroupRuleId.NotFound" => {}
            other => other?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live(id: &str, port: i32, description: &str) -> SecurityGroupRule {
        SecurityGroupRule::builder()
            .security_group_rule_id(id)
            .ip_protocol("tcp")
            .from_port(port)
            .to_port(port)
            .cidr_ipv4("10.0.0.0/16")
            .description(description)
            .build()
    }

    #[test]
    fn rules_come_go_and_change_their_description() {
        let rule = |port: i32, description: Option<&str>| -> Rule {
            let json = json!({"protocol": "tcp", "from_port": port, "to_port": port, "cidr_ipv4": "10.0.0.0/16",
                "description": description});
            serde_json::from_value(json).expect("a rule")
        };
        let waiting = serde_json::from_value(json!({"protocol": "all", "security_group_name": "shop-web"}));
        let wanted = [rule(80, None), rule(443, Some("new")), rule(22, Some("same")), waiting.expect("a rule")];
        let (stays, changes, goes) = (live("sgr-1", 22, "same"), live("sgr-2", 443, "old"), live("sgr-3", 8080, ""));
        let mut unknown = Vec::new();
        let work = work(&wanted, vec![&stays, &changes, &goes], &BTreeMap::new(), &mut unknown);
        assert_eq!(work.missing.iter().map(IpPermission::from_port).collect::<Vec<_>>(), [Some(80)]);
        let described = work.described.iter().filter_map(|update| update.security_group_rule_id());
        assert_eq!(described.collect::<Vec<_>>(), ["sgr-2"]);
        assert_eq!(work.leaving, ["sgr-3"]);
        assert_eq!(unknown, ["shop-web"]);
    }
}
