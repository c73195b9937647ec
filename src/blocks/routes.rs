//! Routes of an API: `METHOD /path: functions.name`, or of a service or a fleet, read and checked by API Gateway's rules.

use std::collections::BTreeMap;

use super::block::{Registered, RouteTarget};
use super::expansion::{Expansion, Item};
use super::{BLOCKS, block_of};
use crate::problem::{Code, Problem, nearest};
use crate::stack::file::{Api, Stack};

const METHODS: [&str; 8] = ["ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// One route.
#[derive(Debug, Clone)]
pub(super) struct Route<'a> {
    /// Its method in capitals; `ANY` is every one.
    pub method: &'static str,
    /// Its path in parts; none for `/`.
    pub parts: Vec<Part<'a>>,
    /// Where it goes.
    pub target: Target<'a>,
    /// As it is written.
    key: &'a str,
}

/// Where a route goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// A function.
    Function(&'a str),
    /// A service or a fleet behind a load balancer, by its block and name, `services.checkout`.
    Balanced(&'a str),
}

/// One part of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part<'a> {
    /// Itself only.
    Literal(&'a str),
    /// `{name}`: anything without a slash.
    One(&'a str),
    /// `{name+}`: all that is left.
    Rest(&'a str),
}

impl<'a> Route<'a> {
    /// The function it goes to, if it goes to one.
    pub fn function(&self) -> Option<&'a str> {
        match self.target {
            Target::Function(name) => Some(name),
            Target::Balanced(_) => None,
        }
    }

    /// The path as API Gateway writes it.
    pub fn path(&self) -> String {
        let parts: Vec<String> = self.parts.iter().map(Part::written).collect();
        format!("/{}", parts.join("/"))
    }

    /// Whether a GET of this path comes here.
    fn serves(&self, path: &[&str]) -> bool {
        let rest = matches!(self.parts.last(), Some(Part::Rest(_)));
        let long_enough = if rest { path.len() >= self.parts.len() } else { path.len() == self.parts.len() };
        let fits = |(part, word): (&Part<'_>, &&str)| !matches!(part, Part::Literal(text) if text != word);
        matches!(self.method, "GET" | "ANY") && long_enough && self.parts.iter().zip(path).all(fits)
    }
}

impl Part<'_> {
    fn written(&self) -> String {
        match self {
            Self::Literal(text) => (*text).to_owned(),
            Self::One(name) => format!("{{{name}}}"),
            Self::Rest(name) => format!("{{{name}+}}"),
        }
    }
}

/// The routes of an API in one region; those that are wrong are reported and left out.
pub(super) fn read<'a>(cx: &mut Expansion<'a>, item: &Item<'_>, api: &'a Api, stack: &Stack) -> Vec<Route<'a>> {
    let mut routes = Vec::new();
    for (key, target) in &api.routes {
        let target = self::target(cx, item, key, target, stack);
        match parse(key) {
            Ok((method, parts)) => {
                routes.extend(target.map(|target| Route { method, parts, target, key }));
            }
            Err((message, help)) => {
                let span = cx.key(item, &item.path(["routes", key]));
                cx.report(Problem::new(Code::BadRoute, message).at(span).help(help));
            }
        }
    }
    check_together(cx, item, &mut routes);
    routes
}

/// Whether a GET of this path reaches any of the routes. What follows `?` is not part of a path.
pub(super) fn any_serves(routes: &[Route<'_>], path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    routes.iter().any(|route| route.serves(&words))
}

fn target<'a>(
    cx: &mut Expansion<'a>,
    item: &Item<'_>,
    key: &str,
    target: &'a str,
    stack: &Stack,
) -> Option<Target<'a>> {
    let at = cx.value(item, &item.path(["routes", key]));
    let found = block_of(target).and_then(|(block, name)| Some((name, (block.route_target)(stack, name)?)));
    match found {
        Some((name, RouteTarget::Function)) => return Some(Target::Function(name)),
        Some((_, RouteTarget::Balanced { port: Some(_) })) => return Some(Target::Balanced(target)),
        Some((_, RouteTarget::Balanced { port: None })) => {
            let problem = Problem::new(Code::NoPort, format!("`{target}` has no `port`, and takes no requests"));
            cx.report(problem.at(at).help(format!("add `port` to `{target}`")));
        }
        None => {
            let problem = Problem::new(Code::UnknownName, format!("`{target}` is not in this file"));
            cx.report(problem.at(at).help(suggestion(target, stack)));
        }
    }
    None
}

fn suggestion(target: &str, stack: &Stack) -> String {
    let takes_routes =
        |block: &&Registered| (block.entries)(stack).iter().any(|name| (block.route_target)(stack, name).is_some());
    let known: Vec<String> = BLOCKS.iter().filter(takes_routes).flat_map(|block| block.addresses(stack)).collect();
    let named = |name: &&String| name.split_once('.').is_some_and(|(_, name)| name == target);
    let near = known.iter().find(named).map(String::as_str);
    match near.or_else(|| nearest(target, known.iter().map(String::as_str))) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "add what it goes to under `functions`, `services` or `fleets`".to_owned(),
        None => format!("a route goes to one of {}", quoted(&known)),
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

type Wrong = (String, String);

fn parse(key: &str) -> Result<(&'static str, Vec<Part<'_>>), Wrong> {
    let words: Vec<&str> = key.split_whitespace().collect();
    let [method, path] = words.as_slice() else {
        return Err((format!("`{key}` is not a route"), "write a method and a path, such as `GET /carts/{id}`".into()));
    };
    let upper = method.to_uppercase();
    let Some(method) = METHODS.into_iter().find(|known| *known == upper) else {
        let help = nearest(method, METHODS)
            .map_or_else(|| format!("one of {}", METHODS.join(", ")), |near| format!("did you mean `{near}`?"));
        return Err((format!("`{method}` is not a method"), help));
    };
    let Some(path) = path.strip_prefix('/') else {
        return Err((format!("the path `{path}` does not begin with a slash"), format!("write `{method} /{path}`")));
    };
    let path = path.strip_suffix('/').unwrap_or(path);
    let parts: Vec<Part<'_>> =
        if path.is_empty() { Vec::new() } else { path.split('/').map(parse_part).collect::<Result<_, _>>()? };
    check_parts(&parts)?;
    Ok((method, parts))
}

fn parse_part(text: &str) -> Result<Part<'_>, Wrong> {
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'))
    };
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let part = match inner.map(|inner| (inner.strip_suffix('+'), inner)) {
        Some((Some(name), _)) if plain(name) => Part::Rest(name),
        Some((None, name)) if plain(name) => Part::One(name),
        None if plain(text) => Part::Literal(text),
        None if text.is_empty() => return Err(("a path with nothing between two slashes".into(), "remove one".into())),
        _ => {
            let help = "a part is letters, digits and `._-:`, or a parameter: `{name}`, at the end also `{name+}`";
            return Err((format!("`{text}` cannot be part of a path"), help.into()));
        }
    };
    Ok(part)
}

fn check_parts(parts: &[Part<'_>]) -> Result<(), Wrong> {
    for (at, part) in parts.iter().enumerate() {
        if matches!(part, Part::Rest(_)) && at + 1 < parts.len() {
            let message = format!("`{}` takes all that is left of a path, and more comes after it", part.written());
            return Err((message, "put it at the end, or leave out the `+`".into()));
        }
        let (Part::One(name) | Part::Rest(name)) = part else { continue };
        let before = parts[..at].iter().any(|other| matches!(other, Part::One(other) if other == name));
        if before {
            return Err((format!("`{name}` stands twice in one path"), "give each parameter its own name".into()));
        }
    }
    Ok(())
}

/// Rules between routes. One that breaks them is left out, so that it is reported once.
fn check_together<'a>(cx: &mut Expansion<'a>, item: &Item<'_>, routes: &mut Vec<Route<'a>>) {
    let mut taken: BTreeMap<(&str, String), &str> = BTreeMap::new();
    let mut variables: BTreeMap<String, (Part<'a>, &str)> = BTreeMap::new();
    routes.retain(|route| {
        let at = |key: &str| cx.key(item, &item.path(["routes", key]));
        let shape = shape(&route.parts);
        if let Some(first) = taken.insert((route.method, shape), route.key) {
            let problem = Problem::new(Code::DuplicateRoute, format!("`{}` is the same route as `{first}`", route.key));
            let problem = problem.at(at(route.key)).note(at(first), "the first one");
            cx.report(problem.help("remove one of them"));
            return false;
        }
        for (depth, part) in route.parts.iter().enumerate() {
            if matches!(part, Part::Literal(_)) {
                continue;
            }
            let parent = self::shape(&route.parts[..depth]);
            let (other, first) = *variables.entry(parent).or_insert((*part, route.key));
            if other != *part {
                let (one, two) = (part.written(), other.written());
                let problem =
                    Problem::new(Code::PathConflict, format!("`{one}` stands where another route has `{two}`"));
                let help = format!("API Gateway takes one parameter at each place: write `{two}` in both");
                cx.report(problem.at(at(route.key)).note(at(first), format!("`{two}` stands here")).help(help));
                return false;
            }
        }
        true
    });
}

/// A path in which the names of parameters do not matter.
fn shape(parts: &[Part<'_>]) -> String {
    let word = |part: &Part<'_>| match part {
        Part::Literal(text) => format!("/{text}"),
        Part::One(_) => "/{}".into(),
        Part::Rest(_) => "/{+}".into(),
    };
    parts.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(key: &str) -> Result<String, String> {
        parse(key)
            .map(|(method, parts)| {
                format!("{method} {}", Route { method, parts, target: Target::Function("f"), key }.path())
            })
            .map_err(|(message, _)| message)
    }

    #[test]
    fn routes_are_read_in_one_form() {
        for (written, read) in [
            ("GET /", "GET /"),
            ("get  /carts/", "GET /carts"),
            ("ANY /a/{id}/b.c/{proxy+}", "ANY /a/{id}/b.c/{proxy+}"),
        ] {
            assert_eq!(route(written), Ok(read.to_owned()));
        }
    }

    #[test]
    fn what_api_gateway_refuses_is_refused() {
        let bad = [
            "/carts",
            "GET",
            "GET carts",
            "FETCH /a",
            "GET /a//b",
            "GET /{}",
            "GET /a{id}",
            "GET /{p+}/a",
            "GET /{id}/{id}",
            "GET /a b",
            "GET /é",
            "GET /{a}{b}",
        ];
        for key in bad {
            assert!(route(key).is_err(), "{key}");
        }
    }

    #[test]
    fn a_path_is_served_by_what_would_get_it() {
        let read = |key: &'static str| {
            let (method, parts) = parse(key).expect("a route");
            Route { method, parts, target: Target::Function("f"), key }
        };
        let routes = [read("GET /a/{id}"), read("ANY /all/{rest+}"), read("POST /post"), read("GET /")];
        for path in ["/a/1", "/all/x/y", "/", "/a/1?deep=1"] {
            assert!(any_serves(&routes, path), "{path}");
        }
        for path in ["/a", "/a/1/2", "/all", "/post", "/b"] {
            assert!(!any_serves(&routes, path), "{path}");
        }
    }
}
