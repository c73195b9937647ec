//! EBS volumes of a service's tasks: their fields, how ECS takes them and how it tells them.

use aws_sdk_ecs::types as aws;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::kinds::ecs::incomplete;

/// An EBS volume that each task gets, and that goes with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeConfiguration {
    /// Name of the volume in the task definition.
    pub name: String,
    /// ARN of the role with which ECS makes it.
    pub role_arn: String,
    /// Size in GiB. Exactly one of this and `snapshot_id` is required.
    #[schemars(range(min = 1))]
    pub size_gib: Option<i32>,
    /// Id of the snapshot it begins as.
    pub snapshot_id: Option<String>,
    /// `gp3`, `gp2`, `io2`, `io1`, `st1`, `sc1` or `standard`; `gp3` when left out.
    pub volume_type: Option<String>,
    /// Encryption of the volume.
    pub encrypted: Option<bool>,
    /// KMS key that it is encrypted with.
    pub kms_key_id: Option<String>,
    /// I/O operations per second.
    pub iops: Option<i32>,
    /// Throughput in MiB/s, of `gp3`.
    #[schemars(range(max = 2000))]
    pub throughput: Option<i32>,
    /// Rate at which a snapshot is read, 100 to 300 MiB/s.
    #[schemars(range(min = 100, max = 300))]
    pub initialization_rate: Option<i32>,
    /// Its file system; `xfs` when left out.
    pub filesystem_type: Option<String>,
}

/// As ECS takes it.
pub(super) fn configuration(wanted: &VolumeConfiguration) -> Result<aws::ServiceVolumeConfiguration> {
    let volume = aws::ServiceManagedEbsVolumeConfiguration::builder()
        .role_arn(&wanted.role_arn)
        .set_size_in_gib(wanted.size_gib)
        .set_snapshot_id(wanted.snapshot_id.clone())
        .set_volume_type(wanted.volume_type.clone())
        .set_encrypted(wanted.encrypted)
        .set_kms_key_id(wanted.kms_key_id.clone())
        .set_iops(wanted.iops)
        .set_throughput(wanted.throughput)
        .set_volume_initialization_rate(wanted.initialization_rate)
        .set_filesystem_type(wanted.filesystem_type.as_deref().map(Into::into))
        .build()
        .map_err(|error| incomplete(&error))?;
    let both = aws::ServiceVolumeConfiguration::builder().name(&wanted.name).managed_ebs_volume(volume);
    both.build().map_err(|error| incomplete(&error))
}

/// As ECS tells it.
pub(super) fn of(live: &aws::ServiceVolumeConfiguration) -> Option<VolumeConfiguration> {
    let volume = live.managed_ebs_volume.clone()?;
    Some(VolumeConfiguration {
        name: live.name.clone(),
        role_arn: volume.role_arn,
        size_gib: volume.size_in_gib,
        snapshot_id: volume.snapshot_id,
        volume_type: volume.volume_type,
        encrypted: volume.encrypted,
        kms_key_id: volume.kms_key_id,
        iops: volume.iops,
        throughput: volume.throughput,
        initialization_rate: volume.volume_initialization_rate,
        filesystem_type: volume.filesystem_type.map(|kind| kind.as_str().to_owned()),
    })
}
