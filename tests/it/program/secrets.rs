//! Values of secrets, made by AWS and known to nobody else: the emulator knows them all, and finds them in any text.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value as Json, json};

use crate::support::program::ProgramWorld;
use crate::support::running::Running;

const FILE: &str = "secrets.yaml";
const STACK: &str = "
stack: vault
regions: [us-east-1, us-west-2]
resources:
  login:
    kind: secretsmanager.Secret
    in: primary
    properties:
      name: vault/login
      generate: {length: 40, exclude: '/@ ', username: vault}
      kms_key: ${resources.key.arn}
      replicas: [{region: us-west-2, kms_key: '${resources.copy.arn@us-west-2}'}]
  key:
    kind: kms.Key
    in: primary
    properties: {description: The vault, multi_region: true, rotation_days: 365, deletion_window_days: 7}
  copy:
    kind: kms.Key
    in: [us-west-2]
    properties: {replica_of: '${resources.key.arn@us-east-1}'}
";
/// A function that rotates, and the permission that it takes.
const ROTATION: &str = "
  rotates:
    kind: lambda.Permission
    in: primary
    properties:
      function_name: ${functions.rotate.name}
      statement_id: rotation
      action: lambda:InvokeFunction
      principal: secretsmanager.amazonaws.com
      source_account: ${account}
functions:
  rotate: {code: ./serverless/functions/carts, handler: app.handler, runtime: python3.13}
";
const APPLY: [&str; 6] = ["apply", "--local", "--yes", "--events", "events.jsonl", FILE];
const DESTROY: [&str; 6] = ["destroy", "--local", "--yes", "--allow-data-loss", "all", FILE];

#[test]
fn values_of_secrets_are_in_nothing_that_is_written_or_shown_and_come_back_with_their_secret() {
    let world = ProgramWorld::new();
    world.write(FILE, STACK);
    // The value is in memory while the call that takes it hangs.
    let mut run = hanging(&world, world.command(&APPLY));
    run.until("a value", |_| world.count(0, "struck") > 0);
    let mut texts = vec![run.proc("cmdline"), run.proc("environ")];
    let applied = run.end().exits(0);
    assert!(applied.talk.contains("secretsmanager:CreateSecret"), "nothing is logged: {}", applied.talk);
    texts.extend([applied.data.into_bytes(), applied.talk.into_bytes()]);

    for arguments in [
        &["plan", "--local", "-vv", "--detailed-exitcode", FILE][..],
        &["plan", "--local", "--destroy", "--format", "markdown", FILE],
        &["plan", "--local", "--destroy", "--format", "json", FILE],
        &["state", "pull", "--local", FILE],
        &["output", "--local", "--all", "--format", "json", FILE],
        &["recover", "--local", "--yes", "-vv", FILE],
    ] {
        let ran = world.isobar(arguments);
        let is_refused = arguments.contains(&"--destroy");
        assert_eq!(ran.code, Some(if is_refused { 4 } else { 0 }), "{arguments:?}: {}{}", ran.data, ran.talk);
        texts.extend([ran.data.into_bytes(), ran.talk.into_bytes()]);
    }
    let files = files(world.path("."));
    assert!(files.len() >= 3, "state, events and stack: {}", files.len());
    for text in texts.iter().chain(&files) {
        assert_eq!(world.exposed(text), Vec::<String>::new(), "{}", String::from_utf8_lossy(text));
    }

    let value = value(&world);
    let login: Json = serde_json::from_str(&value).expect("JSON");
    assert_eq!(login["username"], "vault");
    assert_eq!(login["password"].as_str().map(str::len), Some(40));
    assert_ne!(world.exposed(value.as_bytes()), Vec::<String>::new(), "the emulator does not find what is there");

    world.isobar(&["destroy", "--local", "--yes", FILE]).exits(4);
    world.isobar(&DESTROY).exits(0);
    assert_eq!(alive(&world), ["key-pending-deletion", "key-pending-deletion", "secret-pending-deletion"]);
    world.isobar(&APPLY).exits(0);
    world.isobar(&["plan", "--local", "--detailed-exitcode", FILE]).exits(0);
    assert_eq!(alive(&world), ["key", "key", "secret", "secret-replica"], "nothing was made a second time");
    assert_eq!(self::value(&world), value, "a value was made over one that was there");
    world.isobar(&DESTROY).exits(0);
}

#[test]
fn rotated_values_and_other_primaries_are_no_difference() {
    let world = ProgramWorld::new();
    world.write(FILE, &format!("{STACK}{ROTATION}"));
    world.edit(FILE, "kind: secretsmanager.Secret", "kind: secretsmanager.Secret\n    after: [resources.rotates]");
    world.edit(
        FILE,
        "kms_key: ${resources.key.arn}",
        "rotation: {function: '${functions.rotate.arn}', after_days: 30}",
    );
    world.isobar(&APPLY).exits(0);
    let settled = |what: &str| {
        let plan = world.isobar(&["plan", "--local", "--detailed-exitcode", FILE]);
        assert_eq!(plan.code, Some(0), "{what}: {}{}", plan.data, plan.talk);
    };
    settled("at first");

    let before = value(&world);
    let secrets = aws_sdk_secretsmanager::Client::new(&others(&world, "us-east-1"));
    wait_for(secrets.rotate_secret().secret_id("vault/login").send()).expect("a rotation");
    let begun = Instant::now();
    while value(&world) == before {
        assert!(begun.elapsed() < Duration::from_secs(30), "the value is not rotated");
        sleep(Duration::from_millis(100));
    }
    settled("rotated");

    let keys = aws_sdk_kms::Client::new(&others(&world, "us-east-1"));
    let primary = world.isobar(&["output", "--local", FILE, "resources.key.arn@us-east-1"]).exits(0).data;
    wait_for(keys.update_primary_region().key_id(primary.trim()).primary_region("us-west-2").send())
        .expect("a primary");
    sleep(Duration::from_secs(1));
    settled("with another primary");
    world.edit(FILE, "rotation_days: 365", "rotation_days: 180");
    world.edit(FILE, "rotation: {", "description: Of the vault\n      rotation: {");
    world.isobar(&APPLY).exits(0);
    settled("changed");
    world.isobar(&DESTROY).exits(0);
    assert_eq!(alive(&world), ["key-pending-deletion", "key-pending-deletion", "secret-pending-deletion"]);
}

/// Killed after calls that change something, while what was deleted comes back: after every fourth, or after each if
/// `ISOBAR_TORTURE` is `all`.
#[test]
fn what_comes_back_does_so_after_kills_in_between() {
    let step = if std::env::var("ISOBAR_TORTURE").is_ok_and(|points| points == "all") { 1 } else { 4 };
    let world = ProgramWorld::new();
    world.write(FILE, STACK);
    world.isobar(&APPLY).exits(0);
    let before = value(&world);
    for point in (1..).step_by(step) {
        world.isobar(&DESTROY).exits(0);
        world.fault(&json!([{"mutating": true, "nth": point, "action": "hang", "after": true}]));
        let mut run = world.start(&APPLY);
        while !run.has_ended() && world.count(0, "struck") == 0 {
            sleep(Duration::from_millis(20));
        }
        if run.has_ended() {
            run.end().exits(0);
            assert!(point > 4, "there are more calls than that");
            break;
        }
        run.kill();
        world.control("DELETE", "faults", &Json::Null);
        world.isobar(&APPLY).exits(0);
        assert_eq!(alive(&world), ["key", "key", "secret", "secret-replica"], "killed after call {point}");
        assert_eq!(value(&world), before, "killed after call {point}");
    }
}

#[test]
fn a_program_that_crashes_with_a_value_in_memory_leaves_no_core_dump() {
    let world = ProgramWorld::new();
    world.write(FILE, STACK);
    let folder = tempfile::tempdir().expect("a folder");
    let mut other = Command::new("sh");
    other.args(["-c", "ulimit -c unlimited && kill -s ABRT $$"]).current_dir(folder.path()).stderr(Stdio::null());
    // Where nothing leaves a core, as in some containers, the limit of the process is all there is to see.
    let cores_are_possible = other.status().expect("sh").core_dumped();

    let program = world.command(&APPLY);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(world.path("."));
    let mut run = hanging(&world, command);
    run.until("a value", |_| world.count(0, "struck") > 0);
    let limits = String::from_utf8(run.proc("limits")).expect("a text");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    run.signal("ABRT");
    assert!(!run.has_left_a_core(), "cores are possible here: {cores_are_possible}");
    let left = fs::read_dir(world.path(".")).expect("a folder").filter_map(Result::ok);
    let cores: Vec<_> =
        left.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().starts_with("core")).collect();
    assert!(cores.is_empty(), "{cores:?}");

    // The next run finds what the call has made all the same, and makes nothing a second time.
    world.control("DELETE", "faults", &Json::Null);
    world.isobar(&APPLY).exits(0);
    assert_eq!(alive(&world), ["key", "key", "secret", "secret-replica"]);
    world.isobar(&DESTROY).exits(0);
}

/// An apply that logs all it can, and whose call with the value hangs for two seconds.
fn hanging(world: &ProgramWorld, mut command: Command) -> Running {
    let rule = json!({"service": "secretsmanager", "operation": "CreateSecret", "action": "hang", "seconds": 2, "then": "serve"});
    world.fault(&json!([rule]));
    command.env("ISOBAR_LOG", "trace").stdin(Stdio::null());
    Running::start(command, APPLY.join(" "))
}

/// The kinds of everything that is alive.
fn alive(world: &ProgramWorld) -> Vec<String> {
    let mut kinds: Vec<String> =
        world.inventory().iter().map(|thing| thing["kind"].as_str().unwrap_or_default().to_owned()).collect();
    kinds.sort();
    kinds
}

/// Others, who work in a region by hand.
fn others(world: &ProgramWorld, region: &'static str) -> SdkConfig {
    let keys = SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test"));
    let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new(region));
    config.endpoint_url(world.endpoint()).credentials_provider(keys).build()
}

fn wait_for<T>(call: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(call)
}

/// The value as its owner reads it, where the replica is.
fn value(world: &ProgramWorld) -> String {
    let client = aws_sdk_secretsmanager::Client::new(&others(world, "us-west-2"));
    let answer = wait_for(client.get_secret_value().secret_id("vault/login").send());
    answer.expect("a value").secret_string.expect("a text")
}

/// Every file in a folder, whole.
fn files(folder: impl AsRef<Path>) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() { all.extend(files(entry)) } else { all.push(fs::read(entry).expect("a file")) }
    }
    all
}
