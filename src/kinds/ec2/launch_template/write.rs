//! The data of a version, as AWS takes it. A list or text that is empty is not sent: it is none.

use aws_sdk_ec2::types::{
    CreditSpecificationRequest, LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateCpuOptionsRequest,
    LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateEnclaveOptionsRequest, LaunchTemplateHibernationOptionsRequest,
    LaunchTemplateIamInstanceProfileSpecificationRequest, LaunchTemplateInstanceMaintenanceOptionsRequest,
    LaunchTemplateInstanceMarketOptionsRequest, LaunchTemplateInstanceMetadataOptionsRequest,
    LaunchTemplateInstanceNetworkInterfaceSpecificationRequest, LaunchTemplatePlacementRequest,
    LaunchTemplateTagSpecificationRequest, LaunchTemplatesMonitoringRequest, MarketType, RequestLaunchTemplateData,
    ResourceType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::spec::{BlockDevice, CpuOptions, MetadataOptions, Placement, Spec};
use crate::aws::{Tags, to_wire};
use crate::kinds::tagging::to_aws;

/// All of it, as AWS takes it.
pub(super) fn request(spec: &Spec) -> RequestLaunchTemplateData {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let groups = spec.security_group_ids.clone().filter(|all| !all.is_empty());
    // Whether there is a public address is said of an interface, and then the groups are its own too.
    let interface = spec.associate_public_ip_address.map(|public| {
        LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
            .device_index(0)
            .associate_public_ip_address(public)
            .delete_on_termination(true)
            .set_groups(groups.clone())
            .build()
    });
    let profile = text(&spec.instance_profile_arn)
        .map(|arn| LaunchTemplateIamInstanceProfileSpecificationRequest::builder().arn(arn).build());
    let credits = spec.cpu_credits.clone().map(|of| CreditSpecificationRequest::builder().cpu_credits(of).build());
    let recovery = spec.auto_recovery.map(|case| {
        LaunchTemplateInstanceMaintenanceOptionsRequest::builder().auto_recovery(to_wire(case).as_str().into()).build()
    });
    let spot = spec
        .spot
        .filter(|spot| *spot)
        .map(|_| LaunchTemplateInstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).build());
    let volumes = spec.block_device_mappings.as_ref().filter(|all| !all.is_empty());
    RequestLaunchTemplateData::builder()
        .image_id(&spec.image_id)
        .set_instance_type(text(&spec.instance_type).map(|of| of.as_str().into()))
        .set_iam_instance_profile(profile)
        .set_security_group_ids(groups.filter(|_| interface.is_none()))
        .set_network_interfaces(interface.map(|one| vec![one]))
        .set_user_data(text(&spec.user_data).map(|text| STANDARD.encode(text)))
        .set_key_name(text(&spec.key_name))
        .set_block_device_mappings(volumes.map(|all| all.iter().map(device).collect()))
        .set_metadata_options(spec.metadata_options.as_ref().map(metadata))
        .set_monitoring(spec.monitoring.map(|on| LaunchTemplatesMonitoringRequest::builder().enabled(on).build()))
        .set_ebs_optimized(spec.ebs_optimized)
        .set_tag_specifications(tag_specifications(spec))
        .set_credit_specification(credits)
        .set_cpu_options(spec.cpu_options.as_ref().map(cpu))
        .set_instance_initiated_shutdown_behavior(spec.shutdown_behavior.map(|case| to_wire(case).as_str().into()))
        .set_disable_api_termination(spec.disable_api_termination)
        .set_disable_api_stop(spec.disable_api_stop)
        .set_maintenance_options(recovery)
        .set_placement(spec.placement.as_ref().map(placement))
        .set_hibernation_options(
            spec.hibernation.map(|on| LaunchTemplateHibernationOptionsRequest::builder().configured(on).build()),
        )
        .set_enclave_options(spec.enclave.map(|on| LaunchTemplateEnclaveOptionsRequest::builder().enabled(on).build()))
        .set_instance_market_options(spot)
        .build()
}

fn device(wanted: &BlockDevice) -> LaunchTemplateBlockDeviceMappingRequest {
    let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
        .set_volume_size(wanted.volume_size_gib)
        .set_volume_type(wanted.volume_type.map(|case| to_wire(case).as_str().into()))
        .set_iops(wanted.iops)
        .set_throughput(wanted.throughput)
        .set_encrypted(wanted.encrypted)
        .set_kms_key_id(wanted.kms_key_id.clone())
        .set_snapshot_id(wanted.snapshot_id.clone())
        .set_delete_on_termination(wanted.delete_on_termination);
    LaunchTemplateBlockDeviceMappingRequest::builder().device_name(&wanted.device_name).ebs(ebs.build()).build()
}

fn metadata(wanted: &MetadataOptions) -> LaunchTemplateInstanceMetadataOptionsRequest {
    LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .set_http_tokens(wanted.http_tokens.map(|case| to_wire(case).as_str().into()))
        .set_http_put_response_hop_limit(wanted.http_put_response_hop_limit)
        .set_http_endpoint(wanted.http_endpoint.map(|case| to_wire(case).as_str().into()))
        .set_http_protocol_ipv6(wanted.http_protocol_ipv6.map(|case| to_wire(case).as_str().into()))
        .set_instance_metadata_tags(wanted.instance_metadata_tags.map(|case| to_wire(case).as_str().into()))
        .build()
}

fn cpu(wanted: &CpuOptions) -> LaunchTemplateCpuOptionsRequest {
    let of = LaunchTemplateCpuOptionsRequest::builder();
    of.set_core_count(wanted.core_count).set_threads_per_core(wanted.threads_per_core).build()
}

fn placement(wanted: &Placement) -> LaunchTemplatePlacementRequest {
    LaunchTemplatePlacementRequest::builder()
        .set_tenancy(wanted.tenancy.map(|case| to_wire(case).as_str().into()))
        .set_group_name(wanted.group_name.clone())
        .set_partition_number(wanted.partition_number)
        .build()
}

fn tag_specifications(spec: &Spec) -> Option<Vec<LaunchTemplateTagSpecificationRequest>> {
    let of = |kind: ResourceType, tags: Option<&Tags>| {
        let tags = to_aws(tags.filter(|tags| !tags.is_empty())?);
        Some(LaunchTemplateTagSpecificationRequest::builder().resource_type(kind).set_tags(Some(tags)).build())
    };
    let instances = of(ResourceType::Instance, spec.instance_tags.as_ref());
    let volumes = of(ResourceType::Volume, spec.volume_tags.as_ref());
    Some(instances.into_iter().chain(volumes).collect::<Vec<_>>()).filter(|all| !all.is_empty())
}
