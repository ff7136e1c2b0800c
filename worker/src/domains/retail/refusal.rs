//! Why a tool did nothing, or only a part.

use std::borrow::Cow;

/// The text of an error, without the `Error: ` that every caller reads before it.
///
/// Refusals of the tools themselves have the benchmark's text. Those of the Python interpreter
/// (wrong types, missing arguments) say the same thing, not always in the same words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub Cow<'static, str>);

impl Refusal {
    /// An error that Python itself would raise.
    pub fn python(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }
}

impl From<&'static str> for Refusal {
    fn from(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}
