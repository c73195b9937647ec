//! Tags of resources: the user's, the owner's and AWS's own.

use std::collections::BTreeMap;

use crate::names::Owner;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The user's tags and the owner's, for a create call.
pub fn with_owner(tags: Option<&Tags>, owner: &Owner) -> Tags {
    let ours = owner.tags().into_iter().map(|(key, value)| (key.to_owned(), value));
    tags.cloned().unwrap_or_default().into_iter().chain(ours).collect()
}

/// The user's tags among all tags of a resource: without the owner's and without AWS's own.
pub fn live_tags(all: impl IntoIterator<Item = (String, String)>) -> Tags {
    all.into_iter().filter(|(key, _)| !key.starts_with("isobar:") && !key.starts_with("aws:")).collect()
}

/// The difference from the live tags to the wanted ones: tags to set and keys to remove. None if tags are not managed.
pub fn tag_changes(live: Option<&Tags>, wanted: Option<&Tags>) -> (Tags, Vec<String>) {
    let (Some(wanted), empty) = (wanted, Tags::new()) else { return (Tags::new(), Vec::new()) };
    let live = live.unwrap_or(&empty);
    let set = wanted.iter().filter(|(key, value)| live.get(*key) != Some(value));
    let unset = live.keys().filter(|key| !wanted.contains_key(*key));
    (set.map(|(key, value)| (key.clone(), value.clone())).collect(), unset.cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_what_differs_is_changed() {
        let (set, unset) = tag_changes(
            Some(&tags(&[("a", "1"), ("b", "1"), ("c", "1")])),
            Some(&tags(&[("a", "1"), ("b", "2"), ("d", "1")])),
        );
        assert_eq!(set, tags(&[("b", "2"), ("d", "1")]));
        assert_eq!(unset, ["c"]);
        assert_eq!(tag_changes(Some(&tags(&[("a", "1")])), None), (Tags::new(), vec![]));
    }
}
