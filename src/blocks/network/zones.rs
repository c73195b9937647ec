//! The zones of every region by their ID, which means the same place in every account where names such as
//! `us-east-1a` do not; and which of them VPC links can be in.
//!
//! The zones with VPC links are those that AWS's guide lists; for regions that it does not list, all.

use crate::names::Region;

/// A region's zones: the beginning of their IDs, their numbers, and the numbers of those without VPC links.
type Zones = (&'static str, &'static str, &'static [u32], &'static [u32]);

const THREE: &[u32] = &[1, 2, 3];

const ZONES: &[Zones] = &[
    ("af-south-1", "afs1", THREE, &[]),
    ("ap-east-1", "ape1", THREE, &[1]),
    ("ap-east-2", "ape2", THREE, &[]),
    ("ap-northeast-1", "apne1", &[1, 2, 4], &[]),
    ("ap-northeast-2", "apne2", &[1, 2, 3, 4], &[4]),
    ("ap-northeast-3", "apne3", THREE, &[]),
    ("ap-south-1", "aps1", THREE, &[]),
    ("ap-south-2", "aps2", THREE, &[]),
    ("ap-southeast-1", "apse1", THREE, &[]),
    ("ap-southeast-2", "apse2", THREE, &[]),
    ("ap-southeast-3", "apse3", THREE, &[]),
    ("ap-southeast-4", "apse4", THREE, &[]),
    ("ap-southeast-5", "apse5", THREE, &[]),
    ("ap-southeast-6", "apse6", THREE, &[]),
    ("ap-southeast-7", "apse7", THREE, &[]),
    ("ca-central-1", "cac1", &[1, 2, 4], &[4]),
    ("ca-west-1", "caw1", THREE, &[]),
    ("cn-north-1", "cnn1", &[1, 2, 4], &[]),
    ("cn-northwest-1", "cnnw1", THREE, &[]),
    ("eu-central-1", "euc1", THREE, &[]),
    ("eu-central-2", "euc2", THREE, &[]),
    ("eu-north-1", "eun1", THREE, &[]),
    ("eu-south-1", "eus1", THREE, &[]),
    ("eu-south-2", "eus2", THREE, &[]),
    ("eu-west-1", "euw1", THREE, &[]),
    ("eu-west-2", "euw2", THREE, &[]),
    ("eu-west-3", "euw3", THREE, &[2]),
    ("il-central-1", "ilc1", THREE, &[]),
    ("me-central-1", "mec1", THREE, &[]),
    ("me-south-1", "mes1", THREE, &[]),
    ("mx-central-1", "mxc1", THREE, &[]),
    ("sa-east-1", "sae1", THREE, &[]),
    ("us-east-1", "use1", &[1, 2, 3, 4, 5, 6], &[3]),
    ("us-east-2", "use2", THREE, &[]),
    ("us-gov-east-1", "usge1", THREE, &[]),
    ("us-gov-west-1", "usgw1", THREE, &[]),
    ("us-west-1", "usw1", &[1, 3], &[]),
    ("us-west-2", "usw2", &[1, 2, 3, 4], &[]),
];

/// A zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Zone {
    /// Its ID, `use1-az1`.
    pub id: String,
    /// The number at the end of the ID, which its addresses go by.
    pub number: u32,
    /// Whether VPC links can be there.
    pub has_links: bool,
}

/// The zones of a region, those with VPC links first; none if the region is not known well enough.
pub(super) fn of(region: &Region) -> Vec<Zone> {
    let Some((_, prefix, numbers, without)) = ZONES.iter().find(|(name, ..)| *name == region.as_str()) else {
        return Vec::new();
    };
    let zone = |number: &u32| Zone {
        id: format!("{prefix}-az{number}"),
        number: *number,
        has_links: !without.contains(number),
    };
    let mut zones: Vec<Zone> = numbers.iter().map(zone).collect();
    zones.sort_by_key(|zone| !zone.has_links);
    zones
}

/// A zone of a region that is not known, as far as its ID tells.
pub(super) fn unlisted(id: &str) -> Option<Zone> {
    let (prefix, number) = id.split_once("-az")?;
    let number = number.parse().ok().filter(|number| (1..=super::cidr::MAX_ZONES).contains(number))?;
    let well_formed = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric());
    well_formed.then(|| Zone { id: id.to_owned(), number, has_links: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::regions;

    #[test]
    fn zones_without_links_come_last() {
        let ids: Vec<String> = of(&"us-east-1".parse().expect("a region")).into_iter().map(|zone| zone.id).collect();
        assert_eq!(ids, ["use1-az1", "use1-az2", "use1-az4", "use1-az5", "use1-az6", "use1-az3"]);
    }

    #[test]
    fn every_region_in_the_table_is_one_and_has_two_zones_with_links() {
        for (region, ..) in ZONES {
            assert!(regions::all().any(|known| known == *region), "{region}");
            let zones = of(&region.parse().expect("a region"));
            assert!(zones.iter().filter(|zone| zone.has_links).count() >= 2, "{region}");
            assert!(zones.iter().all(|zone| zone.number <= super::super::cidr::MAX_ZONES), "{region}");
        }
    }

    #[test]
    fn a_zone_of_an_unknown_region_tells_its_number() {
        assert_eq!(unlisted("eude1-az2").map(|zone| zone.number), Some(2));
        for id in ["", "az1", "-az1", "eude1-az0", "eude1-az7", "eude1a"] {
            assert_eq!(unlisted(id), None, "{id}");
        }
    }
}
