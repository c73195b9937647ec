//! The program and an emulator, and what is seen of them from outside.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::scenario::Mode;
use super::yaml::{Yaml, written};
use crate::support::program::{ProgramWorld, Ran};
use crate::support::running::Running;

/// How long a run may go without a step begun or done: nothing takes AWS any time here, and the pauses between two tries
/// are shorter.
const PATIENCE: Duration = Duration::from_secs(45);
const FILE: &str = "stack.yaml";
const EVENTS: &str = "events.jsonl";
/// What a stack's files refer to.
const FILES: [(&str, &str); 5] = [
    ("fn/a/app.py", "def handler(event, context): return {'statusCode': 200}\n"),
    ("fn/b/app.py", "def handler(event, context): return {'statusCode': 201}\n"),
    ("fn/c/app.py", "def handler(event, context): return {'statusCode': 202}\n"),
    ("boot.sh", "#!/bin/sh\nexec serve\n"),
    ("other.sh", "#!/bin/sh\nexec serve --other\n"),
];
/// Of our state: what the file's names mean in AWS.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub kind: String,
    pub id: String,
    pub generation: u64,
}

/// What there is: in AWS, as region, service, kind and name, and in the state, by address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    pub things: Vec<String>,
    pub records: BTreeMap<String, Record>,
}

pub struct Live {
    world: ProgramWorld,
}

impl Live {
    /// An emulator without waiting times, with a few things of somebody else's.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let live = Self { world: ProgramWorld::with(folder.path(), "0") };
        for (name, text) in FILES {
            let path = live.world.path(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
        live.of_somebody_else();
        live.world.control("POST", "snapshot", &json!({"name": "before"}));
        live
    }

    /// A table, a queue and a zone.
    fn of_somebody_else(&self) {
        let key = json!([{"AttributeName": "id", "KeyType": "HASH"}]);
        let attributes = json!([{"AttributeName": "id", "AttributeType": "S"}]);
        let table = json!({"TableName": "outside", "KeySchema": key, "AttributeDefinitions": attributes, "BillingMode": "PAY_PER_REQUEST"});
        self.dynamodb("us-east-1", "CreateTable", &table);
        self.aws(
            "us-east-1",
            "sqs",
            &["X-Amz-Target: AmazonSQS.CreateQueue", "Content-Type: application/x-amz-json-1.0"],
            "POST /",
            "{\"QueueName\": \"outside\"}",
        );
        let zone = "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>there.example.com</Name><CallerReference>somebody</CallerReference></CreateHostedZoneRequest>";
        self.aws("us-east-1", "route53", &["Content-Type: text/xml"], "POST /2013-04-01/hostedzone", zone);
    }

    /// As it was before the first file.
    pub fn begin_again(&self) {
        self.faults_end();
        self.lags(false);
        self.world.control("DELETE", "traffic", &Json::Null);
        self.world.control("POST", "restore", &json!({"name": "before"}));
        for folder in [".isobar", "aside"].into_iter().filter(|folder| self.world.path(folder).exists()) {
            self.world.remove(folder);
        }
    }

    /// Puts the stack and its state aside, for one that is made anew.
    pub fn put_aside(&self) {
        self.world.control("POST", "snapshot", &json!({"name": "aside"}));
        std::fs::rename(self.world.path(".isobar"), self.world.path("aside")).expect("moved");
        self.world.control("POST", "restore", &json!({"name": "before"}));
    }

    /// Takes back what was put aside.
    pub fn take_back(&self) {
        self.world.control("POST", "restore", &json!({"name": "aside"}));
        if self.world.path(".isobar").exists() {
            self.world.remove(".isobar");
        }
        std::fs::rename(self.world.path("aside"), self.world.path(".isobar")).expect("moved");
    }

    /// Writes the file that the next commands read.
    pub fn write(&self, file: &Yaml) {
        self.world.write(FILE, &written(file));
    }

    pub fn is_valid(&self, file: &Yaml) -> bool {
        self.write(file);
        self.world.isobar(&["validate", FILE]).code == Some(0)
    }

    pub fn run(&self, command: &str, more: &[&str]) -> Ran {
        let mut running = self.start(command, more);
        let mut progress = (0, Instant::now());
        while !running.has_ended() {
            if self.is_stuck(&mut progress) {
                // One that goes on for ever is told by its words and no code.
                return running.kill();
            }
            sleep(Duration::from_millis(10));
        }
        running.end()
    }

    /// Whether nothing has begun or ended for too long.
    fn is_stuck(&self, progress: &mut (usize, Instant)) -> bool {
        if progress.1.elapsed() < PATIENCE {
            return false;
        }
        let idle = |event: &&Json| matches!(event["event"].as_str(), Some("step_retry" | "step_waiting"));
        let steps = self.events().iter().filter(|event| !idle(event)).count();
        let stuck = steps == progress.0;
        *progress = (steps, Instant::now());
        stuck
    }

    fn start(&self, command: &str, more: &[&str]) -> Running {
        let endpoint = self.world.endpoint();
        let before: &[&str] = match command {
            "apply" | "destroy" => &["--yes", "--events", EVENTS],
            "state" => &["pull"],
            _ => &[],
        };
        let arguments = [&[command], before, &["--endpoint-url", &endpoint], more, &[FILE]].concat();
        if self.world.path(EVENTS).exists() && matches!(command, "apply" | "destroy") {
            self.world.remove(EVENTS);
        }
        let mut program = self.world.command(&arguments);
        // An endpoint of its own is what `--local` would start, found without a script.
        program.env_remove("AWS_PROFILE").env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        program.env("AWS_SHARED_CREDENTIALS_FILE", "there-is-no-such-file").stdin(Stdio::null());
        Running::start(program, arguments.join(" "))
    }

    /// Applies under what happens meanwhile; none if the program was killed. `planned` is how many changes the plan has.
    pub fn apply(&self, mode: Mode, planned: usize, options: &[&str]) -> Option<Ran> {
        match mode {
            Mode::Calm => Some(self.run("apply", options)),
            Mode::Killed { share, after } => self.killed(1 + planned * usize::from(share) / 70, after, options),
            Mode::Throttled(seed) => {
                self.world.control("POST", "faults", &json!({"probability": 0.08, "seed": seed, "action": "throttle"}));
                Some(self.again_without_faults(self.run("apply", options), options))
            }
            Mode::Lost(seed) => {
                let lost = json!({"probability": 0.05, "seed": seed, "action": "drop", "after": true});
                self.world.control("POST", "faults", &lost);
                Some(self.again_without_faults(self.run("apply", options), options))
            }
            Mode::Lagging => {
                self.lags(true);
                let ran = self.run("apply", options);
                self.lags(false);
                Some(ran)
            }
        }
    }

    /// A run that faults have ended may take another one.
    fn again_without_faults(&self, ran: Ran, more: &[&str]) -> Ran {
        self.faults_end();
        if ran.code == Some(1) { self.run("apply", more) } else { ran }
    }

    fn killed(&self, call: usize, after: bool, more: &[&str]) -> Option<Ran> {
        let rule = json!({"mutating": true, "nth": call, "action": "hang", "after": after});
        self.world.control("POST", "faults", &rule);
        let mut running = self.start("apply", more);
        let mut progress = (0, Instant::now());
        let ran = loop {
            if self.world.count(0, "struck") != 0 {
                running.kill();
                break None;
            }
            if running.has_ended() {
                break Some(running.end());
            }
            if self.is_stuck(&mut progress) {
                break Some(running.kill());
            }
            sleep(Duration::from_millis(10));
        };
        self.faults_end();
        ran
    }

    /// Runs a command and counts its calls that change something.
    pub fn counted(&self, command: &str, more: &[&str]) -> (Ran, u64) {
        // A rule that never acts.
        self.world.control("POST", "faults", &json!({"mutating": true, "nth": 1_000_000_000, "action": "drop"}));
        let ran = self.run(command, more);
        let calls = self.world.count(0, "matched");
        self.faults_end();
        (ran, calls)
    }

    fn faults_end(&self) {
        self.world.control("DELETE", "faults", &Json::Null);
    }

    fn lags(&self, on: bool) {
        let mode = if on { "eventual" } else { "strict" };
        self.world.control("POST", "consistency", &json!({"mode": mode}));
    }

    pub fn watches_traffic(&self, on: bool) -> Json {
        self.world.control("POST", "traffic", &json!({"watch": on}))
    }

    /// What the last apply or destroy has told, in order.
    pub fn events(&self) -> Vec<Json> {
        if !self.world.path(EVENTS).exists() {
            return Vec::new();
        }
        self.world.read(EVENTS).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub fn see(&self) -> Seen {
        let part = |thing: &Json, key: &str| thing[key].as_str().unwrap_or_default().to_owned();
        let told = |thing: &Json| ["region", "service", "kind", "name"].map(|key| part(thing, key)).join(" ");
        let mut things: Vec<String> = self.world.inventory().iter().map(told).collect();
        things.sort();
        let state = self.run("state", &[]);
        let state: Json = serde_json::from_str(&state.data).unwrap_or(Json::Null);
        let record = |record: &Json| Record {
            kind: part(record, "kind"),
            id: part(record, "id"),
            generation: record["generation"].as_u64().unwrap_or_default(),
        };
        let records = state["records"].as_object().into_iter().flatten();
        Seen { things, records: records.map(|(address, one)| (address.clone(), record(one))).collect() }
    }

    pub fn dynamodb(&self, region: &str, operation: &str, body: &Json) -> Json {
        let target = format!("X-Amz-Target: DynamoDB_20120810.{operation}");
        let answer = self.aws(
            region,
            "dynamodb",
            &[&target, "Content-Type: application/x-amz-json-1.0"],
            "POST /",
            &body.to_string(),
        );
        serde_json::from_str(&answer).unwrap_or(Json::Null)
    }

    /// A call to AWS that is not the program's.
    pub fn aws(&self, region: &str, service: &str, headers: &[&str], request: &str, body: &str) -> String {
        let address = self.world.endpoint();
        let mut socket = TcpStream::connect(address.trim_start_matches("http://")).expect("the emulator");
        let scope =
            format!("Credential=test/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0");
        let head = format!("Host: localhost\r\nAuthorization: AWS4-HMAC-SHA256 {scope}\r\n{}", headers.join("\r\n"));
        write!(socket, "{request} HTTP/1.0\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).expect("asked");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
    }
}
