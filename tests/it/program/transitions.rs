//! Changes of live stacks: from one file to the next, killed on the way, and taken back. `tests/cases/transitions` has the
//! files of each, a folder for a case.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::support::emulators::DEFAULT_PACE;
use crate::support::program::{ProgramWorld, Ran, root};
use crate::support::traffic::watched;

/// Time within which a run gets to the call that it is killed at.
const PATIENCE: Duration = Duration::from_mins(2);

/// A stack that goes from file to file.
struct Transition {
    world: ProgramWorld,
}

impl Transition {
    fn of(case: &str) -> Self {
        Self { world: ProgramWorld::with(&root().join("tests/cases/transitions").join(case), DEFAULT_PACE) }
    }

    /// The file can be applied without losing a request, and a plan finds nothing to do afterwards.
    fn applies(&self, file: &str, more: &[&str]) -> Ran {
        let events = format!("{file}.jsonl");
        let arguments = [&["apply", "--local", "--yes", "--events", &events], more, &[file]].concat();
        let (applied, requests) = watched(&self.world, || self.world.isobar(&arguments).exits(0));
        requests.is_whole(file);
        self.is_settled(file);
        applied
    }

    fn is_settled(&self, file: &str) {
        let plan = self.plan(file, &[]);
        assert_eq!(plan.code, Some(0), "the plan of {file} is not empty\n{}{}", plan.data, plan.talk);
    }

    fn plan(&self, file: &str, more: &[&str]) -> Ran {
        self.world.isobar(&[&["plan", "--local", "--detailed-exitcode"], more, &[file]].concat())
    }

    /// The file is refused before anything is changed; what was said.
    fn refuses(&self, file: &str, more: &[&str]) -> String {
        let before = self.world.inventory();
        let refused = self.world.isobar(&[&["apply", "--local", "--yes"], more, &[file]].concat()).exits(4);
        assert_eq!(self.world.inventory(), before);
        refused.talk
    }

    /// The file is applied, and the run killed when its n-th call that changes something has been served. False if it
    /// ended before.
    fn is_killed(&self, file: &str, call: usize) -> bool {
        self.world.fault(&json!([{"mutating": true, "nth": call, "action": "hang", "after": true}]));
        let mut running = self.world.start(&["apply", "--local", "--yes", file]);
        let start = Instant::now();
        let killed = loop {
            if self.world.count(0, "struck") > 0 {
                running.kill();
                break true;
            }
            if running.has_ended() {
                running.end().exits(0);
                break false;
            }
            assert!(start.elapsed() < PATIENCE, "{}", running.kill().talk);
            sleep(Duration::from_millis(10));
        };
        self.world.fault(&json!([]));
        killed
    }

    fn a_day_passes(&self) {
        self.world.control("POST", "clock", &json!({"step": 86_400}));
    }

    fn record(&self, file: &str, address: &str) -> Json {
        self.world.isobar(&["state", "show", "--local", file, address]).exits(0).json()
    }

    /// The physical ids of everything, by address.
    fn ids(&self, file: &str) -> BTreeSet<String> {
        let listed = self.world.isobar(&["state", "list", "--local", file]).exits(0).data;
        listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// Everything is what it was before.
    fn is_as(&self, before: &BTreeSet<String>, file: &str, what: &str) {
        let now = self.ids(file);
        let (gone, new): (Vec<_>, Vec<_>) = (before.difference(&now).collect(), now.difference(before).collect());
        assert!(gone.is_empty() && new.is_empty(), "{what}: instead of {gone:#?} there are {new:#?}");
    }

    /// A change is killed after each of these calls, and the file that is applied then leads to what was there before.
    fn goes_back(&self, (change, back): (&str, &str), before: &BTreeSet<String>, calls: &[usize]) {
        for call in calls {
            assert!(self.is_killed(change, *call), "call {call}");
            self.applies(back, &[]);
            self.is_as(before, back, &format!("after call {call}"));
        }
    }

    /// An event of the last apply of a file comes before another: each an event, its verb and its address.
    fn comes_before(&self, file: &str, first: (&str, &str, &str), then: (&str, &str, &str)) {
        let text = self.world.read(&format!("{file}.jsonl"));
        let events: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
        let place = |(event, verb, address): (&str, &str, &str)| {
            let is_verb = |one: &Json| one["verb"].as_str().unwrap_or_default() == verb;
            let is_it = |one: &Json| one["event"] == event && is_verb(one) && one["address"] == address;
            events.iter().position(is_it).unwrap_or_else(|| panic!("no {event} {verb} {address} in\n{text}"))
        };
        assert!(place(first) < place(then), "{first:?} comes after {then:?} in\n{text}");
    }

    fn ends(self, file: &str) {
        self.world.isobar(&["destroy", "--local", "--yes", "--allow-data-loss", "all", file]).exits(0);
        assert_eq!(self.world.inventory(), Vec::<Json>::new());
    }
}

#[test]
fn another_routing_of_one_api_leaves_the_records_of_others_alone() {
    let stack = Transition::of("routing-of-one-api");
    stack.applies("a.yaml", &[]);
    stack.applies("b.yaml", &[]);
    stack.applies("a.yaml", &[]);
    stack.ends("a.yaml");
}

#[test]
fn a_table_loses_the_region_that_it_was_made_in_after_a_day() {
    let stack = Transition::of("primary-region-removed");
    stack.applies("a.yaml", &[]);
    let refused = stack.refuses("b.yaml", &[]);
    assert!(refused.contains("the replica in us-west-2 was made from it less than a day ago"), "{refused}");
    stack.a_day_passes();
    stack.applies("b.yaml", &[]);
    let id = stack.record("b.yaml", "tables.t@global")["id"].clone();
    assert_eq!(id, "arn:aws:dynamodb:us-west-2:000000000000:table/tt-t");
    // The region comes back, as a replica of the one that has stayed.
    stack.applies("a.yaml", &[]);
    stack.world.remove(".isobar");
    stack.world.isobar(&["recover", "--local", "--yes", "a.yaml"]).exits(0);
    stack.is_settled("a.yaml");
    stack.ends("a.yaml");
}

#[test]
fn a_table_that_is_killed_while_it_loses_its_first_region_is_changed_and_destroyed() {
    let stack = Transition::of("primary-region-removed");
    for (call, next) in [(1, "b.yaml"), (2, "b.yaml"), (2, "a.yaml"), (2, "")] {
        stack.applies("a.yaml", &[]);
        stack.a_day_passes();
        assert!(stack.is_killed("b.yaml", call), "call {call}");
        if !next.is_empty() {
            stack.applies(next, &[]);
        }
        stack.world.isobar(&["destroy", "--local", "--yes", "b.yaml"]).exits(0);
        assert_eq!(stack.world.inventory(), Vec::<Json>::new(), "after call {call} and {next:?}");
    }
}

#[test]
fn a_protected_replica_goes_with_its_region_on_the_users_word() {
    let stack = Transition::of("region-removed-protected-table");
    stack.applies("a.yaml", &[]);
    let refused = stack.refuses("b.yaml", &[]);
    assert!(refused.contains("would remove `replicas.us-west-2` from it"), "{refused}");
    stack.applies("b.yaml", &["--allow-data-loss", "tables.t@global"]);
    let table = stack.record("b.yaml", "tables.t@global");
    assert_eq!(table["spec"]["replicas"].as_array().map(Vec::len), Some(1));
    stack.ends("b.yaml");
}

#[test]
fn a_replica_that_was_protected_by_hand_asks_for_the_users_word_too() {
    let stack = Transition::of("region-removed-protected-table");
    stack.world.edit(
        "a.yaml",
        "{key: {id: string}}",
        "{key: {id: string}, protect: false, regions: {us-west-2: {protect: true}}}",
    );
    stack.world.edit("b.yaml", "{key: {id: string}}", "{key: {id: string}, protect: false}");
    stack.applies("a.yaml", &[]);
    let refused = stack.refuses("b.yaml", &[]);
    assert!(refused.contains("would remove `replicas.us-west-2` from it"), "{refused}");
    stack.applies("b.yaml", &["--allow-data-loss", "tables.t@global"]);
    stack.ends("b.yaml");
}

#[test]
fn blocks_with_new_names_keep_what_they_had_in_aws() {
    let stack = Transition::of("blocks-renamed");
    stack.applies("a.yaml", &[]);
    let plan = stack.plan("b.yaml", &["--format", "json"]).json();
    let changes = plan["changes"].as_array().expect("changes");
    for change in changes {
        assert_eq!(change["action"], "update", "{change:#}");
        let paths = change["properties"].as_array().into_iter().flatten().map(|one| one["path"].clone());
        assert_eq!(paths.collect::<Vec<_>>(), ["description"], "{change:#}");
    }
    stack.applies("b.yaml", &[]);
    stack.ends("b.yaml");
}

#[test]
fn a_balancer_becomes_public_and_internal_again() {
    let stack = Transition::of("service-public");
    stack.applies("a.yaml", &[]);
    stack.applies("b.yaml", &[]);
    stack.applies("c.yaml", &[]);
    stack.ends("c.yaml");
}

#[test]
fn a_balancer_that_was_to_become_public_is_taken_back_after_any_call() {
    let stack = Transition::of("service-public");
    stack.applies("a.yaml", &[]);
    let before = stack.ids("a.yaml");
    stack.goes_back(("b.yaml", "c.yaml"), &before, &[2, 4, 7, 10]);
    // From here on some of what was there is gone, and made anew.
    for call in [14, 20, 26] {
        stack.is_killed("b.yaml", call);
        stack.applies("c.yaml", &[]);
    }
    stack.ends("c.yaml");
}

#[test]
fn tasks_on_another_port_come_before_those_on_the_old_one_go() {
    let stack = Transition::of("service-port");
    stack.applies("a.yaml", &[]);
    let target_group = stack.record("a.yaml", "services.web.target_group@us-east-1")["id"].clone();
    stack.applies("b.yaml", &[]);
    assert_eq!(stack.record("b.yaml", "services.web.target_group@us-east-1")["id"], target_group);
    stack.applies("a.yaml", &[]);
    stack.ends("a.yaml");
}

#[test]
fn instances_on_another_port_serve_before_the_requests_come_to_them() {
    let stack = Transition::of("fleet-port");
    stack.applies("a.yaml", &[]);
    stack.applies("b.yaml", &[]);
    let rule = "fleets.box.rule@us-east-1";
    stack.comes_before("b.yaml", ("serving", "", "fleets.box@us-east-1"), ("step_started", "update", rule));
    stack.comes_before("b.yaml", ("step_done", "update", rule), ("step_started", "delete", "fleets.box@us-east-1"));
    stack.comes_before(
        "b.yaml",
        ("step_done", "update", rule),
        ("step_started", "delete", "fleets.box.target_group@us-east-1"),
    );
    let before = stack.ids("b.yaml");
    stack.goes_back(("a.yaml", "b.yaml"), &before, &[5]);
    stack.ends("b.yaml");
}

#[test]
fn requests_of_an_api_move_to_a_balancer_that_serves_before_the_old_one_goes() {
    let stack = Transition::of("public-behind-api");
    stack.applies("a.yaml", &[]);
    stack.applies("b.yaml", &[]);
    let stage = "apis.shop.stage@us-east-1";
    for block in ["services.web", "fleets.box"] {
        let address = format!("{block}@us-east-1");
        stack.comes_before("b.yaml", ("serving", "", &address), ("step_started", "update", stage));
    }
    stack.applies("a.yaml", &[]);
    stack.ends("a.yaml");
}

#[test]
fn a_network_with_other_addresses_stands_beside_the_old_one_until_it_serves() {
    let stack = Transition::of("cidr-taken-back");
    stack.applies("a.yaml", &[]);
    stack.applies("b.yaml", &[]);
    let serves = ("step_done", "replace", "services.web@us-east-1");
    for part in ["internet_gateway", "nat.use1-az1", "address.use1-az1", "private_routes.use1-az1", "vpc"] {
        let address = format!("network.{part}@us-east-1");
        stack.comes_before("b.yaml", serves, ("step_started", "delete", &address));
    }
    stack.applies("c.yaml", &[]);
    stack.ends("c.yaml");
}

#[test]
fn a_network_that_was_to_be_replaced_is_taken_back_after_any_call() {
    let stack = Transition::of("cidr-taken-back");
    stack.applies("a.yaml", &[]);
    let before = stack.ids("a.yaml");
    for call in [1, 3, 8, 14, 22, 30] {
        if stack.is_killed("b.yaml", call) {
            stack.applies("c.yaml", &[]);
            stack.is_as(&before, "c.yaml", &format!("after call {call}"));
        }
    }
    stack.ends("c.yaml");
}

#[test]
fn requests_come_back_to_the_group_that_stays_when_nothing_shifts_them_any_more() {
    let stack = Transition::of("deploy-strategy");
    stack.applies("a.yaml", &[]);
    // The requests are in the other group now.
    stack.applies("b.yaml", &[]);
    stack.applies("c.yaml", &[]);
    stack.applies("b.yaml", &[]);
    for call in [1, 2, 3, 4] {
        stack.is_killed("c.yaml", call);
        stack.applies("b.yaml", &[]);
    }
    stack.ends("b.yaml");
}

#[test]
fn a_balancer_whose_group_stays_goes_before_the_new_one_comes() {
    let stack = Transition::of("raw-balancer-renamed");
    stack.applies("a.yaml", &[]);
    stack.applies("b.yaml", &[]);
    assert!(stack.is_killed("a.yaml", 1));
    stack.applies("b.yaml", &[]);
    stack.ends("b.yaml");
}

#[test]
fn a_renamed_block_whose_parts_were_to_be_replaced_goes_back_to_its_name_with_what_serves() {
    let stack = Transition::of("rename-taken-back");
    stack.applies("a.yaml", &[]);
    let before = stack.ids("a.yaml");
    stack.goes_back(("b.yaml", "a.yaml"), &before, &[1, 4, 6, 9]);
    stack.ends("a.yaml");
}

#[test]
fn a_queue_that_was_to_be_replaced_under_another_name_is_there_when_the_name_comes_back() {
    let stack = Transition::of("rename-of-a-queue-taken-back");
    stack.applies("a.yaml", &[]);
    let before = stack.ids("a.yaml");
    stack.goes_back(("b.yaml", "a.yaml"), &before, &[1]);
    stack.ends("a.yaml");
}

#[test]
fn a_policy_in_use_is_not_deleted_before_the_new_one_comes() {
    let stack = Transition::of("policy-in-use");
    stack.applies("a.yaml", &[]);
    let said = stack.refuses("b.yaml", &[]);
    assert!(said.contains("AWS deletes none that `resources.role@us-east-1` uses"), "{said}");
    assert!(said.contains("give it another name as well"), "{said}");
    stack.ends("a.yaml");
}

#[test]
fn what_is_left_out_of_a_run_goes_on_using_what_was_replaced() {
    let stack = Transition::of("part-of-a-stack");
    stack.applies("a.yaml", &[]);
    let part = ["apply", "--local", "--yes", "--exclude", "apis.*", "b.yaml"];
    let (_, requests) = watched(&stack.world, || stack.world.isobar(&part).exits(0));
    requests.is_whole("without the API");
    stack.applies("b.yaml", &[]);
    stack.ends("b.yaml");
}
