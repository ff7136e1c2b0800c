//! What a caller should do about a failed call to a queue or a store.

/// The decision an error asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// It did not happen; the same call may succeed later.
    Transient,
    /// It did not happen and the same call never will.
    Permanent,
    /// It may have happened: repeat it only where a repeat is harmless.
    Indeterminate,
}
