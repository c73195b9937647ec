//! Another subnet group for a standing cluster, which is a parameter of `ModifyDBCluster` that is newer than the SDK.

use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;
use aws_smithy_types::body::SdkBody;

use crate::aws::Result;

/// Moves a cluster. Without its security groups AWS would give it the default group of the VPC, and with none of the file's
/// own that is what is wanted.
pub(super) async fn move_to(
    call: ModifyDBClusterFluentBuilder,
    group: &str,
    security_groups: Option<&[String]>,
) -> Result<()> {
    let call = call.set_vpc_security_group_ids(security_groups.map(<[String]>::to_vec));
    let parameter = format!("&DBSubnetGroupName={}", encoded(group));
    let call = call.customize().mutate_request(move |request| {
        let Some(body) = request.body().bytes() else { return };
        let body = [body, parameter.as_bytes()].concat();
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
    });
    call.send().await?;
    Ok(())
}

/// A value in a form: AWS's names of groups have nothing but spaces that need another form.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_forms_are() {
        assert_eq!(encoded("shop-orders_1.a b&c"), "shop-orders_1.a%20b%26c");
    }
}
