//! The value of a secret, for the moment between two calls.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::aws::{Cx, Result};
use crate::cloud::{Class, CloudError};
use crate::kinds::arns::region_of;

/// A value of a secret. It cannot be printed, compared, copied or serialized, and is wiped when it is dropped.
pub(in crate::kinds) struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The value that a call has answered with.
    pub(super) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the call that takes it, and for nothing else.
    pub(in crate::kinds) fn reveal(&self) -> &str {
        &self.0
    }

    /// This password and a name, as the databases' rotation functions and clients read them.
    pub(super) fn with_username(&self, username: &str) -> Result<Self> {
        #[derive(Serialize)]
        struct Login<'a> {
            username: &'a str,
            password: &'a str,
        }
        // Every character may need an escape; a buffer that grows would leave parts of the password behind.
        let longest = 6 * (self.0.len() + username.len()) + 64;
        let mut buffer = Zeroizing::new(Vec::with_capacity(longest));
        let written = serde_json::to_writer(&mut *buffer, &Login { username, password: &self.0 });
        let text = written.ok().and_then(|()| String::from_utf8(std::mem::take(&mut *buffer)).ok());
        text.map(Self::new).ok_or_else(|| unreadable("it cannot be written as JSON"))
    }

    /// The password in this value: the whole text, or `password` of a JSON object.
    fn password(self, arn: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Login<'a> {
            #[serde(borrow)]
            password: Cow<'a, str>,
        }
        if !self.0.trim_start().starts_with('{') {
            return Ok(self);
        }
        // What the parser says may have parts of the value in it.
        let login: std::result::Result<Login<'_>, _> = serde_json::from_str(&self.0);
        match login {
            Ok(login) => Ok(Self::new(login.password.into_owned())),
            Err(_) => Err(unreadable(&format!("the value of {arn} is JSON without a text `password`"))),
        }
    }
}

/// The password that a secret holds: its current value, or `password` in it if that is JSON. Asked in the region of the
/// ARN.
pub(in crate::kinds) async fn value(cx: &Cx, arn: &str) -> Result<SecretText> {
    let cx = cx.in_region(&region_of(arn)?);
    let answer = cx.secretsmanager().get_secret_value().secret_id(arn).send().await?;
    let text = answer.secret_string.ok_or_else(|| unreadable(&format!("{arn} has no text as its current value")))?;
    SecretText::new(text).password(arn)
}

fn unreadable(message: &str) -> CloudError {
    CloudError {
        hint: Some("give the secret a value: a text, or JSON with `username` and `password`".to_owned()),
        ..CloudError::local(Class::Invalid, "secretsmanager:GetSecretValue", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trait that everything has once, and what is printable or serializable twice: then this does not compile.
    trait Ambiguous<A> {
        fn is_absent() {}
    }
    impl<T: ?Sized> Ambiguous<()> for T {}
    struct Debugged;
    impl<T: ?Sized + std::fmt::Debug> Ambiguous<Debugged> for T {}
    struct Displayed;
    impl<T: ?Sized + std::fmt::Display> Ambiguous<Displayed> for T {}
    struct Serialized;
    impl<T: ?Sized + Serialize> Ambiguous<Serialized> for T {}
    struct Cloned;
    impl<T: Clone> Ambiguous<Cloned> for T {}

    #[test]
    fn a_value_has_no_form_in_which_it_could_be_written_down() {
        <SecretText as Ambiguous<_>>::is_absent();
    }

    fn password(value: &str) -> std::result::Result<String, String> {
        let text = SecretText::new(value.to_owned()).password("arn:x");
        text.map(|text| text.reveal().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_login_is_read_as_it_was_written() {
        let secret = SecretText::new(r#"p"\s~€"#.to_owned());
        let login = secret.with_username("shop").expect("JSON");
        assert_eq!(login.reveal(), r#"{"username":"shop","password":"p\"\\s~€"}"#);
        assert_eq!(password(login.reveal()), Ok(r#"p"\s~€"#.to_owned()));
        assert_eq!(password("plain"), Ok("plain".to_owned()));
    }

    #[test]
    fn errors_do_not_repeat_the_value() {
        for value in [r#"{"pass": "hunter2"}"#, r#"{"password": 1, "x": "hunter2"}"#, r#"{"password": "hunter2"#] {
            let error = password(value).expect_err("no password");
            assert!(!error.contains("hunter2") && error.contains("arn:x"), "{error}");
        }
    }
}
