//! Regions in ARNs: a resource that is in several regions has one ARN for each, which differ in the region alone.

use crate::aws::Result;
use crate::cloud::{Class, CloudError};
use crate::names::Region;

/// The region of an ARN.
pub(super) fn region_of(arn: &str) -> Result<Region> {
    let wrong =
        || CloudError::local(Class::Invalid, "arn", format!("`{arn}` is not the ARN of a resource of a region"));
    let region = arn.split(':').nth(3).filter(|_| arn.starts_with("arn:"));
    region.and_then(|region| region.parse().ok()).ok_or_else(wrong)
}

/// The ARN of the same resource in another region; a text that is no ARN stays as it is.
pub(super) fn in_region(arn: &str, region: &str) -> String {
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    match parts.as_slice() {
        [arn, partition, service, _, rest] => [arn, partition, service, region, rest].join(":"),
        _ => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-1";

    #[test]
    fn an_arn_tells_its_region_and_is_told_for_another() {
        assert_eq!(region_of(KEY).expect("a region").as_str(), "us-east-1");
        assert_eq!(in_region(KEY, "eu-west-1"), "arn:aws:kms:eu-west-1:111122223333:key/mrk-1");
        for other in ["mrk-1", "arn:aws:iam::111122223333:role/shop", ""] {
            assert!(region_of(other).is_err(), "{other}");
        }
    }
}
