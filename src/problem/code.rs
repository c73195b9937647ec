//! Codes of problems: one name for each rule that a stack file can break, with its explanation.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($code:ident = $name:literal: $explanation:literal,)*) => {
        /// A rule that a stack file can break. Its name is stable: scripts may look for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $explanation] $code,)*
        }

        impl Code {
            /// Every code, by name.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The name, as messages show it in brackets: `unknown-key`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// One sentence: the rule, or how it was broken.
            pub fn explanation(self) -> &'static str {
                match self {
                    $(Self::$code => $explanation,)*
                }
            }
        }
    };
}

codes! {
    AmiOfOneRegion = "ami-of-one-region": "A machine image belongs to one region, and the stack names the same image in another.",
    BadAmi = "bad-ami": "A machine image is neither an AMI id nor an SSM parameter.",
    BadCidr = "bad-cidr": "A range of addresses is not written as a range, or is too large or too small for a network.",
    BadClass = "bad-class": "A class of instances cannot be in a global database.",
    BadCode = "bad-code": "The code of a function is not a folder or a zip file that Lambda takes.",
    BadConsistency = "bad-consistency": "The consistency of a table does not fit its regions or its other settings.",
    BadEmail = "bad-email": "An address for notifications is not an e-mail address.",
    BadImage = "bad-image": "A container image has a name that no registry knows.",
    BadKey = "bad-key": "The key of a table or of an index has a form that DynamoDB does not take.",
    BadName = "bad-name": "A name cannot be part of an address or of a name in AWS.",
    BadReference = "bad-reference": "A reference in `${...}` does not follow the rules of references.",
    BadRoute = "bad-route": "A route is not a method and a path as API Gateway takes them.",
    BadSecret = "bad-secret": "A secret names neither a secret of Secrets Manager nor a parameter of Systems Manager.",
    BadSet = "bad-set": "A `--set` is not `NAME=VALUE`.",
    BadSize = "bad-size": "Fargate has no task size of this CPU and memory.",
    BadUserData = "bad-user-data": "The user data of a fleet is not a script that can be read from the stack's folder.",
    BadVersion = "bad-version": "The version of a database is not one of its engine, or cannot do what the file asks of it.",
    BadWitness = "bad-witness": "The witness region of a table does not fit its regions or its consistency.",
    CidrOverlap = "cidr-overlap": "Two networks have addresses in common.",
    CodeAndImage = "code-and-image": "A function has both a package and a container image.",
    CodeTooLarge = "code-too-large": "The code of a function is larger than Lambda takes.",
    CopyInOnePlace = "copy-in-one-place": "The state and its copy are in the same bucket or in the same region.",
    Cycle = "cycle": "Resources need each other in a circle, so that none can be created first.",
    DesiredAndScale = "desired-and-scale": "A fixed number of copies and a scaling policy contradict each other.",
    DuplicateAddress = "duplicate-address": "Two declarations have the same address.",
    DuplicateKey = "duplicate-key": "A map has the same key twice.",
    DuplicateRegion = "duplicate-region": "A region is listed twice.",
    DuplicateRoute = "duplicate-route": "Two routes of an API are the same.",
    EmptyFile = "empty-file": "The stack file holds nothing.",
    ForeignRegion = "foreign-region": "A region is used that the stack does not list under `regions`.",
    Headless = "headless": "A region keeps the data of a database, and has no instance to read it or to take over.",
    IncompleteOrder = "incomplete-order": "The order of a rollout leaves out regions of the stack.",
    Internal = "internal": "The types of this program contradict each other; please report it.",
    InvalidRegion = "invalid-region": "A region code is not one of AWS's.",
    KeyReference = "key-reference": "A key of a map holds a reference.",
    ManyDocuments = "many-documents": "The stack file holds more than one YAML document.",
    MissingCode = "missing-code": "The folder or file with a function's code does not exist.",
    MissingFile = "missing-file": "The stack file does not exist.",
    MissingKey = "missing-key": "A required key is missing.",
    MissingUserData = "missing-user-data": "The file with a fleet's user data does not exist.",
    MovedInUse = "moved-in-use": "`moved` names an old address that the file still declares.",
    NestedParameter = "nested-parameter": "A parameter's default refers to another parameter.",
    NoCidr = "no-cidr": "The network has no addresses in one of the stack's regions.",
    NoCode = "no-code": "A function has neither a package nor a container image.",
    NoLink = "no-link": "No selected zone of a region offers VPC links, which APIs need to reach a load balancer.",
    NoNetwork = "no-network": "Containers or instances have no network to run in.",
    NoPort = "no-port": "A service or fleet without a port cannot take requests or be scaled by them.",
    NoPublicSubnets = "no-public-subnets": "A public load balancer needs public subnets, and the network has none.",
    NoScript = "no-script": "Environment variables of a fleet need a script that sets them.",
    NoTag = "no-tag": "A container image without a tag or digest can be a different image tomorrow.",
    NoZone = "no-zone": "A domain needs a DNS zone, and the stack has none.",
    NotANumber = "not-a-number": "A number has a form that YAML or AWS does not take.",
    NotAvailable = "not-available": "The language has this key, but this version of Isobar does not support it yet.",
    NotByRegion = "not-by-region": "A value cannot differ by region.",
    NotHere = "not-here": "A reference leads to a resource that does not exist in that region.",
    NotManaged = "not-managed": "A setting belongs to a resource that this stack does not manage.",
    NotText = "not-text": "The stack file is not UTF-8 text.",
    OneOf = "one-of": "Exactly one of several keys must be set.",
    OutOfRange = "out-of-range": "A number is outside the range that AWS takes.",
    OutsideZone = "outside-zone": "A domain is not inside the stack's DNS zone.",
    OverQuota = "over-quota": "There is more of something than AWS allows, unless the account's quota was raised.",
    ParameterType = "parameter-type": "The value of a parameter is not of the type that it is used as.",
    PathConflict = "path-conflict": "Two routes name the same part of a path differently.",
    RecursiveAlias = "recursive-alias": "A YAML alias contains itself.",
    ReservedName = "reserved-name": "A name is one that AWS or an engine keeps for itself.",
    SameDomain = "same-domain": "Two APIs have the same domain.",
    SameName = "same-name": "Two resources of one kind would have the same name in AWS.",
    ScalesNothing = "scales-nothing": "A scaling block has no metric to scale by.",
    ServicesOnly = "services-only": "A scaling metric exists for services only.",
    SlowRoute = "slow-route": "A function may run longer than API Gateway waits for an answer.",
    Syntax = "syntax": "The stack file is not YAML.",
    TooDeep = "too-deep": "Maps and lists are nested deeper than any stack needs.",
    TooLarge = "too-large": "The stack file, or what its aliases expand to, is larger than any stack needs.",
    TooLong = "too-long": "A text or list is longer than AWS takes.",
    TooShort = "too-short": "A text or list is shorter than AWS takes.",
    UnknownAddress = "unknown-address": "A declaration refers to an address that nothing declares.",
    UnknownEndpoint = "unknown-endpoint": "A VPC endpoint has a name that is not known.",
    UnknownKey = "unknown-key": "A key is not part of the language or of the kind.",
    UnknownKind = "unknown-kind": "A raw resource is of a kind that this version does not know.",
    UnknownName = "unknown-name": "A name is not declared in the file.",
    UnknownOutput = "unknown-output": "A reference names an output that its resource does not have.",
    UnknownParameter = "unknown-parameter": "A parameter is used or set that the file does not declare.",
    UnknownReference = "unknown-reference": "A reference names nothing that the file declares.",
    UnknownRegion = "unknown-region": "`in` names a region that the stack does not have.",
    UnknownTag = "unknown-tag": "A YAML tag is not known.",
    UnknownZones = "unknown-zones": "The availability zones of a region are not known to this version.",
    UnreachableImage = "unreachable-image": "A container image cannot be pulled from a network without internet access.",
    UnreadableCode = "unreadable-code": "The code of a function cannot be read.",
    UnreadableFile = "unreadable-file": "A file cannot be read.",
    UnservedPath = "unserved-path": "A health check probes a path that no route serves.",
    UnsetParameter = "unset-parameter": "A parameter without a default has no value.",
    Unused = "unused": "A setting has no effect without another one.",
    Unwritable = "unwritable": "The package of a function cannot be written.",
    UserDataTooLarge = "user-data-too-large": "The user data of a fleet is larger than EC2 takes.",
    VarsFile = "vars-file": "A file of parameters cannot be used.",
    WrongAccess = "wrong-access": "`access` uses a word that its target does not take.",
    WrongForm = "wrong-form": "A text does not have the form that AWS takes.",
    WrongKey = "wrong-key": "A key of a map is not a plain text.",
    WrongMerge = "wrong-merge": "A YAML merge does not merge maps.",
    WrongType = "wrong-type": "A value is of the wrong type.",
    WrongValue = "wrong-value": "A value is not one of those that AWS takes.",
    YamlSyntax = "yaml-syntax": "A line is not YAML, and the mistake is a common one with a known remedy.",
}

/// A text that is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the code of a problem")]
pub struct UnknownCode(pub String);

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_come_back_from_their_names() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(code.explanation().ends_with('.'), "{code}");
        }
        assert_eq!("no-such".parse::<Code>(), Err(UnknownCode("no-such".into())));
    }
}
