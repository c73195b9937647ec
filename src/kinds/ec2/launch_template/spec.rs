//! Fields of a launch template, and rules beyond the schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// Fields of a launch template. Whatever is left out stays as the version before has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 3 to 128 letters, digits and `().-/_`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9().\-/_]{3,128}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// Description of the version; up to 255 characters. An empty text for none.
    #[schemars(length(max = 255), extend("x-reset" = ""))]
    pub version_description: Option<String>,
    /// Id of the image, or `resolve:ssm:` and the name of a parameter that holds it, which is looked up at every
    /// launch. A refresh of a group cannot roll back over such a parameter.
    #[schemars(regex(pattern = r"^(ami-[0-9a-f]+|resolve:ssm:.+)$"), extend("x-highlight" = true))]
    pub image_id: String,
    /// Type of the instances, such as `t4g.small`.
    #[schemars(extend("x-highlight" = true))]
    pub instance_type: Option<String>,
    /// ARN of the instance profile, which gives them a role. An empty text for none.
    #[schemars(extend("x-reset" = ""))]
    pub instance_profile_arn: Option<String>,
    /// Security groups; the VPC's default one when there are none.
    #[schemars(extend("x-unordered" = true))]
    pub security_group_ids: Option<Vec<String>>,
    /// User data for the first start: a script or cloud-init's configuration, as plain text of up to 16 KB.
    #[schemars(extend("x-reset" = "", "x-needs" = "nothing"))]
    pub user_data: Option<String>,
    /// Name of the key pair to log in with. An empty text for none.
    #[schemars(extend("x-reset" = ""))]
    pub key_name: Option<String>,
    /// Volumes beside, or in place of, those of the image.
    #[schemars(extend("x-key" = "device_name"))]
    pub block_device_mappings: Option<Vec<BlockDevice>>,
    /// Instance metadata service.
    pub metadata_options: Option<MetadataOptions>,
    /// Detailed monitoring, every minute rather than every five; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub monitoring: Option<bool>,
    /// Dedicated bandwidth for volumes; most types have it anyway.
    pub ebs_optimized: Option<bool>,
    /// Tags of every instance.
    #[schemars(extend("x-reset" = {}))]
    pub instance_tags: Option<Tags>,
    /// Tags of every volume.
    #[schemars(extend("x-reset" = {}))]
    pub volume_tags: Option<Tags>,
    /// Public addresses of instances, whatever the subnet says; the subnet's setting when left out.
    #[schemars(extend("x-public" = [true]))]
    pub associate_public_ip_address: Option<bool>,
    /// Credits of burstable types: `standard` or `unlimited`.
    #[schemars(regex(pattern = "^(standard|unlimited)$"))]
    pub cpu_credits: Option<String>,
    /// Cores and threads, where fewer are wanted than the type has.
    pub cpu_options: Option<CpuOptions>,
    /// Effect of a shutdown from within the instance; `stop` when left out.
    pub shutdown_behavior: Option<ShutdownBehavior>,
    /// Protection from termination by hand, not by the group; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub disable_api_termination: Option<bool>,
    /// Protection from being stopped by hand; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub disable_api_stop: Option<bool>,
    /// Recovery of an instance whose host fails; `default` when left out.
    pub auto_recovery: Option<AutoRecovery>,
    /// Placement of instances.
    pub placement: Option<Placement>,
    /// Hibernation; false when left out.
    pub hibernation: Option<bool>,
    /// Nitro Enclaves; false when left out.
    pub enclave: Option<bool>,
    /// Spot instances, which AWS may take back; false when left out.
    pub spot: Option<bool>,
    /// Tags of the template itself.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockDevice {
    /// Device name, such as `/dev/xvda`, the root device of most images.
    pub device_name: String,
    /// Size in GiB; that of the snapshot when left out.
    #[schemars(range(min = 1, max = 65_536))]
    pub volume_size_gib: Option<i32>,
    /// Type; that of the image when left out.
    pub volume_type: Option<VolumeType>,
    /// Operations in a second, of gp3, io1 and io2.
    #[schemars(range(min = 100, max = 256_000))]
    pub iops: Option<i32>,
    /// MiB in a second, of gp3.
    #[schemars(range(min = 125, max = 2_000))]
    pub throughput: Option<i32>,
    /// Encryption of the volume.
    pub encrypted: Option<bool>,
    /// KMS key that encrypts it; the account's key for volumes when left out.
    pub kms_key_id: Option<String>,
    /// Snapshot that it is made from.
    pub snapshot_id: Option<String>,
    /// Deletion with the instance; true when left out.
    pub delete_on_termination: Option<bool>,
}

/// Type of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VolumeType {
    /// SSD, performance by size.
    Gp2,
    /// SSD, performance as asked for.
    Gp3,
    /// SSD for many operations.
    Io1,
    /// SSD for many operations, more durable.
    Io2,
    /// Disk for throughput.
    St1,
    /// Cold disk.
    Sc1,
    /// Old disk.
    Standard,
}

/// Instance metadata service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetadataOptions {
    /// Session tokens (IMDSv2); `required` keeps metadata from callers that make an instance forward a request.
    pub http_tokens: Option<HttpTokens>,
    /// Hop limit of answers, 1 to 64; containers need 2.
    #[schemars(range(min = 1, max = 64))]
    pub http_put_response_hop_limit: Option<i32>,
    /// Metadata over HTTP; AWS enables it when left out.
    pub http_endpoint: Option<Switch>,
    /// Metadata over IPv6.
    pub http_protocol_ipv6: Option<Switch>,
    /// Tags in the metadata; off when left out.
    pub instance_metadata_tags: Option<Switch>,
}

/// Session tokens (IMDSv2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HttpTokens {
    /// It may be there.
    Optional,
    /// It must be there.
    Required,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// On.
    Enabled,
    /// Off.
    Disabled,
}

/// Cores and threads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CpuOptions {
    /// Cores.
    #[schemars(range(min = 1))]
    pub core_count: Option<i32>,
    /// Threads of a core, 1 or 2.
    #[schemars(range(min = 1, max = 2))]
    pub threads_per_core: Option<i32>,
}

/// Effect of a shutdown from within the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShutdownBehavior {
    /// It can be started again.
    Stop,
    /// It goes.
    Terminate,
}

/// Recovery of an instance whose host fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AutoRecovery {
    /// It does, if the type can.
    Default,
    /// It does not.
    Disabled,
}

/// Placement of instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Hosts that instances run on.
    pub tenancy: Option<Tenancy>,
    /// Name of a placement group.
    pub group_name: Option<String>,
    /// Number of the partition in the group.
    #[schemars(range(min = 1))]
    pub partition_number: Option<i32>,
}

/// Hosts that instances run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tenancy {
    /// Shared ones.
    Default,
    /// Ones that nobody else uses.
    Dedicated,
    /// Hosts that the account has taken.
    Host,
}

impl Spec {
    /// The wanted values, completed by the live ones.
    pub(super) fn completed_by(&self, from: &Self) -> Self {
        fn kept<T: Clone>(to: Option<&T>, from: Option<&T>) -> Option<T> {
            to.or(from).cloned()
        }
        macro_rules! kept {
            ($($field:ident),*) => {
                Self {
                    name: self.name.clone(),
                    image_id: self.image_id.clone(),
                    $($field: kept(self.$field.as_ref(), from.$field.as_ref())),*
                }
            };
        }
        kept!(
            version_description,
            instance_type,
            instance_profile_arn,
            security_group_ids,
            user_data,
            key_name,
            block_device_mappings,
            metadata_options,
            monitoring,
            ebs_optimized,
            instance_tags,
            volume_tags,
            associate_public_ip_address,
            cpu_credits,
            cpu_options,
            shutdown_behavior,
            disable_api_termination,
            disable_api_stop,
            auto_recovery,
            placement,
            hibernation,
            enclave,
            spot,
            tags
        )
    }
}

/// Bytes of user data that AWS takes, before they are encoded.
const MOST_USER_DATA: usize = 16 * 1024;

/// Faults that the schema does not find.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rule = |broken: bool, words: String| {
        if broken {
            faults.push(words);
        }
    };
    let length = spec.user_data.as_ref().map_or(0, String::len);
    rule(length > MOST_USER_DATA, format!("`user_data` must be at most {MOST_USER_DATA} bytes, but is {length}"));
    for device in spec.block_device_mappings.iter().flatten() {
        let name = &device.device_name;
        let rated = matches!(device.volume_type, Some(VolumeType::Gp3 | VolumeType::Io1 | VolumeType::Io2) | None);
        rule(device.iops.is_some() && !rated, format!("`iops` of {name} has no effect without gp3, io1 or io2"));
        let gp3 = matches!(device.volume_type, Some(VolumeType::Gp3) | None);
        rule(device.throughput.is_some() && !gp3, format!("`throughput` of {name} has no effect without gp3"));
        let plain = device.encrypted == Some(false);
        rule(
            device.kms_key_id.is_some() && plain,
            format!("`kms_key_id` of {name} has no effect without `encrypted: true`"),
        );
    }
    let (hibernation, enclave) = (spec.hibernation == Some(true), spec.enclave == Some(true));
    rule(hibernation && enclave, "an instance cannot have both `hibernation` and `enclave`".to_owned());
    faults
}
