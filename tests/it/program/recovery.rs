//! A state that was lost, damaged or changed by hand, on an emulator.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::program::ProgramWorld;

pub const SMALL: &str = "small.yaml";
const STATE: &str = ".isobar/local/small.json";

pub const STACK: &str = "
stack: small
regions: [us-east-1, us-west-2]
tables:
  carts: {key: {id: string}, protect: false}
functions:
  carts:
    code: ./serverless/functions/carts
    handler: app.handler
    runtime: python3.13
    environment: {TABLE: \"${tables.carts.name}\"}
    access: {tables.carts: read-write}
apis:
  shop:
    routes:
      GET /carts: functions.carts
";
pub const MORE: &str = "
notify:
  email: [oncall@example.com]
";

fn applied(text: &str) -> ProgramWorld {
    let world = ProgramWorld::new();
    world.write(SMALL, text);
    world.isobar(&["apply", "--local", "--yes", SMALL]).exits(0);
    world
}

#[test]
fn a_lost_or_damaged_state_is_rebuilt_and_the_next_plan_is_empty() {
    let world = applied(STACK);
    let records = || {
        let list = world.isobar(&["state", "list", "--local", SMALL]).exits(0).data;
        list.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let (before, alive) = (records(), world.inventory());

    world.remove(".isobar");
    let refused = world.isobar(&["recover", "--local", SMALL]).exits(1);
    insta::assert_snapshot!(refused.shown(), @r"
    exit 1
    -- stderr
      <= found   apis.shop@us-west-2  [id]
      <= found   apis.shop.deployment@us-west-2  [id]
      <= found   apis.shop.errors_alarm@us-west-2  small-apis-shop-errors
      <= found   apis.shop.role@us-west-2  small-apis.shop-us-west-2
      <= found   apis.shop.stage@us-west-2  [id]/live
      <= found   functions.carts@us-west-2  small-carts
      <= found   functions.carts.alias@us-west-2  small-carts:live
      <= found   functions.carts.log_group@us-west-2  /aws/lambda/small-carts
      <= found   functions.carts.role@us-west-2  small-carts-us-west-2
      <= found   functions.carts.version@us-west-2  small-carts:1
      <= found   tables.carts@global  arn:aws:dynamodb:us-east-1:000000000000:table/small-carts
      <= found   apis.shop@us-east-1  [id]
      <= found   apis.shop.deployment@us-east-1  [id]
      <= found   apis.shop.errors_alarm@us-east-1  small-apis-shop-errors
      <= found   apis.shop.role@us-east-1  small-apis.shop-us-east-1
      <= found   apis.shop.stage@us-east-1  [id]/live
      <= found   functions.carts@us-east-1  small-carts
      <= found   functions.carts.alias@us-east-1  small-carts:live
      <= found   functions.carts.log_group@us-east-1  /aws/lambda/small-carts
      <= found   functions.carts.role@us-east-1  small-carts-us-east-1
      <= found   functions.carts.version@us-east-1  small-carts:1
    Recover: 21 found again, 0 gone, 0 confirmed, 0 open calls.
    error: confirmation needs a terminal
    help: review `isobar plan`, then pass `--yes`
    ");
    assert_eq!(records(), Vec::<String>::new());
    world.isobar(&["recover", "--local", "--yes", SMALL]).exits(0);
    assert_eq!(records(), before);
    world.isobar(&["plan", "--local", "--detailed-exitcode", SMALL]).exits(0);

    let whole = world.read(STATE);
    world.write(STATE, &whole[..whole.len() / 2]);
    world.isobar(&["plan", "--local", SMALL]).exits(1);
    let recovered = world.isobar(&["recover", "--local", "--yes", SMALL]).exits(0);
    insta::assert_snapshot!(recovered.shown(), @r"
    exit 0
    -- stderr
    The state is unreadable and will be rebuilt: .isobar/local/small.json: this is not a state: [the end of the file]; the last good copy is .isobar/local/backup/small.1.json: `isobar state push` takes it, or `isobar recover` asks AWS
      <= found   apis.shop@us-west-2  [id]
      <= found   apis.shop.deployment@us-west-2  [id]
      <= found   apis.shop.errors_alarm@us-west-2  small-apis-shop-errors
      <= found   apis.shop.role@us-west-2  small-apis.shop-us-west-2
      <= found   apis.shop.stage@us-west-2  [id]/live
      <= found   functions.carts@us-west-2  small-carts
      <= found   functions.carts.alias@us-west-2  small-carts:live
      <= found   functions.carts.log_group@us-west-2  /aws/lambda/small-carts
      <= found   functions.carts.role@us-west-2  small-carts-us-west-2
      <= found   functions.carts.version@us-west-2  small-carts:1
      <= found   tables.carts@global  arn:aws:dynamodb:us-east-1:000000000000:table/small-carts
      <= found   apis.shop@us-east-1  [id]
      <= found   apis.shop.deployment@us-east-1  [id]
      <= found   apis.shop.errors_alarm@us-east-1  small-apis-shop-errors
      <= found   apis.shop.role@us-east-1  small-apis.shop-us-east-1
      <= found   apis.shop.stage@us-east-1  [id]/live
      <= found   functions.carts@us-east-1  small-carts
      <= found   functions.carts.alias@us-east-1  small-carts:live
      <= found   functions.carts.log_group@us-east-1  /aws/lambda/small-carts
      <= found   functions.carts.role@us-east-1  small-carts-us-east-1
      <= found   functions.carts.version@us-east-1  small-carts:1
    Recover: 21 found again, 0 gone, 0 confirmed, 0 open calls.
    The unreadable state is kept in .isobar/local/small.json.damaged
    The state is written.
    ");
    assert_eq!(world.read(&format!("{STATE}.damaged")), whole[..whole.len() / 2]);
    assert_eq!(records(), before);
    world.isobar(&["plan", "--local", "--detailed-exitcode", SMALL]).exits(0);

    let again = world.isobar(&["recover", "--local", SMALL]).exits(0);
    assert!(again.talk.contains(&format!("{} confirmed", before.len())), "{}", again.talk);
    insta::assert_snapshot!(again.shown(), @r"
    exit 0
    -- stderr
    Recover: 0 found again, 0 gone, 21 confirmed, 0 open calls.
    The state matches AWS.
    ");
    assert_eq!(world.inventory(), alive, "recover has changed something");
}

#[test]
fn orphans_are_listed_by_recovery() {
    let world = applied(&format!("{STACK}{MORE}"));
    world.remove(".isobar");
    world.write(SMALL, STACK);
    let told = world.isobar(&["recover", "--local", "--yes", SMALL]).exits(0).talk;
    let stray = |line: &str| line.contains("notify.") && line.contains("arn:aws:sns:us-west-2");
    assert!(told.contains("in neither the file nor the state") && told.lines().any(stray), "{told}");
    // The table is in the file; its alarms came with who hears of them.
    assert!(!told.lines().any(|line| line.starts_with("  tables.carts@")), "{told}");

    // With the block back they are taken up.
    world.write(SMALL, &format!("{STACK}{MORE}"));
    let told = world.isobar(&["recover", "--local", "--yes", SMALL]).exits(0).talk;
    assert!(told.contains("<= found   notify.") && !told.contains("in neither the file nor the state"), "{told}");
    world.isobar(&["plan", "--local", "--detailed-exitcode", SMALL]).exits(0);
}

#[test]
fn a_state_is_pulled_pushed_moved_and_forgotten() {
    let world = applied("stack: small\nregions: [us-east-1]\nnotify:\n  email: [oncall@example.com]\n");
    let pull = || world.isobar(&["state", "pull", "--local", SMALL]).exits(0).data;
    let first = pull();
    world.write("first.json", &first);
    let address = world.isobar(&["state", "list", "--local", SMALL]).exits(0).data;
    let address = address.split_whitespace().next().expect("an address").to_owned();
    let moved = address.replacen("notify.", "resources.", 1);

    let refused = world.isobar(&["state", "mv", "--local", SMALL, &format!("{address}x"), &moved]).exits(4);
    insta::assert_snapshot!(refused.shown(), @r"
    exit 4
    -- stderr
    refused: `notify.topic@us-east-1x` and `resources.topic@us-east-1` are in different scopes: a resource cannot be moved to another region
    help: write both with the same `@region`, or both without: all parts in all regions
    ");
    world.isobar(&["state", "mv", "--local", SMALL, &address, &moved]).exits(0);
    world.isobar(&["state", "show", "--local", SMALL, &moved]).exits(0);
    let refused = world.isobar(&["state", "push", "--local", SMALL, "first.json"]).exits(4);
    insta::assert_snapshot!(refused.shown(), @r"
    exit 4
    -- stderr
    refused: its serial is 2, older than 3: somebody has changed the stack since
    help: look at both with `isobar state pull`; to put it in the place of what is there, pass `--force`
    ");
    world.isobar(&["state", "push", "--local", "--force", SMALL, "first.json"]).exits(0);
    world.isobar(&["state", "show", "--local", SMALL, &address]).exits(0);
    world.isobar(&["plan", "--local", "--detailed-exitcode", SMALL]).exits(0);

    world.write("other.json", &first.replace("\"small\"", "\"other\""));
    let other = world.isobar(&["state", "push", "--local", "--force", SMALL, "other.json"]).exits(4);
    insta::assert_snapshot!(other.shown(), @r"
    exit 4
    -- stderr
    refused: other.json: this is the state of the stack `other`, not of `small`; move it away, or back
    ");
    let nothing = world.isobar(&["state", "rm", "--local", SMALL, "nothing.*", "--yes"]).exits(4);
    insta::assert_snapshot!(nothing.shown(), @r"
    exit 4
    -- stderr
    refused: the state has nothing at `nothing.*`
    help: `isobar state list` lists what there is
    ");
    let unconfirmed = world.isobar(&["state", "rm", "--local", SMALL, &address]).exits(1);
    insta::assert_snapshot!(unconfirmed.shown(), @r"
    exit 1
    -- stderr
    notify.topic@us-east-1  sns.Topic arn:aws:sns:us-east-1:000000000000:small-notify
    These stay in AWS and continue to incur costs. If their blocks stay in the stack file, the next plan adopts them again.
    error: confirmation needs a terminal
    help: review `isobar plan`, then pass `--yes`
    ");
    let alive = world.inventory();
    let removed = world.isobar(&["state", "rm", "--local", SMALL, "notify.*", "--yes"]).exits(0);
    insta::assert_snapshot!(removed.shown(), @r"
    exit 0
    -- stderr
    notify.topic@us-east-1  sns.Topic arn:aws:sns:us-east-1:000000000000:small-notify
    These stay in AWS and continue to incur costs. If their blocks stay in the stack file, the next plan adopts them again.
    ");
    assert_eq!(world.isobar(&["state", "list", "--local", SMALL]).exits(0).data, "");
    assert_eq!(world.inventory(), alive);
}

#[test]
fn a_held_lock_is_refused_with_its_holder() {
    let world = ProgramWorld::new();
    world.write(SMALL, STACK);
    world.isobar(&["plan", "--local", SMALL]).exits(0);
    let free = world.isobar(&["state", "unlock", "--local", SMALL]).exits(0);
    insta::assert_snapshot!(free.shown(), @r"
    exit 0
    -- stderr
    Nobody holds the lock.
    ");

    let mut apply = world.command(&["apply", "--local", "--yes", SMALL]).stderr(Stdio::piped()).spawn().expect("it");
    let mut lines = BufReader::new(apply.stderr.take().expect("a pipe")).lines();
    lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with('['))).expect("a first step").expect("a line");
    let held = world.isobar(&["state", "unlock", "--local", "--yes", SMALL]).exits(4);
    assert!(held.talk.contains(&apply.id().to_string()), "{}", held.talk);
    insta::assert_snapshot!(held.shown(), @r"
    exit 4
    -- stderr
    The lock is held.
      command  isobar apply
      process  [pid]
      who      tester
      since    [time]
    If the lock is broken, that run stops at its next renewal. A call that is under way still completes, and the next run finds out how it ended. A lock in S3 expires by itself soon after its run has died.
    refused: .isobar/local/small.lock: it is held by `isobar apply`, process [pid] of tester, since [time], which is alive: the lock ends with it, not before
    help: stop that process; its lock ends with it
    ");
    world.isobar(&["state", "mv", "--local", SMALL, "tables.carts", "tables.other"]).exits(4);
    lines.for_each(drop);
    assert!(apply.wait().expect("an end").success());
    world.isobar(&["state", "unlock", "--local", SMALL]).exits(0);
}
