//! Conditions of a rule, and how AWS's answer reads in the same form.

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig, PathPatternConditionConfig,
    QueryStringConditionConfig, QueryStringKeyValuePair, RuleCondition, SourceIpConditionConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::cloud::{Class, CloudError};

/// One condition: that one of its values fits. `*` stands for any characters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Paths, as they are written: capitals count.
    PathPattern(Vec<String>),
    /// Paths as regular expressions.
    PathPatternRegex(Vec<String>),
    /// Hosts.
    HostHeader(Vec<String>),
    /// Hosts as regular expressions.
    HostHeaderRegex(Vec<String>),
    /// Methods such as `GET`.
    HttpRequestMethod(Vec<String>),
    /// One header.
    HttpHeader(Header),
    /// Parameters of the query.
    QueryString(Vec<Parameter>),
    /// Addresses of callers, as CIDR blocks.
    SourceIp(Vec<String>),
}

/// A header and what it may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name, up to 40 characters; not `Host`.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
    /// Values that match. Exactly one of this and `regex_values` is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// Values that match, as regular expressions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex_values: Option<Vec<String>>,
}

/// A parameter of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name; any when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its value.
    pub value: String,
}

impl Condition {
    pub(super) fn to_aws(&self) -> RuleCondition {
        let of = |field: &str| RuleCondition::builder().field(field);
        match self {
            Self::PathPattern(all) => of("path-pattern")
                .path_pattern_config(PathPatternConditionConfig::builder().set_values(Some(all.clone())).build()),
            Self::PathPatternRegex(all) => of("path-pattern")
                .path_pattern_config(PathPatternConditionConfig::builder().set_regex_values(Some(all.clone())).build()),
            Self::HostHeader(all) => of("host-header")
                .host_header_config(HostHeaderConditionConfig::builder().set_values(Some(all.clone())).build()),
            Self::HostHeaderRegex(all) => of("host-header")
                .host_header_config(HostHeaderConditionConfig::builder().set_regex_values(Some(all.clone())).build()),
            Self::HttpRequestMethod(all) => of("http-request-method").http_request_method_config(
                HttpRequestMethodConditionConfig::builder().set_values(Some(all.clone())).build(),
            ),
            Self::HttpHeader(header) => of("http-header").http_header_config(
                HttpHeaderConditionConfig::builder()
                    .http_header_name(&header.name)
                    .set_values(header.values.clone())
                    .set_regex_values(header.regex_values.clone())
                    .build(),
            ),
            Self::QueryString(all) => {
                let pair = |one: &Parameter| {
                    QueryStringKeyValuePair::builder().set_key(one.key.clone()).value(&one.value).build()
                };
                let pairs = all.iter().map(pair).collect();
                of("query-string")
                    .query_string_config(QueryStringConditionConfig::builder().set_values(Some(pairs)).build())
            }
            Self::SourceIp(all) => of("source-ip")
                .source_ip_config(SourceIpConditionConfig::builder().set_values(Some(all.clone())).build()),
        }
        .build()
    }

    /// AWS tells values of paths and hosts twice, of which the second place is the old one.
    pub(super) fn from_aws(live: RuleCondition) -> Result<Self> {
        let some = |all: Option<Vec<String>>| all.filter(|all| !all.is_empty());
        let field = live.field.unwrap_or_default();
        let condition = match field.as_str() {
            "path-pattern" => {
                let (values, regex) =
                    live.path_pattern_config.map_or((None, None), |config| (config.values, config.regex_values));
                let regex = some(regex).or_else(|| some(live.regex_values));
                some(values).or_else(|| some(live.values)).map(Self::PathPattern).or(regex.map(Self::PathPatternRegex))
            }
            "host-header" => {
                let (values, regex) =
                    live.host_header_config.map_or((None, None), |config| (config.values, config.regex_values));
                let regex = some(regex).or_else(|| some(live.regex_values));
                some(values).or_else(|| some(live.values)).map(Self::HostHeader).or(regex.map(Self::HostHeaderRegex))
            }
            "http-request-method" => {
                live.http_request_method_config.and_then(|config| config.values).map(Self::HttpRequestMethod)
            }
            "http-header" => live.http_header_config.map(|config| {
                Self::HttpHeader(Header {
                    name: config.http_header_name.unwrap_or_default(),
                    values: some(config.values),
                    regex_values: some(config.regex_values),
                })
            }),
            "query-string" => live.query_string_config.map(|config| {
                let pair = |one: QueryStringKeyValuePair| Parameter {
                    key: one.key.filter(|key| !key.is_empty()),
                    value: one.value.unwrap_or_default(),
                };
                Self::QueryString(config.values.unwrap_or_default().into_iter().map(pair).collect())
            }),
            "source-ip" => live.source_ip_config.and_then(|config| config.values).map(Self::SourceIp),
            _ => None,
        };
        let unknown = || format!("AWS answers a condition we do not know: `{field}`");
        condition.ok_or_else(|| CloudError::local(Class::Other, "read", unknown()))
    }

    fn count(&self) -> usize {
        match self {
            Self::PathPattern(all)
            | Self::PathPatternRegex(all)
            | Self::HostHeader(all)
            | Self::HostHeaderRegex(all)
            | Self::HttpRequestMethod(all)
            | Self::SourceIp(all) => all.len(),
            Self::HttpHeader(header) => {
                header.values.iter().flatten().count() + header.regex_values.iter().flatten().count()
            }
            Self::QueryString(all) => all.len(),
        }
    }
}

/// Faults that the schema does not find.
pub(super) fn check(conditions: &[Condition]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            faults.push(words.to_owned());
        }
    };
    rule(conditions.iter().map(Condition::count).sum::<usize>() > 5, "a rule takes at most 5 values in its conditions");
    let paths = |one: &&Condition| matches!(one, Condition::PathPattern(_) | Condition::PathPatternRegex(_));
    let hosts = |one: &&Condition| matches!(one, Condition::HostHeader(_) | Condition::HostHeaderRegex(_));
    let methods = |one: &&Condition| matches!(one, Condition::HttpRequestMethod(_));
    let sources = |one: &&Condition| matches!(one, Condition::SourceIp(_));
    let twice = conditions.iter().filter(paths).count() > 1
        || conditions.iter().filter(hosts).count() > 1
        || conditions.iter().filter(methods).count() > 1
        || conditions.iter().filter(sources).count() > 1;
    rule(twice, "a rule takes at most one condition each of paths, hosts, methods and callers");
    let both = |one: &Condition| match one {
        Condition::HttpHeader(header) => header.values.is_some() == header.regex_values.is_some(),
        _ => false,
    };
    rule(conditions.iter().any(both), "`http_header` needs exactly one of `values` and `regex_values`");
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_as_they_were_sent() {
        let texts = || vec!["a".to_owned(), "b*".to_owned()];
        let header = |values, regex_values| Header { name: "X-Shop".to_owned(), values, regex_values };
        for condition in [
            Condition::PathPattern(texts()),
            Condition::PathPatternRegex(texts()),
            Condition::HostHeader(texts()),
            Condition::HostHeaderRegex(texts()),
            Condition::HttpRequestMethod(texts()),
            Condition::HttpHeader(header(Some(texts()), None)),
            Condition::HttpHeader(header(None, Some(texts()))),
            Condition::QueryString(vec![Parameter { key: None, value: "1".to_owned() }]),
            Condition::SourceIp(texts()),
        ] {
            assert_eq!(Condition::from_aws(condition.to_aws()), Ok(condition));
        }
    }
}
