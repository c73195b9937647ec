//! Facts of an AWS service that all its calls depend on, stated once in the service's folder under `kinds/`.

/// One service. Most are like [`Service::DEFAULT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Service {
    /// Its name in the names of kinds, as the SDK spells it, such as `sns` in `sns.Topic`.
    pub name: &'static str,
    /// Called in the home region, because its resources and limits are those of the whole account.
    pub global: bool,
    /// The most operations that run at once in one region.
    pub concurrent: usize,
    /// The calls that AWS counts together when it throttles.
    pub throttled: Throttled,
}

/// The calls that AWS counts together when it throttles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Throttled {
    /// Each operation by itself, or a few.
    PerOperation,
    /// All operations of the service.
    Together,
}

impl Service {
    /// Regional, eight operations at once, throttled per operation.
    pub const DEFAULT: Self = Self { name: "", global: false, concurrent: 8, throttled: Throttled::PerOperation };
}
