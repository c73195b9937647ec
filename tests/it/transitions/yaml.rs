//! Stack files as trees whose keys keep their order.

use serde_yaml::Mapping;

pub type Yaml = serde_yaml::Value;

/// A tree as it is written.
pub fn yaml(text: &str) -> Yaml {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub fn written(tree: &Yaml) -> String {
    serde_yaml::to_string(tree).expect("a text")
}

pub fn get<'a>(tree: &'a Yaml, path: &[&str]) -> Option<&'a Yaml> {
    path.iter().try_fold(tree, |tree, key| tree.get(*key))
}

pub fn text<'a>(tree: &'a Yaml, path: &[&str]) -> Option<&'a str> {
    get(tree, path)?.as_str()
}

pub fn is_true(tree: &Yaml, path: &[&str]) -> bool {
    get(tree, path).and_then(Yaml::as_bool) == Some(true)
}

/// The keys of a map, none if there is none.
pub fn keys(tree: &Yaml, path: &[&str]) -> Vec<String> {
    let map = get(tree, path).and_then(Yaml::as_mapping);
    map.into_iter().flat_map(Mapping::keys).filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

/// The texts of a list, none if there is none.
pub fn texts(tree: &Yaml, path: &[&str]) -> Vec<String> {
    let list = get(tree, path).and_then(Yaml::as_sequence);
    list.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Puts a value at a path; maps on the way are made.
pub fn set(tree: &mut Yaml, path: &[&str], value: Yaml) {
    let Some((first, rest)) = path.split_first() else {
        *tree = value;
        return;
    };
    if !tree.is_mapping() {
        *tree = Yaml::Mapping(Mapping::new());
    }
    let map = tree.as_mapping_mut().expect("a map");
    if !map.contains_key(*first) {
        map.insert((*first).into(), Yaml::Null);
    }
    set(map.get_mut(*first).expect("just made"), rest, value);
}

/// Takes out what is at a path, and the map that it leaves empty, but no more of them.
pub fn remove(tree: &mut Yaml, path: &[&str]) -> Option<Yaml> {
    let (last, before) = path.split_last()?;
    let map = before.iter().try_fold(&mut *tree, |tree, key| tree.get_mut(*key))?.as_mapping_mut()?;
    let gone = map.shift_remove(*last)?;
    if map.is_empty() && before.len() == 1 {
        remove(tree, before);
    }
    Some(gone)
}

/// Gives every text, keys included, to a function.
pub fn each_text(tree: &mut Yaml, change: &dyn Fn(&str) -> String) {
    match tree {
        Yaml::String(text) => *text = change(text),
        Yaml::Sequence(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Yaml::Mapping(map) => {
            for (mut key, mut value) in std::mem::take(map) {
                each_text(&mut key, change);
                each_text(&mut value, change);
                map.insert(key, value);
            }
        }
        _ => {}
    }
}

/// Every path of a tree that could be taken out, the outer ones first.
pub fn paths(tree: &Yaml, depth: usize) -> Vec<Vec<String>> {
    let mut level = vec![Vec::new()];
    let mut all = Vec::new();
    for _ in 0..depth {
        let inner = |path: &Vec<String>| {
            let at: Vec<&str> = path.iter().map(String::as_str).collect();
            keys(tree, &at).into_iter().map(|key| [path.clone(), vec![key]].concat()).collect::<Vec<_>>()
        };
        level = level.iter().flat_map(inner).collect();
        all.extend(level.iter().cloned());
    }
    all
}

#[test]
fn order_is_kept_and_what_is_left_empty_goes() {
    let mut tree = yaml("{tables: {t: {key: {user: string, at: number}}}, tags: {a: b}}");
    set(&mut tree, &["tables", "t", "ttl"], yaml("until"));
    assert_eq!(remove(&mut tree, &["tags", "a"]), Some(yaml("b")));
    each_text(&mut tree, &|text| text.replace("user", "zone"));
    assert_eq!(written(&tree), "tables:\n  t:\n    key:\n      zone: string\n      at: number\n    ttl: until\n");
    assert_eq!(paths(&tree, 2), [vec!["tables".to_owned()], vec!["tables".into(), "t".into()]]);
}
