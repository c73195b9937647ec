//! Ranges of IPv4 addresses, and how a network is split: by the number of the zone alone, so that nothing moves
//! when zones are added or taken away.

use std::fmt;
use std::net::Ipv4Addr;

/// Least and greatest length of a network's prefix. AWS takes `/16` to `/28`, and the smallest subnets here, the
/// public ones, are a 64th of the network: of a `/22` they are a `/28`, the smallest that AWS takes.
pub(super) const LENGTHS: std::ops::RangeInclusive<u32> = 16..=22;

/// Zones that a network has room for.
pub(super) const MAX_ZONES: u32 = 6;

/// A range of addresses, `10.1.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cidr {
    start: u32,
    /// Length of the prefix.
    pub length: u32,
}

impl Cidr {
    /// Reads a range. One with bits behind the prefix is a mistake, and comes as what it would be without.
    pub fn parse(text: &str) -> Result<Self, Option<Self>> {
        let (address, length) = text.split_once('/').ok_or(None)?;
        let address = u32::from(address.parse::<Ipv4Addr>().map_err(|_| None)?);
        let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length = length.parse().ok().filter(|length| digits && *length <= 32).ok_or(None)?;
        let plain = Self { start: address & mask(length), length };
        if plain.start == address { Ok(plain) } else { Err(Some(plain)) }
    }

    /// Whether any address is in both.
    pub fn overlaps(self, other: Self) -> bool {
        let mask = mask(self.length.min(other.length));
        self.start & mask == other.start & mask
    }

    /// The private subnet of a zone, an eighth of the network; its number counts from 1.
    pub fn private(self, zone: u32) -> Self {
        self.part(3, zone.saturating_sub(1))
    }

    /// The public subnet of a zone: an eighth of the last eighth, because few things are public. The eighth
    /// before that stays free.
    pub fn public(self, zone: u32) -> Self {
        self.part(3, 7).part(3, zone.saturating_sub(1))
    }

    fn part(self, bits: u32, at: u32) -> Self {
        let length = (self.length + bits).min(32);
        Self { start: self.start + (at << (32 - length)), length }
    }
}

fn mask(length: u32) -> u32 {
    u32::MAX.checked_shl(32 - length).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.start), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        Cidr::parse(text).expect("a range")
    }

    #[test]
    fn a_network_is_split_by_the_number_of_the_zone() {
        let network = cidr("10.1.0.0/16");
        let parts = |zone| (network.private(zone).to_string(), network.public(zone).to_string());
        assert_eq!(parts(1), ("10.1.0.0/19".into(), "10.1.224.0/22".into()));
        assert_eq!(parts(6), ("10.1.160.0/19".into(), "10.1.244.0/22".into()));
        assert_eq!(cidr("10.1.4.0/22").public(6).to_string(), "10.1.7.208/28");
    }

    #[test]
    fn no_two_parts_of_any_network_overlap() {
        for length in LENGTHS {
            let network = cidr(&format!("10.64.0.0/{length}"));
            let parts: Vec<Cidr> =
                (1..=MAX_ZONES).flat_map(|zone| [network.private(zone), network.public(zone)]).collect();
            for (at, part) in parts.iter().enumerate() {
                assert!(network.overlaps(*part) && part.length <= 28, "{part}");
                assert!(parts[..at].iter().all(|other| !other.overlaps(*part)), "{part}");
            }
        }
    }

    #[test]
    fn ranges_are_read_strictly() {
        for text in ["10.0.0.0/0", "0.0.0.0/0", "10.1.2.3/32"] {
            assert_eq!(Cidr::parse(text).is_ok(), text != "10.0.0.0/0", "{text}");
        }
        assert_eq!(Cidr::parse("10.1.2.3/16"), Err(Some(cidr("10.1.0.0/16"))));
        for text in ["", "10.1.0.0", "10.1.0/16", "10.1.0.0/33", "10.1.0.0/+6", "10.1.0.0/", "10.1.0.256/16", "a/16"] {
            assert_eq!(Cidr::parse(text), Err(None), "{text}");
        }
        assert!(cidr("10.0.0.0/8").overlaps(cidr("10.9.0.0/16")) && !cidr("10.1.0.0/16").overlaps(cidr("10.2.0.0/16")));
    }
}
