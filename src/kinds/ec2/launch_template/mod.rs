//! EC2 launch template: what instances are made of.
//!
//! A version cannot be changed: every change makes a new one with all of the data, and makes it the default. Groups
//! that refer to the number of the version follow in the same run. Old versions stay, AWS keeps up to 10,000.

mod read;
mod spec;
mod write;

use aws_sdk_ec2::types::{LaunchTemplateVersion, ResourceType};
use schemars::JsonSchema;
use serde::Serialize;

use super::{sync_tags, tag_specification};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, live_tags};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::{created, read_each, required};
use crate::kinds::tagging::all_tags;
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId};
use spec::Spec;

/// A launch template.
pub struct LaunchTemplate;

/// Outputs of a launch template.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, `lt-...`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Number of the version with the data that stands in the file, as a text.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags"]))]
    pub version: String,
}

/// The operation that reads.
const DESCRIBE: &str = "ec2:DescribeLaunchTemplateVersions";
/// The version that groups without a number of their own take.
const DEFAULT: &str = "$Default";

impl Kind for LaunchTemplate {
    const NAME: &'static str = "ec2.LaunchTemplate";
    const ABOUT: &'static str = "What EC2 instances are made of, version by version";
    const EXAMPLE: &'static str = "
name: shop-workers
image_id: resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64
instance_type: t4g.small
instance_profile_arn: ${iam.InstanceProfile.arn}
security_group_ids: [sg-0a1b2c3d4e5f60001]
user_data: |
  #!/bin/sh
  echo carts > /etc/motd
block_device_mappings:
  - {device_name: /dev/xvda, volume_size_gib: 20, volume_type: gp3, encrypted: true, delete_on_termination: true}
metadata_options: {http_tokens: required, http_put_response_hop_limit: 2, http_endpoint: enabled}
monitoring: true
ebs_optimized: true
instance_tags: {Name: shop-worker}
volume_tags: {Name: shop-worker}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{instance_type: t4g.medium, user_data: '#!/bin/true', monitoring: false}",
        "user_data: ''",
        "security_group_ids: [sg-0a1b2c3d4e5f60001, sg-0a1b2c3d4e5f60002]",
        "block_device_mappings: [{device_name: /dev/xvda, volume_size_gib: 30, volume_type: gp3, iops: 4000, throughput: 200}]",
        "metadata_options: {http_tokens: required, http_put_response_hop_limit: 1, instance_metadata_tags: enabled}",
        "{instance_tags: {Name: shop-carts, cost: '7'}, volume_tags: {}}",
        "{ebs_optimized: false, shutdown_behavior: terminate, disable_api_termination: false, disable_api_stop: false}",
        "{cpu_credits: standard, cpu_options: {core_count: 1, threads_per_core: 1}, auto_recovery: disabled}",
        "{associate_public_ip_address: false, placement: {tenancy: default}, hibernation: false, enclave: false, spot: false}",
        "{image_id: ami-0a1b2c3d4e5f60718, key_name: '', version_description: Carts}",
        "tags: {team: platform, cost: '7'}",
        "name: shop-others",
    ];
    const TRAITS: Traits = Traits { unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &NOT_FOUND,
        exists: &["InvalidLaunchTemplateName.AlreadyExistsException", "IdempotentParameterMismatch"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let found = cx.ec2().describe_launch_templates().launch_template_names(&spec.name).send().await;
        let Some(found) = not_found_as_none(found.map_err(CloudError::from))? else { return Ok(None) };
        let Some(template) = found.launch_templates.unwrap_or_default().into_iter().next() else { return Ok(None) };
        cx.ensure_owned("a launch template", &spec.name, &all_tags(template.tags.unwrap_or_default()), owner)?;
        let id = required("ec2:DescribeLaunchTemplates", "the id of the template", template.launch_template_id)?;
        Ok(Some(PhysicalId::new(id)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let made = cx
            .ec2()
            .create_launch_template()
            .launch_template_name(&spec.name)
            .client_token(owner.token())
            .set_version_description(spec.version_description.clone().filter(|text| !text.is_empty()))
            .launch_template_data(write::request(spec))
            .tag_specifications(tag_specification(ResourceType::LaunchTemplate, spec.tags.as_ref(), owner))
            .send()
            .await?;
        created("ec2:CreateLaunchTemplate", made.launch_template.and_then(|template| template.launch_template_id))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let mut changed = changed_fields::<Self>(from, to)?;
        changed.remove("tags");
        if !changed.is_empty() {
            let whole = to.completed_by(from);
            let call = cx.ec2().create_launch_template_version().launch_template_id(id.as_str());
            let made = call
                .set_version_description(whole.version_description.clone().filter(|text| !text.is_empty()))
                .launch_template_data(write::request(&whole))
                .send()
                .await?;
            let number = made.launch_template_version.and_then(|version| version.version_number);
            let number = created("ec2:CreateLaunchTemplateVersion", number.map(|number| number.to_string()))?;
            let call = cx.ec2().modify_launch_template().launch_template_id(id.as_str());
            call.default_version(number.as_str()).send().await?;
        }
        sync_tags(cx, id, from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.ec2().delete_launch_template().launch_template_id(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

const NOT_FOUND: [&str; 3] = [
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.NotFoundException",
    "InvalidLaunchTemplateName.NotFoundException",
];

/// `None` for a template that does not exist.
fn not_found_as_none<T>(answer: Result<T>) -> Result<Option<T>> {
    let answer = answer.map_err(|error| {
        let class = if NOT_FOUND.contains(&error.code.as_str()) { Class::NotFound } else { error.class };
        CloudError { class, ..error }
    });
    answer.optional()
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<LaunchTemplate>>> {
    let id = request.id.as_str();
    let call = cx.ec2().describe_launch_template_versions().launch_template_id(id).versions(DEFAULT);
    let Some(answer) = not_found_as_none(call.send().await.map_err(CloudError::from))? else { return Ok(None) };
    let Some(version) = answer.launch_template_versions.unwrap_or_default().into_iter().next() else { return Ok(None) };
    let arn = cx.arn("ec2", format!("launch-template/{id}")).await?;
    let tags = if let Some(tags) = cx.indexed_tags(&arn).await? {
        tags
    } else {
        let described = cx.ec2().describe_launch_templates().launch_template_ids(id).send().await;
        let Some(described) = not_found_as_none(described.map_err(CloudError::from))? else { return Ok(None) };
        let tags = described.launch_templates.unwrap_or_default().into_iter().find_map(|template| template.tags);
        all_tags(tags.unwrap_or_default())
    };
    found(version, arn, tags).map(Some)
}

fn found(version: LaunchTemplateVersion, arn: String, tags: Tags) -> Result<Found<LaunchTemplate>> {
    let name = version.launch_template_name.unwrap_or_default();
    let spec = Spec {
        name: name.clone(),
        version_description: Some(version.version_description.unwrap_or_default()),
        tags: Some(live_tags(tags)),
        ..read::spec(version.launch_template_data)
    };
    let number = version.version_number.map(|number| number.to_string());
    let outputs = Outputs {
        id: required(DESCRIBE, "the id of the template", version.launch_template_id)?,
        arn,
        name,
        version: required(DESCRIBE, "the number of the version", number)?,
    };
    Ok(Found::serving(spec, outputs))
}
