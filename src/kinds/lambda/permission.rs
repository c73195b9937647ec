//! Lambda permission: one statement of a function's policy, such as "this API may call it".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::configuration::function_of;
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::read_each;
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// One statement of a function's policy.
pub struct Permission;

/// The properties of a permission. AWS changes none of it: another permission takes its place.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name of the function. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"), extend("x-change" = "replace"))]
    pub function_name: String,
    /// The alias or version that may be called; the unqualified function when left out. What a caller names, an
    /// alias above all, is what the permission must be for. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,128}$"), extend("x-change" = "replace"))]
    pub qualifier: Option<String>,
    /// Name of the statement, unique in the policy; 1 to 100 letters, digits, `-` and `_`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,100}$"), extend("x-change" = "replace"))]
    pub statement_id: String,
    /// Allowed action: `lambda:InvokeFunction` as a rule. A change replaces.
    #[schemars(regex(pattern = r"^(lambda:\*|lambda:[A-Za-z]+|\*)$"), extend("x-change" = "replace"))]
    pub action: String,
    /// Principal that may: a service such as `apigateway.amazonaws.com`, the number of an account, the ARN of a role or user,
    /// or `*`. A change replaces.
    #[schemars(regex(pattern = r"^[^\s]+$"), extend("x-risk" = "principal", "x-highlight" = true, "x-change" = "replace"))]
    pub principal: String,
    /// ARN of the thing on whose behalf a service may, with `*` where many may. Leave it out only for principals
    /// that are not services. A change replaces.
    #[schemars(regex(pattern = r"^arn:"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub source_arn: Option<String>,
    /// Number of the account on whose behalf, where `source_arn` does not tell, as for S3. A change replaces.
    #[schemars(regex(pattern = r"^[0-9]{12}$"), extend("x-change" = "replace"))]
    pub source_account: Option<String>,
}

/// The outputs of a permission.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Name of the statement.
    pub statement_id: String,
}

impl Kind for Permission {
    const NAME: &'static str = "lambda.Permission";
    const ABOUT: &'static str = "One statement of a Lambda function's policy: who may call it";
    const EXAMPLE: &'static str = "
function_name: ${lambda.Function.name}
qualifier: ${lambda.Alias.name}
statement_id: shop-api
action: lambda:InvokeFunction
principal: apigateway.amazonaws.com
source_arn: arn:aws:execute-api:us-east-1:000000000000:a1b2c3d4e5/*/*/*
source_account: '000000000000'
";
    const CHANGES: &'static [&'static str] = &[
        "principal: sns.amazonaws.com",
        "principal: '000000000000'",
        "source_arn: arn:aws:execute-api:us-east-1:000000000000:z9y8x7w6v5/*/*/*",
        "source_account: '111111111111'",
        "action: lambda:GetFunction",
        "statement_id: shop-all",
        "qualifier: next",
        "function_name: shop-orders",
    ];
    const TRAITS: Traits = Traits { unique_by: &["function_name", "qualifier", "statement_id"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["ResourceConflictException: already exists"],
        conflict: &["PreconditionFailedException"],
        not_visible_yet: &["InvalidParameterValueException: provided principal was invalid"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, async |request| {
            let id = Id::parse(&request.id)?;
            let Some(spec) = Box::pin(statement(cx, &id)).await? else { return Ok(None) };
            let outputs = Outputs { statement_id: spec.statement_id.clone() };
            Ok(Some(Found::serving(spec, outputs)))
        })
        .await
    }

    // A statement has no tags: one of this name that says what is wanted is ours.
    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let id = id_of(spec);
        let Some(there) = Box::pin(statement(cx, &Id::parse(&id)?)).await? else { return Ok(None) };
        let what = format!("a statement named {id}");
        if function_of(cx, &spec.function_name, owner, &what).await?.is_none() {
            return Ok(None);
        }
        if changed_fields::<Self>(&there, spec)?.is_empty() {
            return Ok(Some(id));
        }
        Err(CloudError {
            hint: Some("remove it from the function's policy, or give yours another `statement_id`".to_owned()),
            ..CloudError::local(Class::NotOwned, "find", format!("{what} already exists and says something else"))
        })
    }

    async fn create(cx: &Cx, spec: &Spec, _owner: &Owner) -> Result<PhysicalId> {
        let call = cx.lambda().add_permission().function_name(&spec.function_name);
        call.set_qualifier(spec.qualifier.clone())
            .statement_id(&spec.statement_id)
            .action(&spec.action)
            .principal(&spec.principal)
            .set_source_arn(spec.source_arn.clone())
            .set_source_account(spec.source_account.clone())
            .send()
            .await?;
        Ok(id_of(spec))
    }

    async fn update(_cx: &Cx, _id: &PhysicalId, _from: &Spec, _to: &Spec) -> Result<()> {
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let id = Id::parse(id)?;
        let call = cx.lambda().remove_permission().function_name(id.function);
        call.set_qualifier(id.qualifier.map(str::to_owned)).statement_id(id.statement).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults = Vec::new();
        if spec.principal.starts_with("arn:") && spec.principal.ends_with(":root") {
            faults.push("`principal`: write the account's number; AWS stores it for the ARN of the root".to_owned());
        }
        if spec.principal.ends_with(".amazonaws.com") && spec.source_arn.is_none() && spec.source_account.is_none() {
            faults.push(format!(
                "without `source_arn` or `source_account`, {} could call the function for any account",
                spec.principal
            ));
        }
        faults
    }
}

/// `function/statement` or `function:qualifier/statement`.
fn id_of(spec: &Spec) -> PhysicalId {
    match &spec.qualifier {
        Some(qualifier) => PhysicalId::new(format!("{}:{qualifier}/{}", spec.function_name, spec.statement_id)),
        None => PhysicalId::new(format!("{}/{}", spec.function_name, spec.statement_id)),
    }
}

struct Id<'a> {
    function: &'a str,
    qualifier: Option<&'a str>,
    statement: &'a str,
}

impl<'a> Id<'a> {
    fn parse(id: &'a PhysicalId) -> Result<Self> {
        let wrong = || {
            let why = format!("`{id}` is not `function/statement` or `function:qualifier/statement`");
            CloudError::local(Class::Invalid, "lambda.Permission", why)
        };
        let (target, statement) = id.as_str().split_once('/').ok_or_else(wrong)?;
        let (function, qualifier) = match target.split_once(':') {
            Some((function, qualifier)) => (function, Some(qualifier)),
            None => (target, None),
        };
        Ok(Self { function, qualifier, statement })
    }
}

/// A statement of a function's policy as a spec; one call for all statements of one function or alias.
async fn statement(cx: &Cx, id: &Id<'_>) -> Result<Option<Spec>> {
    let (function, qualifier) = (id.function, id.qualifier);
    let name = format!("lambda policy {function}:{}", qualifier.unwrap_or_default());
    let policy = cx.cached(&name, async {
        let call = cx.lambda().get_policy().function_name(function).set_qualifier(qualifier.map(str::to_owned));
        let text = call.send().await.optional()?.and_then(|found| found.policy).unwrap_or_default();
        Ok(serde_json::from_str::<Json>(&text).unwrap_or_default())
    });
    let policy = Box::pin(policy).await?;
    let statements = policy.get("Statement").and_then(Json::as_array);
    let found = statements.into_iter().flatten().find(|statement| text(statement, "Sid") == Some(id.statement));
    Ok(found.map(|statement| spec_of(id, statement)))
}

fn spec_of(id: &Id<'_>, statement: &Json) -> Spec {
    Spec {
        function_name: id.function.to_owned(),
        qualifier: id.qualifier.map(str::to_owned),
        statement_id: id.statement.to_owned(),
        action: text(statement, "Action").unwrap_or_default().to_owned(),
        principal: principal(statement.get("Principal").unwrap_or(&Json::Null)),
        source_arn: condition(statement, "aws:sourcearn"),
        source_account: condition(statement, "aws:sourceaccount"),
    }
}

fn text<'a>(json: &'a Json, field: &str) -> Option<&'a str> {
    json.get(field).and_then(Json::as_str)
}

/// A principal as it was given: AWS stores an account as the ARN of its root.
fn principal(json: &Json) -> String {
    let name = json.as_str().or_else(|| text(json, "Service")).or_else(|| text(json, "AWS")).unwrap_or_default();
    match name.strip_suffix(":root") {
        Some(account) => account.rsplit(':').next().unwrap_or_default().to_owned(),
        None => name.to_owned(),
    }
}

/// The value that a condition wants this key to have, whichever the comparison; keys know no case.
fn condition(statement: &Json, key: &str) -> Option<String> {
    let comparisons = statement.get("Condition")?.as_object()?.values();
    let mut keys = comparisons.filter_map(Json::as_object).flatten();
    keys.find(|(name, _)| name.eq_ignore_ascii_case(key)).and_then(|(_, value)| value.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_reads_back_as_it_was_given() {
        let id = PhysicalId::new("carts:live/api");
        let statement = json!({
            "Sid": "api", "Effect": "Allow", "Action": "lambda:InvokeFunction",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}, "StringEquals": {"AWS:SourceAccount": "1"}}
        });
        let spec = spec_of(&Id::parse(&id).expect("an id"), &statement);
        assert_eq!(spec.principal, "123456789012");
        assert_eq!(spec.qualifier.as_deref(), Some("live"));
        assert_eq!((spec.source_arn.as_deref(), spec.source_account.as_deref()), (Some("arn:aws:s3:::b"), Some("1")));
        assert_eq!(id_of(&spec), id);
    }
}
