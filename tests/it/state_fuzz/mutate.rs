//! What disks, crashes, editors and slips make of a document: bytes, tokens, numbers, lines.

use std::ops::Range;

use fastrand::Rng;

/// Put in the place of a token, or in between.
const TOKENS: &[&str] = &[
    "null",
    "true",
    "-1",
    "0",
    "-0",
    "1.5",
    "1e400",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999999999999999",
    "0.1000000000000000055511151231257827",
    "123456.789e-300",
    "\"\"",
    "\"a\"",
    "\"demo\"",
    "\"a.b@global\"",
    "\"functions.f0@us-east-1\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"\\u001b[2J\"",
    "[]",
    "{}",
    "[{}]",
    "{\"a\":1,\"a\":2}",
    ",",
    ":",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "NaN",
    "// x",
];
/// Bytes that are no text, or an odd one.
const BYTES: &[&[u8]] = &[
    b"\0",
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"\r",
    b"\r\n",
    b"\n",
    b"\n\n",
    b"\x1b[2J",
    b"\x7f",
];

/// A document after one to four changes; `other` gives pieces of others.
pub fn mutated<'a>(bytes: &[u8], chance: &mut Rng, other: impl Fn(&mut Rng) -> &'a [u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.u8(..4).saturating_sub(chance.u8(..4)) {
        let piece = other(chance);
        change(&mut bytes, chance, piece);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, chance: &mut Rng, other: &[u8]) {
    match chance.u8(..10) {
        0 | 1 => change_bytes(bytes, chance, other),
        2..=5 => change_tokens(bytes, chance),
        6 => change_a_number(bytes, chance),
        7 | 8 => change_lines(bytes, chance, other),
        _ => nest(bytes, chance),
    }
}

fn change_bytes(bytes: &mut Vec<u8>, chance: &mut Rng, other: &[u8]) {
    let range = range(bytes.len(), chance);
    match chance.u8(..7) {
        0 if !bytes.is_empty() => {
            let at = chance.usize(..bytes.len());
            bytes[at] ^= 1 << chance.u8(..8);
        }
        1 => drop(bytes.splice(range, BYTES[chance.usize(..BYTES.len())].iter().copied())),
        2 => drop(bytes.splice(range.start..range.start, BYTES[chance.usize(..BYTES.len())].iter().copied())),
        3 => drop(bytes.drain(range)),
        4 => {
            let piece = bytes[range.clone()].to_vec();
            drop(bytes.splice(range.start..range.start, piece));
        }
        5 => bytes.truncate(range.start),
        _ => {
            let from = self::range(other.len(), chance);
            drop(bytes.splice(range, other[from].iter().copied()));
        }
    }
}

fn change_tokens(bytes: &mut Vec<u8>, chance: &mut Rng) {
    let tokens = tokens(bytes);
    if tokens.is_empty() {
        return;
    }
    let pick = |chance: &mut Rng| tokens[chance.usize(..tokens.len())].clone();
    let (one, two) = (pick(chance), pick(chance));
    let word = TOKENS[chance.usize(..TOKENS.len())].as_bytes();
    match chance.u8(..6) {
        0 | 1 => drop(bytes.splice(one, word.iter().copied())),
        2 => drop(bytes.splice(one.start..one.start, word.iter().copied())),
        3 => drop(bytes.drain(one)),
        4 => {
            let piece = bytes[two].to_vec();
            drop(bytes.splice(one, piece));
        }
        _ => {
            let piece = bytes[one.clone()].to_vec();
            drop(bytes.splice(one.start..one.start, piece));
        }
    }
}

/// A digit or a magnitude more or less.
fn change_a_number(bytes: &mut Vec<u8>, chance: &mut Rng) {
    let numbers: Vec<_> = tokens(bytes).into_iter().filter(|token| bytes[token.start].is_ascii_digit()).collect();
    if numbers.is_empty() {
        return;
    }
    let number = numbers[chance.usize(..numbers.len())].clone();
    let text = match chance.u8(..6) {
        0 => format!("{}", chance.u64(..)),
        1 => format!("-{}", chance.u32(..)),
        2 => format!("{}", f64::from_bits(chance.u64(..))),
        3 => "9".repeat(chance.usize(1..400)),
        4 => format!("{}e{}", chance.u16(..), chance.i16(-400..400)),
        _ => format!("{}.{}", chance.u16(..), chance.u64(..)),
    };
    drop(bytes.splice(number, text.into_bytes()));
}

fn change_lines(bytes: &mut Vec<u8>, chance: &mut Rng, other: &[u8]) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let (one, two) = (chance.usize(..lines.len()), chance.usize(..lines.len()));
    match chance.u8(..6) {
        0 => drop(lines.remove(one)),
        1 => lines.insert(one, lines[two].clone()),
        2 => lines.swap(one, two),
        3 => {
            let length = chance.usize(..lines[one].len());
            lines[one].truncate(length);
        }
        4 => lines.truncate(one),
        _ => {
            let theirs: Vec<&[u8]> = other.split_inclusive(|byte| *byte == b'\n').collect();
            lines.insert(one, theirs[chance.usize(..theirs.len())].to_vec());
        }
    }
    *bytes = lines.concat();
}

/// A token deep inside of lists or maps, with or without their ends.
fn nest(bytes: &mut Vec<u8>, chance: &mut Rng) {
    let tokens = tokens(bytes);
    if tokens.is_empty() {
        return;
    }
    let token = tokens[chance.usize(..tokens.len())].clone();
    let deep = match chance.u8(..8) {
        0 => chance.usize(..20),
        1..=5 => chance.usize(90..135),
        6 => 1000,
        _ => 20_000,
    };
    let (open, close) = if chance.bool() { ("[", "]") } else { ("{\"a\":", "}") };
    let close = if chance.u8(..8) == 0 { "" } else { close };
    let inner = String::from_utf8_lossy(&bytes[token.clone()]).into_owned();
    let inner = if inner.len() == 1 { "1".to_owned() } else { inner };
    let text = format!("{}{inner}{}", open.repeat(deep), close.repeat(deep));
    drop(bytes.splice(token, text.into_bytes()));
}

/// A short stretch, or now and then a long one.
fn range(length: usize, chance: &mut Rng) -> Range<usize> {
    let start = chance.usize(..=length);
    let most = if chance.u8(..4) == 0 { length } else { 8 };
    let end = start + chance.usize(..=most).min(length - start);
    start..end
}

/// Where the tokens of JSON are: strings, words and numbers, signs.
fn tokens(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(bytes.len());
            }
            byte if is_word(byte) => {
                while at < bytes.len() && is_word(bytes[at]) {
                    at += 1;
                }
            }
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            _ => at += 1,
        }
        tokens.push(start..at);
    }
    tokens
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)
}

#[test]
fn tokens_are_found() {
    let text = r#"{"a\"b": [1.5e-3, true,null]}"#;
    let found: Vec<&str> = tokens(text.as_bytes()).into_iter().map(|token| &text[token]).collect();
    assert_eq!(found, ["{", r#""a\"b""#, ":", "[", "1.5e-3", ",", "true", ",", "null", "]", "}"]);
}
