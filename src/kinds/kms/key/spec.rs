//! The properties of a key, and the rules between them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::value::Json;

/// The properties of a key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "AWS's own words")]
pub struct Spec {
    /// Description; at most 8192 characters.
    #[schemars(length(max = 8192), extend("x-reset" = ""))]
    pub description: Option<String>,
    /// Key policy: who may use and who may change the key. It names the account's root, or whoever deploys, with
    /// `kms:PutKeyPolicy`: AWS refuses a policy that locks its author out. When left out of a new key, the account's
    /// root may do everything, and so IAM policies decide. One that leaves the file stays as it is.
    #[schemars(extend("x-risk" = "permissions", "x-compare" = "policy"))]
    pub policy: Option<Json>,
    /// Permits replicas in other regions; false when left out. A change replaces the key, and nothing encrypted with the
    /// old one can be read with the new one.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub multi_region: Option<bool>,
    /// ARN of the primary key that this is a replica of, in this region. The two are one key wherever something was
    /// encrypted: which of them is the primary may change (`UpdatePrimaryRegion`), and is no difference.
    #[schemars(
        regex(pattern = "^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/mrk-[0-9a-f]+$"),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub replica_of: Option<String>,
    /// Algorithm and size; `SYMMETRIC_DEFAULT` when left out. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub key_spec: Option<KeySpec>,
    /// Purpose; `ENCRYPT_DECRYPT` when left out, which keys that cannot encrypt have to say otherwise. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub key_usage: Option<KeyUsage>,
    /// Days between two rotations of the key material, 90 to 2560; 0 for none, which it is when left out. What was
    /// encrypted before can still be read. For symmetric keys; of a multi-region key, with the primary.
    #[schemars(range(min = 0, max = 2560), extend("x-reset" = 0))]
    pub rotation_days: Option<i32>,
    /// Switched on; true when left out. Nothing can be encrypted or read with a key that is switched off.
    #[schemars(extend("x-reset" = true))]
    pub enabled: Option<bool>,
    /// Days for which a deleted key can be restored, 7 to 30; 30 when left out. It is kept as the tag
    /// `isobar:deletion-window` until then. The window of a primary begins when its last replica is gone.
    #[schemars(range(min = 7, max = 30), extend("x-risk" = "backup", "x-reset" = 30))]
    pub deletion_window_days: Option<i32>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Algorithm and size of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(non_camel_case_types, reason = "AWS's own words")]
pub enum KeySpec {
    /// AES, 256 bits.
    SYMMETRIC_DEFAULT,
    /// HMAC, 224 bits.
    HMAC_224,
    /// HMAC, 256 bits.
    HMAC_256,
    /// HMAC, 384 bits.
    HMAC_384,
    /// HMAC, 512 bits.
    HMAC_512,
    /// RSA, 2048 bits.
    RSA_2048,
    /// RSA, 3072 bits.
    RSA_3072,
    /// RSA, 4096 bits.
    RSA_4096,
    /// Elliptic curve P-256.
    ECC_NIST_P256,
    /// Elliptic curve P-384.
    ECC_NIST_P384,
    /// Elliptic curve P-521.
    ECC_NIST_P521,
    /// Elliptic curve Ed25519.
    ECC_NIST_EDWARDS25519,
    /// Elliptic curve secp256k1.
    ECC_SECG_P256K1,
    /// Module lattice, ML-DSA-44.
    ML_DSA_44,
    /// Module lattice, ML-DSA-65.
    ML_DSA_65,
    /// Module lattice, ML-DSA-87.
    ML_DSA_87,
    /// Module lattice, ML-KEM-512.
    ML_KEM_512,
    /// Module lattice, ML-KEM-768.
    ML_KEM_768,
    /// Module lattice, ML-KEM-1024.
    ML_KEM_1024,
    /// SM2, in China alone.
    SM2,
}

/// Purpose of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyUsage {
    /// Encrypts and decrypts.
    EncryptDecrypt,
    /// Signs and verifies.
    SignVerify,
    /// Makes and verifies message authentication codes.
    GenerateVerifyMac,
    /// Derives shared secrets.
    KeyAgreement,
    /// Encapsulates and decapsulates shared secrets.
    EncapsulateDecapsulate,
}

/// The rules between fields.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            wrong.push(words.to_owned());
        }
    };
    let rotates = spec.rotation_days.is_some_and(|days| days > 0);
    rule(spec.rotation_days.is_some_and(|days| (1..90).contains(&days)), "`rotation_days` is 0, or 90 and more");
    let symmetric = spec.key_spec.is_none_or(|key| key == KeySpec::SYMMETRIC_DEFAULT);
    rule(rotates && !symmetric, "only symmetric keys rotate: `rotation_days` has no effect with this `key_spec`");
    let usage = spec.key_usage.unwrap_or(KeyUsage::EncryptDecrypt);
    let possible = usages(spec.key_spec.unwrap_or(KeySpec::SYMMETRIC_DEFAULT));
    rule(spec.replica_of.is_none() && !possible.contains(&usage), "`key_spec` and `key_usage` do not go together");
    let without_statements = spec.policy.as_ref().is_some_and(|policy| policy.get("Statement").is_none());
    rule(without_statements, "a key is never without a policy: leave `policy` out for AWS's own");
    if spec.replica_of.is_some() {
        rule(spec.multi_region == Some(false), "a replica is a multi-region key");
        let shared = spec.key_spec.is_some() || spec.key_usage.is_some() || spec.rotation_days.is_some();
        rule(shared, "`key_spec`, `key_usage` and `rotation_days` are the primary's, and its replicas' with it");
    }
    wrong
}

/// The purposes that a key can have.
fn usages(key: KeySpec) -> &'static [KeyUsage] {
    use KeySpec as S;
    use KeyUsage as U;
    match key {
        S::SYMMETRIC_DEFAULT => &[U::EncryptDecrypt],
        S::HMAC_224 | S::HMAC_256 | S::HMAC_384 | S::HMAC_512 => &[U::GenerateVerifyMac],
        S::RSA_2048 | S::RSA_3072 | S::RSA_4096 => &[U::EncryptDecrypt, U::SignVerify],
        S::ECC_NIST_P256 | S::ECC_NIST_P384 | S::ECC_NIST_P521 => &[U::SignVerify, U::KeyAgreement],
        S::ECC_NIST_EDWARDS25519 | S::ECC_SECG_P256K1 | S::ML_DSA_44 | S::ML_DSA_65 | S::ML_DSA_87 => &[U::SignVerify],
        S::ML_KEM_512 | S::ML_KEM_768 | S::ML_KEM_1024 => &[U::EncapsulateDecapsulate],
        S::SM2 => &[U::EncryptDecrypt, U::SignVerify, U::KeyAgreement],
    }
}
