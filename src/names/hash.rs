//! Hashes in hexadecimal digits.

use sha2::{Digest, Sha256};

/// The first `length` (at most 64) hexadecimal digits of the text's SHA-256.
pub fn short_hash(text: &str, length: usize) -> String {
    let mut hex = sha256_hex(text.as_bytes());
    hex.truncate(length);
    hex
}

/// The SHA-256 of some bytes in 64 hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    Sha256::digest(bytes).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
