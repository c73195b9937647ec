//! The data of a version, as AWS tells it. A list or text that is empty is none.

use aws_sdk_ec2::types::{
    LaunchTemplateBlockDeviceMapping, LaunchTemplateInstanceMetadataOptions, LaunchTemplateTagSpecification,
    MarketType, ResourceType, ResponseLaunchTemplateData,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::spec::{BlockDevice, CpuOptions, MetadataOptions, Placement, Spec};
use crate::aws::{Tags, from_wire};
use crate::kinds::tagging::all_tags;

/// All of it, as AWS tells it. What it does not tell is what AWS takes then.
pub(super) fn spec(live: Option<ResponseLaunchTemplateData>) -> Spec {
    let live = live.unwrap_or_else(|| ResponseLaunchTemplateData::builder().build());
    let interface = live.network_interfaces.unwrap_or_default().into_iter().next();
    let public = interface.as_ref().and_then(|one| one.associate_public_ip_address);
    let groups = live.security_group_ids.filter(|all| !all.is_empty());
    let tags = live.tag_specifications.unwrap_or_default();
    Spec {
        image_id: live.image_id.unwrap_or_default(),
        instance_type: live.instance_type.map(|of| of.as_str().to_owned()),
        instance_profile_arn: Some(live.iam_instance_profile.and_then(|profile| profile.arn).unwrap_or_default()),
        security_group_ids: groups.or(interface.and_then(|one| one.groups)).or_else(|| Some(Vec::new())),
        user_data: Some(decoded(live.user_data)),
        key_name: Some(live.key_name.unwrap_or_default()),
        block_device_mappings: Some(
            live.block_device_mappings.unwrap_or_default().into_iter().map(device_of).collect(),
        ),
        metadata_options: live.metadata_options.map(metadata_of),
        monitoring: Some(live.monitoring.and_then(|monitoring| monitoring.enabled).unwrap_or(false)),
        ebs_optimized: Some(live.ebs_optimized.unwrap_or(false)),
        instance_tags: Some(tags_of(&tags, &ResourceType::Instance)),
        volume_tags: Some(tags_of(&tags, &ResourceType::Volume)),
        associate_public_ip_address: public,
        cpu_credits: live.credit_specification.and_then(|credits| credits.cpu_credits),
        cpu_options: live
            .cpu_options
            .map(|cpu| CpuOptions { core_count: cpu.core_count, threads_per_core: cpu.threads_per_core }),
        shutdown_behavior: live.instance_initiated_shutdown_behavior.and_then(|case| from_wire(case.as_str())),
        disable_api_termination: Some(live.disable_api_termination.unwrap_or(false)),
        disable_api_stop: Some(live.disable_api_stop.unwrap_or(false)),
        auto_recovery: live.maintenance_options.and_then(|of| of.auto_recovery).and_then(|of| from_wire(of.as_str())),
        placement: live.placement.map(|place| Placement {
            tenancy: place.tenancy.and_then(|of| from_wire(of.as_str())),
            group_name: place.group_name,
            partition_number: place.partition_number,
        }),
        hibernation: Some(live.hibernation_options.and_then(|of| of.configured).unwrap_or(false)),
        enclave: Some(live.enclave_options.and_then(|of| of.enabled).unwrap_or(false)),
        spot: Some(live.instance_market_options.and_then(|of| of.market_type) == Some(MarketType::Spot)),
        ..Spec::default()
    }
}

fn device_of(live: LaunchTemplateBlockDeviceMapping) -> BlockDevice {
    let device_name = live.device_name.unwrap_or_default();
    let Some(ebs) = live.ebs else {
        return BlockDevice {
            device_name,
            volume_size_gib: None,
            volume_type: None,
            iops: None,
            throughput: None,
            encrypted: None,
            kms_key_id: None,
            snapshot_id: None,
            delete_on_termination: None,
        };
    };
    BlockDevice {
        device_name,
        volume_size_gib: ebs.volume_size,
        volume_type: ebs.volume_type.and_then(|of| from_wire(of.as_str())),
        iops: ebs.iops,
        throughput: ebs.throughput,
        encrypted: ebs.encrypted,
        kms_key_id: ebs.kms_key_id,
        snapshot_id: ebs.snapshot_id,
        delete_on_termination: ebs.delete_on_termination,
    }
}

fn metadata_of(live: LaunchTemplateInstanceMetadataOptions) -> MetadataOptions {
    MetadataOptions {
        http_tokens: live.http_tokens.and_then(|case| from_wire(case.as_str())),
        http_put_response_hop_limit: live.http_put_response_hop_limit,
        http_endpoint: live.http_endpoint.and_then(|case| from_wire(case.as_str())),
        http_protocol_ipv6: live.http_protocol_ipv6.and_then(|case| from_wire(case.as_str())),
        instance_metadata_tags: live.instance_metadata_tags.and_then(|case| from_wire(case.as_str())),
    }
}

fn tags_of(all: &[LaunchTemplateTagSpecification], kind: &ResourceType) -> Tags {
    let of = all.iter().find(|one| one.resource_type.as_ref() == Some(kind));
    all_tags(of.and_then(|one| one.tags.clone()).unwrap_or_default())
}

/// User data as a text. What is no text was not made by us, and reads as it came.
fn decoded(encoded: Option<String>) -> String {
    let encoded = encoded.unwrap_or_default();
    let text = STANDARD.decode(&encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.unwrap_or(encoded)
}
