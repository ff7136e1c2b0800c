//! A world that tools act on.
//!
//! An environment is pure: no IO, no clock, no ambient randomness. Copying one costs as much as has
//! changed in it since its base world, never as much as the base is large.

use std::any::Any;
use std::fmt::Debug;

use proto::ids::StateId;
use proto::record::{Actor, Map, Observation};

/// One world of one domain, in some state.
pub trait Environment: Debug + Send + Sync {
    /// Uses the tool `name`. Whatever is wrong with the call (an unknown tool, missing or ill-typed
    /// arguments, a refusal) is an observation with `error` set.
    fn call(&mut self, actor: Actor, name: &str, arguments: &Map) -> Observation;

    /// Digest of the base id and of the entities that differ from the base. Over one base, equal
    /// states have equal ids, whatever path led there.
    fn state_id(&self) -> StateId;

    /// A copy that shares the base and everything unchanged.
    fn fork(&self) -> Box<dyn Environment>;

    /// The entities that differ from the base, encoded; the domain's `restore` takes it back.
    fn delta(&self) -> Vec<u8>;

    /// The domain's own type, for code of the same domain.
    fn as_any(&self) -> &dyn Any;
}
