//! KMS key: of one region, or of several, a primary and its replicas, each a resource in its own region.
//!
//! What is encrypted with a key is lost with it, so keys hold data: they are protected unless the file says otherwise.
//!
//! # Deletion, and the way back
//!
//! A key is never deleted, it is scheduled for deletion, and can be restored for `deletion_window_days`. It counts as gone
//! from then on. Before, it gets the tag `isobar:deleted`. A new key at an address whose last key waits for its deletion
//! is that key again: its deletion is cancelled, it is switched on, and the tag is taken off last, so that a run that
//! dies in between leaves a key that the next one goes on with. Not so if another key stands at the address, as in a
//! replacement: then a new one is made.
//!
//! # Identity
//!
//! `CreateKey` has neither a name nor a token, so the tags that it takes are the only identity. The tag index is searched,
//! and then every key that is too new to be in it ([`search`]).

mod read;
mod restore;
mod search;
mod spec;
mod write;

use schemars::JsonSchema;
use serde::Serialize;

use super::settling;
use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::arns::in_region;
use crate::kinds::reading::read_each;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;
use spec::Spec;

/// A KMS key.
pub struct Key;

/// Our tag for the deletion window, which the deletion reads when the file no longer has the key.
const TAG_WINDOW: &str = "isobar:deletion-window";
/// Our tag on keys that we have scheduled for deletion, or are about to.
const TAG_DELETED: &str = "isobar:deleted";
/// The deletion window if nothing is said, in days.
const WINDOW: i32 = 30;

/// The outputs of a key.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id; that of a multi-region key, `mrk-..`, is the same in every region.
    pub id: String,
    /// Its ARN in this region.
    pub arn: String,
}

impl Kind for Key {
    const NAME: &'static str = "kms.Key";
    const ABOUT: &'static str = "A KMS key: of one region, or a primary or a replica of several";
    const EXAMPLE: &'static str = "
description: Orders of the shop
multi_region: true
key_spec: SYMMETRIC_DEFAULT
key_usage: ENCRYPT_DECRYPT
rotation_days: 365
deletion_window_days: 7
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{description: '', rotation_days: 90}",
        "{rotation_days: 0, deletion_window_days: 14}",
        "tags: {team: platform, cost: '7'}",
        "
policy:
  Version: '2012-10-17'
  Statement:
    - Sid: Deployers
      Effect: Allow
      Principal: {AWS: 'arn:aws:iam::000000000000:root'}
      Action: 'kms:*'
      Resource: '*'
",
        "enabled: false",
        "enabled: true",
        "{key_spec: RSA_2048, key_usage: SIGN_VERIFY, rotation_days: null}",
        "multi_region: false",
        "
replica_of: 'arn:aws:kms:us-west-2:000000000000:key/mrk-1234abcd12ab34cd56ef1234567890ab'
multi_region: true
key_spec: null
key_usage: null
rotation_days: null
",
    ];
    const TRAITS: Traits = Traits { holds_data: true, idempotent_create: false, ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        // A policy may name a role that is new.
        not_visible_yet: &["MalformedPolicyDocumentException: invalid principals"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read::read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let found = match &spec.replica_of {
            Some(primary) => search::replica(cx, owner, primary).await?,
            None => search::standing(cx, owner).await?,
        };
        Ok(found.map(PhysicalId::new))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        match restore::restored(cx, spec, owner).await? {
            Some(arn) => Ok(PhysicalId::new(arn)),
            None => write::create(cx, spec, owner).await,
        }
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        write::update(cx, id.as_str(), from, to).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        write::delete(cx, id.as_str()).await
    }

    // By `id`, an id or an ARN, or by `alias`.
    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        let text = |key: &str| query.get(key).and_then(Json::as_str);
        let Some(key) = text("id").or_else(|| text("arn")).or_else(|| text("alias")) else { return Ok(None) };
        let live = read::described(cx, key).await?.filter(|live| !read::is_going(live));
        Ok(live.and_then(|live| live.arn).map(PhysicalId::new))
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

/// The ARN that a replica of this primary has in the region of a context.
fn replica_arn(cx: &Cx, primary: &str) -> String {
    in_region(primary, cx.region().as_str())
}
