//! ACM certificate: a public TLS certificate of one region, validated by a DNS record.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_acm::types::{
    CertificateDetail, CertificateExport, CertificateOptions, CertificateStatus, CertificateSummary, DomainStatus,
    DomainValidation, Filters, KeyAlgorithm as AcmKeyAlgorithm, Tag, ValidationMethod,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, NotFoundExt, Result, Tags, live_tags};
use crate::catalog::Traits;
use crate::cloud::{ReadRequest, Readiness};
use crate::kinds::apigateway::domain_name;
use crate::kinds::reading::{created, read_each};
use crate::kinds::tagging::{all_tags, owned_tags, sync_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// An ACM certificate.
pub struct Certificate;

/// The properties of a certificate.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-wait" = "AWS validates the name by DNS before it issues the certificate: minutes as a rule, up to 72 hours"))]
pub struct Spec {
    /// The name it is for, in lower case; `*.` at the start stands for one label. At most 64 characters.
    #[schemars(
        length(max = 64),
        regex(pattern = r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$"),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub domain: String,
    /// More names that it is for, in lower case and without the first; at most 99, of which AWS allows
    /// 9 unless the account's quota was raised.
    #[schemars(
        length(max = 99),
        inner(
            length(max = 253),
            regex(pattern = r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$")
        ),
        extend("x-unordered" = true, "x-change" = "replace")
    )]
    pub alternative_names: Option<Vec<String>>,
    /// Algorithm of its key; `RSA_2048` when left out. ACM issues public certificates with `RSA_2048`,
    /// `EC_prime256v1` and `EC_secp384r1` keys.
    #[schemars(extend("x-change" = "replace"))]
    pub key_algorithm: Option<KeyAlgorithm>,
    /// Permission to export it with its key, at a price, for use outside AWS; false when left out.
    #[schemars(extend("x-change" = "replace"))]
    pub exportable: Option<bool>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Algorithm and size of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(non_camel_case_types, reason = "AWS's own words")]
pub enum KeyAlgorithm {
    /// RSA, 1024 bits.
    RSA_1024,
    /// RSA, 2048 bits.
    RSA_2048,
    /// RSA, 3072 bits.
    RSA_3072,
    /// RSA, 4096 bits.
    RSA_4096,
    /// Elliptic curve P-256.
    EC_prime256v1,
    /// Elliptic curve P-384.
    EC_secp384r1,
    /// Elliptic curve P-521.
    EC_secp521r1,
}

/// The outputs of a certificate.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// The name it is for.
    pub domain: String,
    /// Name of the CNAME record that proves the first name ours, without trailing dot. It belongs to the name and the
    /// account, in all regions alike (ACM User Guide, "DNS validation").
    #[schemars(extend("x-same-for" = "domain"))]
    pub validation_name: String,
    /// Value of that record, without trailing dot.
    #[schemars(extend("x-same-for" = "domain"))]
    pub validation_value: String,
    /// Every record that validation needs, name to value; names that share a record have one entry.
    pub validations: BTreeMap<String, String>,
}

impl Kind for Certificate {
    const NAME: &'static str = "acm.Certificate";
    const ABOUT: &'static str = "An ACM certificate, validated by a DNS record";
    const EXAMPLE: &'static str = "
domain: api.shop.example.com
alternative_names: ['*.api.shop.example.com', checkout.shop.example.com]
key_algorithm: EC_prime256v1
exportable: false
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "tags: {team: platform, cost: '7'}",
        "alternative_names: ['*.api.shop.example.com']",
        "{key_algorithm: RSA_2048, exportable: true}",
        "{domain: www.shop.example.com, alternative_names: []}",
    ];
    const TRAITS: Traits = Traits {
        // Validation takes minutes, up to half an hour; a load balancer or domain lets go of a
        // certificate up to 20 minutes after it was deleted.
        deadline: Duration::from_hours(1),
        ..Traits::DEFAULT
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        for listed in of_domain(cx, &spec.domain).await? {
            let Some(arn) = listed.certificate_arn else { continue };
            let tags = tags(cx, &arn).await.optional()?.unwrap_or_default();
            if owner.owns(|key| tags.get(key).map(String::as_str)) {
                return Ok(Some(PhysicalId::new(arn)));
            }
        }
        Ok(None)
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.acm().request_certificate().domain_name(&spec.domain);
        let answer = call
            .validation_method(ValidationMethod::Dns)
            .set_subject_alternative_names(spec.alternative_names.clone().filter(|names| !names.is_empty()))
            .set_key_algorithm(spec.key_algorithm.map(|key| format!("{key:?}").as_str().into()))
            .set_options(spec.exportable.map(options))
            .idempotency_token(owner.token())
            .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
            .send()
            .await?;
        created("acm:RequestCertificate", answer.certificate_arn)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        sync_tags(
            from.tags.as_ref(),
            to.tags.as_ref(),
            |tags| cx.acm().add_tags_to_certificate().certificate_arn(id.as_str()).set_tags(Some(tags)).send(),
            |keys| {
                let tags = keys.iter().map(|key| tag_of_any_value(key)).collect();
                cx.acm().remove_tags_from_certificate().certificate_arn(id.as_str()).set_tags(Some(tags)).send()
            },
        )
        .await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.acm().delete_certificate().certificate_arn(id.as_str()).send().await?;
        Ok(())
    }

    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        let text = |key: &str| query.get(key).and_then(Json::as_str);
        if let Some(arn) = text("id").or_else(|| text("arn")) {
            return Ok(Some(PhysicalId::new(arn)));
        }
        let Some(domain) = text("domain") else { return Ok(None) };
        let all = of_domain(cx, domain).await?;
        // Of several the one that holds longest.
        let issued = all.into_iter().filter(|listed| listed.status == Some(CertificateStatus::Issued));
        let last = issued.max_by_key(|listed| listed.not_after.map(|end| end.secs()));
        Ok(last.and_then(|listed| listed.certificate_arn).map(PhysicalId::new))
    }

    fn check(spec: &Spec) -> Vec<String> {
        let repeated = spec.alternative_names.iter().flatten().any(|name| *name == spec.domain);
        let problem = format!("`alternative_names` repeats the domain `{}`; it is always among the names", spec.domain);
        repeated.then_some(problem).into_iter().collect()
    }
}

/// The certificates whose first name this is.
async fn of_domain(cx: &Cx, domain: &str) -> Result<Vec<CertificateSummary>> {
    // Without the filter only RSA keys are listed.
    let keys = AcmKeyAlgorithm::values().iter().map(|key| AcmKeyAlgorithm::from(*key)).collect();
    let filter = Filters::builder().set_key_types(Some(keys)).build();
    let pages = cx.acm().list_certificates().includes(filter).into_paginator().page_size(1000).send();
    let listed =
        pages.try_collect().await?.into_iter().flat_map(|page| page.certificate_summary_list.unwrap_or_default());
    Ok(listed.filter(|one| one.domain_name.as_deref() == Some(domain)).collect())
}

/// One describe call, on surveys too: no list holds the validation records, which are outputs.
async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Certificate>>> {
    let arn = request.id.as_str();
    if let Some(found) = in_use(cx, arn).await? {
        return Ok(Some(found));
    }
    let described = cx.acm().describe_certificate().certificate_arn(arn).send().await.optional()?;
    let Some(live) = described.and_then(|answer| answer.certificate) else { return Ok(None) };
    let tags = match cx.indexed_tags(arn).await? {
        Some(tags) => Some(tags),
        None if request.manages("tags") => match self::tags(cx, arn).await.optional()? {
            None => return Ok(None),
            tags => tags,
        },
        None => None,
    };
    let not_read: &[&str] = if tags.is_none() { &["tags"] } else { &[] };
    let readiness = readiness(&live);
    let domain = live.domain_name.clone().unwrap_or_default();
    let names = live.subject_alternative_names.clone().unwrap_or_default();
    let export = live.options.as_ref().and_then(CertificateOptions::export);
    let spec = Spec {
        alternative_names: Some(names.into_iter().filter(|name| *name != domain).collect()),
        key_algorithm: live.key_algorithm.as_ref().and_then(key_algorithm),
        exportable: Some(export == Some(&CertificateExport::Enabled)),
        tags: tags.map(live_tags),
        domain,
    };
    let outputs = outputs(arn, &spec.domain, live.domain_validation_options.as_deref().unwrap_or_default());
    Ok(Some(Found { readiness, not_read, ..Found::serving(spec, outputs) }))
}

/// The fields of spec and outputs that never change.
const FIXED: &[&str] = &[
    "domain",
    "alternative_names",
    "key_algorithm",
    "exportable",
    "validation_name",
    "validation_value",
    "validations",
];

/// A certificate that a domain of the region uses, without a call of its own: it is there, it was issued, and
/// everything but its tags is as it was created.
///
/// A domain goes on with a certificate that has expired, so a survey does not see that one failed to be renewed.
/// To ask for its status takes a call for every certificate; the exact read before a change does ask.
async fn in_use(cx: &Cx, arn: &str) -> Result<Option<Found<Certificate>>> {
    let Some(tags) = cx.indexed_tags(arn).await? else { return Ok(None) };
    if !domain_name::uses_certificate(cx, arn).await? {
        return Ok(None);
    }
    let spec = Spec {
        domain: String::new(),
        alternative_names: None,
        key_algorithm: None,
        exportable: None,
        tags: Some(live_tags(tags)),
    };
    Ok(Some(Found { not_read: FIXED, ..Found::serving(spec, outputs(arn, "", &[])) }))
}

fn outputs(arn: &str, domain: &str, validations: &[DomainValidation]) -> Outputs {
    let bare = |text: &str| text.trim_end_matches('.').to_owned();
    let record = |one: &DomainValidation| one.resource_record.as_ref().map(|it| (bare(&it.name), bare(&it.value)));
    let first = validations.iter().find(|one| one.domain_name == domain).or(validations.first()).and_then(record);
    let (validation_name, validation_value) = first.unwrap_or_default();
    Outputs {
        arn: arn.to_owned(),
        domain: domain.to_owned(),
        validation_name,
        validation_value,
        validations: validations.iter().filter_map(record).collect(),
    }
}

fn readiness(live: &CertificateDetail) -> Readiness {
    let validations = live.domain_validation_options.as_deref().unwrap_or_default();
    match &live.status {
        Some(CertificateStatus::Issued) => Readiness::Serving,
        // The first answers after the request lack the records.
        None | Some(CertificateStatus::PendingValidation)
            if validations.is_empty() || validations.iter().any(|one| one.resource_record.is_none()) =>
        {
            Readiness::Pending("creating the validation records".into())
        }
        None | Some(CertificateStatus::PendingValidation) => {
            let open = validations.iter().filter(|one| one.validation_status != Some(DomainStatus::Success));
            let names: Vec<&str> = open.map(|one| one.domain_name.as_str()).collect();
            Readiness::Configured(format!("validating {} through DNS", names.join(", ")))
        }
        Some(status) => {
            let reason = live.failure_reason.as_ref().map(|reason| format!(": {}", reason.as_str()));
            Readiness::Failed(format!("the certificate is {}{}", status.as_str(), reason.unwrap_or_default()))
        }
    }
}

/// ACM takes `RSA_2048` and answers `RSA-2048`.
fn key_algorithm(live: &AcmKeyAlgorithm) -> Option<KeyAlgorithm> {
    serde_json::from_value(live.as_str().replacen('-', "_", 1).into()).ok()
}

fn options(exportable: bool) -> CertificateOptions {
    let export = if exportable { CertificateExport::Enabled } else { CertificateExport::Disabled };
    CertificateOptions::builder().export(export).build()
}

async fn tags(cx: &Cx, arn: &str) -> Result<Tags> {
    let listed = cx.acm().list_tags_for_certificate().certificate_arn(arn).send().await?;
    Ok(all_tags(listed.tags.unwrap_or_default()))
}

/// A tag to be removed, whatever its value.
fn tag_of_any_value(key: &str) -> Tag {
    Tag::builder().key(key).build().unwrap_or_else(|_| unreachable!("the key is set"))
}
