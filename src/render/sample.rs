//! A hand-made plan with one of everything, for snapshot tests.

use serde_json::json;

use crate::diff::{Change, Effect};
use crate::names::{Address, PhysicalId, Scope};
use crate::plan::review::{Follows, Highlight, Review, Risk, RiskClass, Subject};
use crate::plan::{Decision, Obstacle, ObstacleKind, Plan, Planned, ReplaceOrder, Wave};
use crate::value::{Json, Partial, Path};

/// One of everything.
pub(super) fn plan() -> Plan {
    let entries = global().into_iter().chain(second_region()).chain(first_region()).collect();
    Plan { entries, review: review(), ..empty() }
}

/// The risks of it, and what is folded.
fn review() -> Review {
    let risk = |class, at: &[&str], kind: &str, message: &str| Risk {
        class,
        subject: Subject::Resource(kind.parse().expect("a kind")),
        addresses: at.iter().map(|at| address(at)).collect(),
        message: message.into(),
    };
    let certificate = ["apis.shop.certificate@us-west-2"];
    let key = Highlight { path: Path::of(["key"]), value: json!({"partition": {"name": "user", "type": "S"}}) };
    Review {
        risks: vec![
            risk(
                RiskClass::Permissions,
                &["functions.recommend.role@global"],
                "iam.Role",
                "allows dynamodb:Query on *",
            ),
            risk(
                RiskClass::Replacement,
                &certificate,
                "acm.Certificate",
                "replaced because `domain_name` changes: the new one is created first",
            ),
            Risk {
                class: RiskClass::Deletion,
                subject: Subject::Block("apis.old".into()),
                addresses: vec![address("apis.old.api@us-east-1")],
                message: "`apis.old.api` is deleted".into(),
            },
        ],
        follows: [(
            address("apis.shop.domain@us-east-1"),
            Follows { cause: address("apis.shop.certificate@us-west-2"), own: vec![] },
        )]
        .into(),
        same_as: [(
            address("functions.recommend.function@us-east-1"),
            address("functions.recommend.function@us-west-2"),
        )]
        .into(),
        highlights: [(address("tables.orders.table@global"), vec![key])].into(),
    }
}

fn global() -> Vec<Planned> {
    let policy = |action: &str| json!({"Version": "2012-10-17", "Statement": [{"Action": action, "Effect": "Allow", "Resource": "*"}]});
    vec![
        entry(0, "tables.carts.table@global", "dynamodb.GlobalTable", Decision::Keep),
        entry(0, "tables.orders.table@global", "dynamodb.GlobalTable", Decision::Create { why: None }),
        entry(
            0,
            "functions.recommend.role@global",
            "iam.Role",
            Decision::Update {
                changes: vec![change("policies.access", policy("dynamodb:GetItem"), &policy("dynamodb:Query"))],
            },
        ),
    ]
}

fn function(wave: usize, at: &str) -> Planned {
    let unknown = Change {
        to: Partial::unknown("tables.orders.name"),
        ..change("environment.ORDERS", json!(null), &json!(null))
    };
    let secret = Change { secret: true, ..change("environment.TOKEN", json!("old"), &json!("new")) };
    let layers = change("layers", json!(["one", "two"]), &json!(["two", "three"]));
    let changes =
        vec![change("memory_size", json!(128), &json!(256)), unknown, secret, Change { unordered: true, ..layers }];
    entry(wave, at, "lambda.Function", Decision::Update { changes })
}

fn second_region() -> Vec<Planned> {
    vec![
        function(1, "functions.recommend.function@us-west-2"),
        entry(
            1,
            "apis.shop.certificate@us-west-2",
            "acm.Certificate",
            Decision::Replace {
                changes: vec![Change {
                    effect: Effect::Replace,
                    ..change("domain_name", json!("a.example.com"), &json!("b.example.com"))
                }],
                why: None,
                order: ReplaceOrder::CreateFirst,
            },
        ),
        entry(
            1,
            "apis.shop.alarm@us-east-1",
            "cloudwatch.Alarm",
            Decision::Create { why: Some("gone from AWS".into()) },
        ),
    ]
}

fn first_region() -> Vec<Planned> {
    vec![
        function(2, "functions.recommend.function@us-east-1"),
        entry(2, "apis.old.api@us-east-1", "apigateway.RestApi", Decision::Delete),
        Planned {
            id: Some(PhysicalId::new("vpc-0abc")),
            deposed: true,
            ..entry(2, "network.vpc@us-east-1", "ec2.Vpc", Decision::Delete)
        },
        entry(
            2,
            "resources.jobs@us-east-1",
            "sns.Topic",
            Decision::Adopt { id: PhysicalId::new("arn:aws:sns:us-east-1:123456789012:shop-jobs"), changes: vec![] },
        ),
        entry(
            2,
            "apis.shop.domain@us-east-1",
            "apigateway.DomainName",
            Decision::Await { why: "the domain is PENDING".into() },
        ),
        entry(2, "resources.kept@us-east-1", "sns.Topic", Decision::Forget),
    ]
}

/// The same with an obstacle.
pub(super) fn blocked() -> Plan {
    let obstacle = Obstacle {
        address: address("tables.orders.table@global"),
        kind: ObstacleKind::NotOwned,
        message: "a table named `storefront-orders` is there already, and not ours".into(),
        help: "rename the block, or take it up with `existing: {id: storefront-orders}`".into(),
    };
    let entries = plan().entries.into_iter().take(2).collect();
    Plan { entries, obstacles: vec![obstacle], ..empty() }
}

/// One resource that stays as it is.
pub(super) fn empty() -> Plan {
    let region = |name: &str| name.parse().expect("a region");
    let wave = |name: &str| Wave { name: name.parse::<Scope>().expect("a scope") };
    Plan {
        stack: "storefront".parse().expect("a name"),
        account: "123456789012".into(),
        regions: vec![region("us-east-1"), region("us-west-2")],
        destroy: false,
        entries: vec![entry(0, "tables.carts.table@global", "dynamodb.GlobalTable", Decision::Keep)],
        waves: vec![wave("global"), wave("us-west-2"), wave("us-east-1")],
        obstacles: vec![],
        stays: vec![],
        keep_old: std::collections::BTreeSet::new(),
        names_held: std::collections::BTreeMap::new(),
        review: Review::default(),
    }
}

/// An address that is well formed.
pub(super) fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn entry(wave: usize, at: &str, kind: &str, decision: Decision) -> Planned {
    let kind = kind.parse().expect("a kind");
    Planned { address: address(at), kind, decision, wave, id: None, deposed: false, narrows: None }
}

fn change(path: &str, from: Json, to: &Json) -> Change {
    let (path, to) = (Path::of(path.split('.')), Partial::from_json(to));
    Change { path, from, to, effect: Effect::Update, secret: false, unordered: false }
}
