//! Versions of engines: the form of each, and what a version can do.
//!
//! The first versions that can do something are from the guides of Aurora. Versions are withdrawn all the time, and
//! not in all regions on one day: that is AWS's to say.

use crate::stack::file::Engine;

/// A version of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    engine: Engine,
    /// What only a major upgrade changes: `16`, or `8.0` of MySQL.
    pub major: String,
    /// The numbers of Aurora: 16, 6 of `16.6`, and 3, 8, 2 of `8.0.mysql_aurora.3.08.2`.
    numbers: Vec<u32>,
    /// Whether it is one of Aurora `PostgreSQL` Limitless, which is a database of another sort.
    pub is_limitless: bool,
}

impl Version {
    /// The version that a text stands for, if it has the form that the engine's versions have.
    pub fn parse(engine: Engine, text: &str) -> Option<Self> {
        let plain = text.strip_suffix("-limitless").filter(|_| engine == Engine::AuroraPostgresql);
        let is_limitless = plain.is_some();
        let text = plain.unwrap_or(text);
        let numbers_of = |text: &str| text.split('.').map(|number| number.parse().ok()).collect::<Option<Vec<u32>>>();
        let (major, numbers) = match engine {
            Engine::AuroraPostgresql => {
                let numbers = numbers_of(text).filter(|numbers| numbers.len() == 2)?;
                (text.split('.').next()?.to_owned(), numbers)
            }
            Engine::AuroraMysql => {
                let (major, numbers) = text.split_once(".mysql_aurora.")?;
                numbers_of(major).filter(|numbers| numbers.len() == 2)?;
                (major.to_owned(), numbers_of(numbers).filter(|numbers| numbers.len() == 3)?)
            }
        };
        Some(Self { engine, major, numbers, is_limitless })
    }

    /// The form of the engine's versions, as a message shows it.
    pub fn example(engine: Engine) -> &'static str {
        match engine {
            Engine::AuroraPostgresql => "\"16.8\"",
            Engine::AuroraMysql => "8.0.mysql_aurora.3.08.2",
        }
    }

    /// The family of its parameter groups.
    pub fn family(&self) -> String {
        format!("{}{}", self.engine.word(), self.major)
    }

    /// The first version that can be global, if this one cannot.
    pub fn too_old_for_global(&self) -> Option<String> {
        match self.engine {
            Engine::AuroraPostgresql => self.before(&[(11, 9), (12, 4), (13, 3), (14, 3), (15, 2), (16, 1), (17, 4)]),
            Engine::AuroraMysql => (self.numbers < vec![2, 7, 0]).then(|| "5.7.mysql_aurora.2.07.0".to_owned()),
        }
    }

    /// The first version that forwards writes, if this one does not.
    pub fn too_old_for_forwarding(&self) -> Option<String> {
        match self.engine {
            Engine::AuroraPostgresql => self.before(&[(14, 9), (15, 4), (16, 0)]),
            Engine::AuroraMysql => (self.numbers < vec![2, 8, 1]).then(|| "5.7.mysql_aurora.2.08.1".to_owned()),
        }
    }

    /// The least capacity that a serverless instance can have.
    pub fn least_capacity(&self) -> f64 {
        let pauses = match self.engine {
            Engine::AuroraPostgresql => self.is_since(&[(13, 15), (14, 12), (15, 7), (16, 3)]),
            Engine::AuroraMysql => self.numbers >= vec![3, 8, 0],
        };
        if pauses { 0.0 } else { 0.5 }
    }

    /// The most capacity that a serverless instance can have.
    pub fn most_capacity(&self) -> f64 {
        let is_large = match self.engine {
            Engine::AuroraPostgresql => self.is_since(&[(13, 13), (14, 10), (15, 5), (16, 1)]),
            Engine::AuroraMysql => self.numbers >= vec![3, 6, 0],
        };
        if is_large { 256.0 } else { 128.0 }
    }

    /// Whether a version has it, by the first minor version of each major one; later major versions all have it.
    fn is_since(&self, since: &[(u32, u32)]) -> bool {
        let [major, minor] = self.numbers[..] else { return false };
        let first = since.iter().find(|(known, _)| *known == major).map(|(_, first)| *first);
        let latest = since.last().is_some_and(|(latest, _)| major > *latest);
        first.map_or(latest, |first| minor >= first)
    }

    /// The first version that has it, from this one on, if this one has not.
    fn before(&self, since: &[(u32, u32)]) -> Option<String> {
        if self.is_since(since) {
            return None;
        }
        let first = since.iter().find(|(major, _)| self.numbers.first().is_none_or(|own| major >= own));
        first.map(|(major, minor)| format!("{major}.{minor}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(text: &str) -> Version {
        Version::parse(Engine::AuroraPostgresql, text).expect("a version")
    }

    fn mysql(text: &str) -> Version {
        Version::parse(Engine::AuroraMysql, text).expect("a version")
    }

    #[test]
    fn versions_have_the_form_of_their_engine() {
        let of = |engine, text| Version::parse(engine, text).map(|version| version.family());
        assert_eq!(of(Engine::AuroraPostgresql, "16.8").as_deref(), Some("aurora-postgresql16"));
        assert_eq!(of(Engine::AuroraMysql, "8.0.mysql_aurora.3.08.2").as_deref(), Some("aurora-mysql8.0"));
        for text in ["16", "16.8.1", "x", "8.0.mysql_aurora.3.08.2", ""] {
            assert_eq!(of(Engine::AuroraPostgresql, text), None, "{text}");
        }
        for text in ["8.0", "3.08.2", "16.8", "8.0.mysql_aurora.3.08", "8.mysql_aurora.3.08.2"] {
            assert_eq!(of(Engine::AuroraMysql, text), None, "{text}");
        }
    }

    #[test]
    fn the_first_version_that_can_is_named_for_those_that_cannot() {
        let global = |text| postgres(text).too_old_for_global();
        assert_eq!(
            [global("10.14"), global("15.1"), global("16.8"), global("18.1")],
            [Some("11.9".into()), Some("15.2".into()), None, None]
        );
        let forwards = |text| postgres(text).too_old_for_forwarding();
        assert_eq!(
            [forwards("14.8"), forwards("13.9"), forwards("15.4"), forwards("17.4")],
            [Some("14.9".into()), Some("14.9".into()), None, None]
        );
        assert_eq!(
            mysql("5.7.mysql_aurora.2.07.10").too_old_for_forwarding().as_deref(),
            Some("5.7.mysql_aurora.2.08.1")
        );
        assert_eq!(mysql("8.0.mysql_aurora.3.04.3").too_old_for_forwarding(), None);
    }

    #[test]
    fn capacity_is_bounded_by_the_version() {
        let of = |version: Version| (version.least_capacity(), version.most_capacity());
        assert_eq!(
            [of(postgres("16.8")), of(postgres("15.4")), of(postgres("12.9"))],
            [(0.0, 256.0), (0.5, 128.0), (0.5, 128.0)]
        );
        assert_eq!(
            [of(mysql("8.0.mysql_aurora.3.08.2")), of(mysql("8.0.mysql_aurora.3.04.3"))],
            [(0.0, 256.0), (0.5, 128.0)]
        );
    }
}
