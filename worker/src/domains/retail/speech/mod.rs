//! The words of the retail domain: its vocabulary, how a write is spelled out, and what a text names.

mod agreement;
mod explanation;
mod mention;
#[cfg(test)]
pub(crate) mod testing;
mod vocabulary;
mod wording;

pub use agreement::agrees;
pub use explanation::explain;
pub use mention::mentions;
pub use vocabulary::lexicon;
