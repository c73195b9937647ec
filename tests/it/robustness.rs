//! Whatever stands in a stack file: it is loaded, or told what is wrong, at a place in the file. Never a panic.

use std::path::Path;

use isobar::render;
use isobar::stack::{self, Settings};
use proptest::prelude::*;

const GOOD: &str = r#"stack: storefront
account: "123456789012"
regions: [us-east-1, us-west-2]
tags: {team: commerce}
parameters:
  image_tag: {default: "1.4.2"}
  memory: {default: 256}
dns:
  zone: shop.example.com
  routing: latency
functions:
  recommend: &function
    image: public.ecr.aws/acme/recommend:${param.image_tag}
    memory: ${param.memory}
    timeout: 10s
    environment: {CARTS: "${tables.carts.name}", NOTE: 'it''s $${literal}'}
    access: {tables.carts: read}
    regions:
      us-west-2:
        memory: 512
        environment: {CARTS: null}
  second:
    <<: *function
    timeout: 20s
apis:
  public:
    domain: api.shop.example.com
    routes:
      GET /recommend: functions.recommend
      ANY /second/{proxy+}: functions.second
    throttle: {rate: 2000, burst: 4000}
tables:
  carts:
    key: {user_id: string, item_id: string}
    ttl: expires_at   # seconds
rollout:
  order: [us-west-2, us-east-1]
resources:
  jobs:
    kind: sns.Topic
    in: each-region
    properties:
      display_name: >-
        Jobs of
        the ${stack} é
"#;

/// A change that an editor, a merge or a slip could make.
#[derive(Debug, Clone)]
enum Edit {
    DeleteLine(usize),
    RepeatLine(usize),
    SwapLines(usize, usize),
    Indent(usize, usize),
    Insert(usize, String),
    Cut(usize, usize),
    Replace(usize, String),
    Truncate(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = 0..5_000_usize;
    let odd = prop_oneof![
        Just("\t".to_owned()),
        Just("\r\n".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("${".to_owned()),
        Just("${param.}".to_owned()),
        Just("*function".to_owned()),
        Just("&x".to_owned()),
        Just("<<: *function\n".to_owned()),
        Just("---\n".to_owned()),
        Just("!Sub ".to_owned()),
        Just("? ".to_owned()),
        Just("null".to_owned()),
        Just(".nan".to_owned()),
        Just("1e999".to_owned()),
        Just("us-est-1".to_owned()),
        "[\\[\\]{}:,#&*!|>'\"%@`$?~ -]{1,4}",
        "\\PC{1,6}",
        proptest::collection::vec(any::<char>(), 1..4).prop_map(|chars| chars.into_iter().collect()),
    ];
    prop_oneof![
        at.clone().prop_map(Edit::DeleteLine),
        at.clone().prop_map(Edit::RepeatLine),
        (at.clone(), at.clone()).prop_map(|(one, other)| Edit::SwapLines(one, other)),
        (at.clone(), 0..9_usize).prop_map(|(line, by)| Edit::Indent(line, by)),
        (at.clone(), odd.clone()).prop_map(|(at, text)| Edit::Insert(at, text)),
        (at.clone(), 1..30_usize).prop_map(|(at, length)| Edit::Cut(at, length)),
        (at.clone(), odd).prop_map(|(at, text)| Edit::Replace(at, text)),
        at.prop_map(Edit::Truncate),
    ]
}

fn boundary(text: &str, at: usize) -> usize {
    let at = at % (text.len() + 1);
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn apply(text: &str, edit: &Edit) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let count = lines.len().max(1);
    let mut text = text.to_owned();
    match edit {
        Edit::Insert(at, odd) => text.insert_str(boundary(&text, *at), odd),
        Edit::Truncate(at) => text.truncate(boundary(&text, *at)),
        Edit::Cut(at, length) => {
            let start = boundary(&text, *at);
            let end = boundary(&text, (start + length).min(text.len()));
            text.replace_range(start.min(end)..start.max(end), "");
        }
        Edit::Replace(at, odd) => {
            // The word at this place.
            let at = boundary(&text, *at);
            let is_space = |c: char| c.is_whitespace();
            let start = text[..at].rfind(is_space).map_or(0, |space| boundary(&text, space + 1));
            let end = text[at..].find(is_space).map_or(text.len(), |space| at + space);
            text.replace_range(start.min(end)..end, odd);
        }
        Edit::DeleteLine(line) if !lines.is_empty() => {
            lines.remove(line % count);
            text = lines.concat();
        }
        Edit::RepeatLine(line) if !lines.is_empty() => {
            let again = lines[line % count].clone();
            lines.insert(line % count, again);
            text = lines.concat();
        }
        Edit::SwapLines(one, other) if !lines.is_empty() => {
            lines.swap(one % count, other % count);
            text = lines.concat();
        }
        Edit::Indent(line, by) if !lines.is_empty() => {
            let line = &mut lines[line % count];
            *line = format!("{}{}", " ".repeat(*by), line.trim_start_matches(' '));
            text = lines.concat();
        }
        _ => {}
    }
    text
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let settings = Settings { set: vec!["image_tag=1.10".into()], ..Settings::default() };
    let (source, problems) = match stack::load_text("stack.yaml", text, Path::new("."), &settings) {
        Ok(loaded) => {
            prop_assert_eq!(loaded.by_region.len(), loaded.regions.len());
            for place in loaded.places.at.values() {
                prop_assert!(text.get(place.value.start..place.value.end).is_some(), "{:?}", place);
            }
            (Some(loaded.source), loaded.warnings)
        }
        Err(rejected) => {
            prop_assert!(!rejected.problems.is_empty());
            (rejected.source, rejected.problems)
        }
    };
    for problem in &problems {
        let spans = problem.notes.iter().filter_map(|(span, _)| *span).chain(problem.span);
        for span in spans {
            prop_assert!(text.get(span.start..span.end).is_some(), "{:?}", problem);
        }
    }
    let rendered = render::problems::problems(source.as_ref(), &problems, false);
    prop_assert_eq!(rendered.lines().filter(|line| line.starts_with("error[")).count(), problems.len().min(50));
    Ok(())
}

/// What the writer's own reader makes of a text is what we make of it, where both take it.
fn agrees(text: &str) -> Result<(), TestCaseError> {
    let text = &text.replace("<<: *function", "merged: *function");
    let theirs = serde_yaml::from_str::<serde_json::Value>(text);
    if let (Ok(theirs), Ok(ours)) = (theirs, stack::decode(text)) {
        // It does not merge, and thinks otherwise of where an anchor's name ends.
        let differs = text.contains("<<") || text.replace("&function", "").contains('&');
        prop_assert!(theirs == ours || differs, "{theirs}\n{ours}");
    }
    Ok(())
}

#[test]
fn the_unmutated_stack_has_no_problems() {
    let settings = Settings::default();
    let loaded = stack::load_text("stack.yaml", GOOD, Path::new("."), &settings);
    if let Err(rejected) = &loaded {
        panic!("{}", render::problems::problems(rejected.source.as_ref(), &rejected.problems, false));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_stack_is_loaded_or_its_problems_are_reported(edits in proptest::collection::vec(edit(), 1..5)) {
        let text = edits.iter().fold(GOOD.to_owned(), |text, edit| apply(&text, edit));
        check(&text)?;
        agrees(&text)?;
    }

    #[test]
    fn any_text_is_loaded_or_its_problems_are_reported(text in "([a-z${}\\[\\]:,&*!|>'\"#%@?<~. -]|\n|\t|\\PC){0,60}") {
        check(&text)?;
        agrees(&text)?;
    }
}
