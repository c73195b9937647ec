//! Outputs of a database: what references to the block stand for, `${databases.orders.endpoint}`.

use serde_json::json;

use super::{database_name, home, port, user};
use crate::blocks::expansion::Expansion;
use crate::blocks::network;
use crate::names::Region;
use crate::value::Template;

/// The names of the outputs.
pub(super) const NAMES: [&str; 7] = ["endpoint", "reader", "writer", "port", "name", "user", "secret"];

/// An output as a reference to the resource that has it, or as what the file says.
///
/// - `endpoint`: this region's cluster, for writes where the writer is, and for writes that are forwarded;
/// - `reader`: the instances of this region that read;
/// - `writer`: whichever instance writes, in whichever region;
/// - `port`, `name`, `user`: as texts, for environment variables;
/// - `secret`: the ARN of the secret in this region.
pub(super) fn output(cx: &Expansion<'_>, region: &Region, name: &str, output: &str) -> Option<Template> {
    let database = cx.in_region(region).databases.get(name)?;
    let at = |rest: &str, region: &Region| format!("${{databases.{name}.{rest}@{region}}}");
    let written = match output {
        // Without a network there is no cluster, which is told already.
        "endpoint" | "reader" | "writer" if network::of(cx, region).is_none() => String::new(),
        "endpoint" => at("cluster.endpoint", region),
        "reader" => at("cluster.reader_endpoint", region),
        "writer" => at("member.endpoint", region),
        "port" => port(database).to_string(),
        "name" => database_name(cx, name, database),
        "user" => user(database).to_owned(),
        "secret" => match home(cx, database)? {
            home if home == region => at("secret.arn", home),
            home => at(&format!("secret.arns.{region}"), home),
        },
        _ => return None,
    };
    Template::parse(&json!(written)).ok()
}
