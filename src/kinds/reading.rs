//! Reads of many resources, ids of created ones, and values that an update has to send.

use std::future::Future;

use futures::future::try_join_all;

use super::{Found, Kind};
use crate::aws::Result;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::names::PhysicalId;

/// Reads resources one by one, all at once: for services without a call that describes many.
pub(super) async fn read_each<'a, K, F>(
    requests: &'a [ReadRequest],
    read: impl Fn(&'a ReadRequest) -> F,
) -> Result<Vec<Option<Found<K>>>>
where
    K: Kind,
    F: Future<Output = Result<Option<Found<K>>>>,
{
    try_join_all(requests.iter().map(read)).await
}

/// The id of what a call has created.
///
/// # Errors
/// If the answer has none: the resource may be there, and is then searched for by its owner, never recorded without an
/// id.
pub(super) fn created(operation: &str, id: Option<String>) -> Result<PhysicalId> {
    let id = required(operation, "the id of what it created", id).map(PhysicalId::new);
    id.map_err(|error| CloudError { maybe_done: true, ..error })
}

/// A text that AWS always gives, such as an ARN.
///
/// # Errors
/// If the answer has none: an empty one would be recorded and referred to.
pub(super) fn required(operation: &str, what: &str, text: Option<String>) -> Result<String> {
    let missing = || CloudError::local(Class::Server, operation, format!("AWS answered without {what}"));
    text.filter(|text| !text.is_empty()).ok_or_else(missing)
}

/// The wanted value, if there is one and AWS has another: what an update has to send.
#[expect(clippy::ref_option, reason = "fields of specs are passed as they are: `changed(&from.name, &to.name)`")]
pub(super) fn changed<'a, T: PartialEq>(live: &Option<T>, wanted: &'a Option<T>) -> Option<&'a T> {
    wanted.as_ref().filter(|wanted| live.as_ref() != Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_without_an_id_are_errors_that_may_have_been_done() {
        for none in [None, Some(String::new())] {
            let error = created("sns:CreateTopic", none).expect_err("no id");
            assert!(error.maybe_done && error.class.is_transient(), "{error:?}");
        }
        assert_eq!(created("sns:CreateTopic", Some("a".into())).expect("an id").as_str(), "a");
    }

    #[test]
    fn answers_without_a_required_text_are_errors() {
        for none in [None, Some(String::new())] {
            let error = required("ecs:DescribeClusters", "the ARN of the cluster", none).expect_err("no ARN");
            assert_eq!(error.message, "AWS answered without the ARN of the cluster");
        }
        assert_eq!(required("ecs:DescribeClusters", "the ARN", Some("arn".into())), Ok("arn".to_owned()));
    }

    #[test]
    fn unmanaged_and_equal_values_are_not_sent() {
        assert_eq!(changed(&Some(1), &None), None);
        assert_eq!(changed(&Some(1), &Some(1)), None);
        assert_eq!(changed(&None, &Some(1)), Some(&1));
    }
}
