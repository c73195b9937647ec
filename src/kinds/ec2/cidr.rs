//! Blocks of addresses as EC2 takes them: an address and a length, the address being the first of the block.
//!
//! AWS cuts host bits off without a word, so that what is read is not what was written; here they are a fault.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// Lengths that a VPC or a subnet may have.
const OF_NETWORKS: RangeInclusive<u8> = 16..=28;

/// Fault of the block of a VPC or a subnet.
pub(super) fn wrong_network(field: &str, text: &str) -> Option<String> {
    wrong_ipv4(field, text).or_else(|| {
        let length = text.split_once('/').and_then(|(_, length)| length.parse().ok());
        let wrong = length.is_some_and(|length: u8| !OF_NETWORKS.contains(&length));
        wrong.then(|| format!("`{field}`: the size of {text} must be between /16 and /28"))
    })
}

/// Fault of a block of IPv4 addresses.
pub(super) fn wrong_ipv4(field: &str, text: &str) -> Option<String> {
    let block = text.split_once('/').and_then(|(address, length)| {
        let (address, length): (Ipv4Addr, u32) = (address.parse().ok()?, length.parse().ok()?);
        let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
        Some(format!("{}/{length}", Ipv4Addr::from(u32::from(address) & mask)))
    });
    wrong(field, text, block, "a block of IPv4 addresses such as 10.0.0.0/16")
}

/// Fault of a block of IPv6 addresses.
pub(super) fn wrong_ipv6(field: &str, text: &str) -> Option<String> {
    let block = text.split_once('/').and_then(|(address, length)| {
        let (address, length): (Ipv6Addr, u32) = (address.parse().ok()?, length.parse().ok()?);
        let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
        Some(format!("{}/{length}", Ipv6Addr::from(u128::from(address) & mask)))
    });
    wrong(field, text, block, "a block of IPv6 addresses such as 2001:db8::/56")
}

fn wrong(field: &str, text: &str, block: Option<String>, form: &str) -> Option<String> {
    match block {
        None => Some(format!("`{field}`: `{text}` is not {form}")),
        Some(block) if block != text => Some(format!("`{field}`: {text} is not in AWS's form; use {block}")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_begin_at_their_first_address() {
        for good in ["10.0.0.0/16", "0.0.0.0/0", "192.0.2.7/32"] {
            assert_eq!(wrong_ipv4("block", good), None, "{good}");
        }
        for good in ["::/0", "2001:db8::/56", "2001:db8::1/128"] {
            assert_eq!(wrong_ipv6("block", good), None, "{good}");
        }
        assert_eq!(
            wrong_ipv4("block", "10.0.3.0/22").as_deref(),
            Some("`block`: 10.0.3.0/22 is not in AWS's form; use 10.0.0.0/22")
        );
        assert_eq!(
            wrong_ipv6("block", "2001:DB8:0::/56").as_deref(),
            Some("`block`: 2001:DB8:0::/56 is not in AWS's form; use 2001:db8::/56")
        );
        for bad in ["10.0.0.0", "10.0.0/16", "10.0.0.0/33", "10.0.0.0/-1", "ten", ""] {
            assert!(wrong_ipv4("block", bad).is_some(), "{bad}");
        }
        for bad in ["::", "::/129", "10.0.0.0/16"] {
            assert!(wrong_ipv6("block", bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn sizes_of_networks_are_limited() {
        for (text, wrong) in
            [("10.0.0.0/16", false), ("10.0.0.16/28", false), ("10.0.0.0/8", true), ("10.0.0.0/29", true)]
        {
            assert_eq!(wrong_network("cidr_block", text).is_some(), wrong, "{text}");
        }
    }
}
