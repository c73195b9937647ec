//! Credentials that expire in the middle of a run: it stops, tells it once, and the next one goes on.

use serde_json::{Value as Json, json};

use super::recovery::{MORE, SMALL, STACK};
use crate::support::program::{ProgramWorld, Ran};
use crate::support::running::Running;

const BUCKET: &str = "isobar-expired-state";
const APPLY: [&str; 6] = ["apply", "--local", "--yes", "--events", "events.jsonl", SMALL];
/// More calls than any run makes.
const MANY: usize = 3000;
const NEVER: usize = 1_000_000_000;

/// About to apply a stack in two regions, with this at its end.
fn world(end: &str) -> ProgramWorld {
    let world = ProgramWorld::new();
    world.write(SMALL, &format!("{STACK}{MORE}{end}"));
    world.isobar(&["plan", "--local", SMALL]).exits(0);
    world
}

/// From the n-th call of a run that is not the state's own, or is, every answer is that the credentials have expired.
fn expire_from(world: &ProgramWorld, call: usize, services: &Json) -> Ran {
    let calls: Vec<usize> = (call..call + MANY).collect();
    let mut rule = json!({"nth": calls, "action": "error", "code": "ExpiredToken", "status": 403,
        "message": "The security token included in the request is expired"});
    for (name, value) in services.as_object().expect("a map") {
        rule[name.as_str()] = value.clone();
    }
    world.fault(&json!([rule]));
    let ran = world.isobar(&APPLY).exits(1);
    assert!(world.count(0, "acted") > 0, "{}", ran.talk);
    world.fault(&json!([]));
    ran
}

/// How many calls an undisturbed plan and the apply after it make; nothing is left of them.
fn calls(world: &ProgramWorld) -> (usize, usize) {
    let count = |arguments: &[&str]| {
        world.fault(&json!([{"nth": NEVER, "action": "drop"}]));
        world.isobar(arguments).exits(0);
        usize::try_from(world.count(0, "matched")).expect("small")
    };
    let calls = (count(&["plan", "--local", SMALL]), count(&APPLY));
    world.isobar(&["destroy", "--local", "--yes", SMALL]).exits(0);
    world.fault(&json!([]));
    calls
}

fn stops_cleanly(world: &ProgramWorld, ran: &Ran) {
    let (_, report) = ran.talk.rsplit_once("error:").expect("an error");
    let told = |word: &str| report.matches(word).count();
    assert_eq!((told("get new credentials"), told("security token included")), (1, 1), "{}", ran.talk);
    assert!(report.contains("run `isobar apply` again"), "{}", ran.talk);
    let events = world.read("events.jsonl");
    let (_, after) = events.split_once(r#""event":"halted""#).expect("a halt");
    assert!(!after.contains("step_started") && !after.contains("step_waiting"), "{after}");
    assert!(after.contains("run_done"), "{after}");
}

fn goes_on(world: &ProgramWorld) {
    world.isobar(&["apply", "--local", "--yes", "--lock-timeout", "60s", SMALL]).exits(0);
    world.isobar(&["plan", "--local", "--detailed-exitcode", SMALL]).exits(0);
    world.isobar(&["destroy", "--local", "--yes", SMALL]).exits(0);
    let left: Vec<Json> = world.inventory().into_iter().filter(|thing| thing["name"] != BUCKET).collect();
    assert_eq!(left, Vec::<Json>::new());
}

#[test]
fn a_run_with_expired_credentials_saves_and_the_next_one_completes_it() {
    let world = world("");
    let (plan, apply) = calls(&world);
    for part in [4, 2] {
        let ran = expire_from(&world, plan + (apply - plan) / part, &json!({}));
        stops_cleanly(&world, &ran);
        assert!(!world.path(".isobar/local/small.journal").exists(), "the state was not saved");
        goes_on(&world);
    }
}

#[test]
fn a_shared_state_that_becomes_unwritable_loses_nothing() {
    let world = world(&format!("state: {{bucket: {BUCKET}, region: us-east-1, lease: 15s}}\n"));
    let (plan, apply) = calls(&world);
    let ran = expire_from(&world, plan + (apply - plan) / 2, &json!({}));
    stops_cleanly(&world, &ran);
    // The lock could not be given back: it runs out.
    let held = world.isobar(&["apply", "--local", "--yes", SMALL]);
    assert!(matches!(held.code, Some(0 | 4)), "{}", held.talk);
    goes_on(&world);
    // Only the state's own calls are refused.
    let ran = expire_from(&world, 8, &json!({"service": "s3", "operation": ["PutObject", "GetObject"]}));
    stops_cleanly(&world, &ran);
    goes_on(&world);
}

/// A program that gives out credentials which have to be asked for again at once, until there is a file `gone`.
const GIVES: &str = "
[ -e gone ] && { echo 'the session has ended' >&2; exit 1; }
echo '{\"Version\": 1, \"AccessKeyId\": \"test\", \"SecretAccessKey\": \"test\", \"SessionToken\": \"token\",
       \"Expiration\": \"2026-01-01T00:00:00Z\"}'
";

#[test]
fn a_credential_process_may_fail_in_the_middle_of_a_run() {
    let world = world("");
    world.write("give.sh", GIVES);
    world.write("config", "[profile ci]\nregion = us-east-1\ncredential_process = sh give.sh\n");
    let start = |command: &str| {
        let endpoint = world.endpoint();
        let mut arguments = vec![command, "--endpoint-url", &endpoint, SMALL];
        arguments.extend(if command == "plan" { ["--detailed-exitcode"].iter() } else { ["--yes"].iter() });
        let mut program = world.command(&arguments);
        program.env("AWS_PROFILE", "ci").env("AWS_CONFIG_FILE", world.path("config"));
        Running::start(program, arguments.join(" "))
    };
    world.fault(&json!([{"mutating": true, "action": "hang", "seconds": 1, "then": "serve"}]));
    let mut run = start("apply");
    run.until("a first change", |_| world.count(0, "struck") > 0);
    world.write("gone", "");
    let ran = run.end().exits(1);
    let (_, report) = ran.talk.rsplit_once("error:").expect("an error");
    assert_eq!(report.matches("get new credentials").count(), 1, "{}", ran.talk);
    assert!(report.contains("the session has ended"), "{}", ran.talk);
    world.remove("gone");
    world.fault(&json!([]));
    start("apply").end().exits(0);
    start("plan").end().exits(0);
    start("destroy").end().exits(0);
    assert_eq!(world.inventory(), Vec::<Json>::new());
}
