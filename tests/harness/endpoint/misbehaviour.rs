//! The ways in which an endpoint misbehaves, in one table: name, wire forms that have it, whose fault an
//! episode's end must be when it always happens, and what is to be seen on the wire.

use std::fmt;
use std::str::FromStr;

use proto::record::AgentFault;

use super::prompt::Form;

/// What must become of an episode whose every request meets a misbehaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The agent is answerable, for this.
    Agent(AgentFault),
    /// The episode is scored: what the model did is carried out as it stands, whatever comes of it.
    Scored,
    /// Nobody is scored: the service failed.
    Infrastructure,
    /// The episode goes as if nothing were wrong.
    Harmless,
}

macro_rules! misbehaviours {
    ($($variant:ident = $name:literal, $forms:expr, $expected:expr, $does:literal;)*) => {
        /// A way to misbehave.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Misbehaviour {
            $(#[doc = $does] $variant,)*
        }

        impl Misbehaviour {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            fn row(self) -> (&'static str, &'static [Form], Expected, &'static str) {
                match self {
                    $(Self::$variant => ($name, $forms, $expected, $does),)*
                }
            }
        }
    };
}

const BOTH: &[Form] = &[Form::OpenAi, Form::Anthropic];
const OPENAI: &[Form] = &[Form::OpenAi];
const ANTHROPIC: &[Form] = &[Form::Anthropic];

use AgentFault::{ContentRefusal, ContextOverflow, EmptyReply, MalformedArguments, UnknownTool};
use Expected::{Agent, Harmless, Infrastructure, Scored};

misbehaviours! {
    ConnectRefused = "connect-refused", BOTH, Infrastructure, "Nobody listens at the port; open connections are closed.";
    Silence = "silence", BOTH, Infrastructure, "The request is read and never answered.";
    HeadersThenSilence = "headers-then-silence", BOTH, Infrastructure, "The head of an answer, and then nothing.";
    Drip = "drip", BOTH, Infrastructure, "A body of a megabyte, a byte at a time.";
    CutBeforeHeaders = "cut-before-headers", BOTH, Infrastructure, "The connection ends in place of an answer.";
    Reset = "reset", BOTH, Infrastructure, "The connection is reset in place of an answer.";
    CutMidBody = "cut-mid-body", BOTH, Infrastructure, "The connection ends in the middle of the body.";
    ContentLengthLong = "content-length-long", BOTH, Infrastructure, "The head promises more bytes than there are; the connection ends.";
    ContentLengthShort = "content-length-short", BOTH, Infrastructure, "The head promises fewer bytes than there are; the rest follows on the open connection.";
    ChunkedCut = "chunked-cut", BOTH, Infrastructure, "A chunked body whose last chunk never comes.";
    ChunkedGarbage = "chunked-garbage", BOTH, Infrastructure, "A chunked body with a chunk whose size is no number.";
    NotHttp = "not-http", BOTH, Infrastructure, "The greeting of another protocol.";

    Http400 = "http-400", BOTH, Infrastructure, "Bad request.";
    Http401 = "http-401", BOTH, Infrastructure, "The key is refused.";
    Http403 = "http-403", BOTH, Infrastructure, "The key may not use the model.";
    Http404 = "http-404", BOTH, Infrastructure, "There is no such model.";
    Http408 = "http-408", BOTH, Infrastructure, "The request took too long to arrive.";
    Http409 = "http-409", BOTH, Infrastructure, "A conflict.";
    Http413 = "http-413", BOTH, Infrastructure, "The request is too large; the body is empty.";
    Http422 = "http-422", BOTH, Infrastructure, "The request can't be processed.";
    Http429 = "http-429", BOTH, Infrastructure, "Too many requests, without saying when to come back.";
    Http429Seconds = "http-429-seconds", BOTH, Infrastructure, "Too many requests; `Retry-After` in seconds.";
    Http429Date = "http-429-date", BOTH, Infrastructure, "Too many requests; `Retry-After` as a date.";
    Http429Later = "http-429-later", BOTH, Infrastructure, "Too many requests; `Retry-After` says 25 seconds, each time anew.";
    Http500 = "http-500", BOTH, Infrastructure, "An error of the server.";
    Http502Html = "http-502-html", BOTH, Infrastructure, "A gateway's error page.";
    Http503Stalled = "http-503-stalled", BOTH, Infrastructure, "Overloaded; the body of the error does not come to an end.";
    Http503Seconds = "http-503-seconds", BOTH, Infrastructure, "The model is being loaded; `Retry-After` in seconds.";
    Http504 = "http-504", BOTH, Infrastructure, "A gateway's timeout.";
    Http529 = "http-529", BOTH, Infrastructure, "Overloaded.";
    RedirectLoop = "redirect-loop", BOTH, Infrastructure, "A redirection to the same place.";

    HtmlPage = "html-page", BOTH, Infrastructure, "200 with a login page.";
    ErrorBody = "error-body", BOTH, Infrastructure, "200 with an error as its body.";
    EmptyBody = "empty-body", BOTH, Infrastructure, "200 with no body.";
    NoChoices = "no-choices", BOTH, Infrastructure, "200 with an empty `choices`, or without `content`.";
    TruncatedJson = "truncated-json", BOTH, Infrastructure, "A whole body whose JSON ends in the middle.";
    InvalidUtf8 = "invalid-utf8", BOTH, Infrastructure, "Bytes in the text that are not UTF-8.";
    GzipGarbage = "gzip-garbage", BOTH, Infrastructure, "A body said to be compressed that is neither that nor JSON.";
    OddParts = "odd-parts", BOTH, Infrastructure, "An answer whose content is a list of nothing that is a part.";
    NullCall = "null-call", OPENAI, Infrastructure, "An answer whose list of calls holds a null.";
    Aborted = "aborted", OPENAI, Infrastructure, "The server broke off: `finish_reason` is `abort`.";
    DeepJson = "deep-json", BOTH, Infrastructure, "100,000 arrays, each in the one before.";
    Runaway = "runaway", BOTH, Infrastructure, "A text of 10 MiB, whatever `max_tokens` said.";

    Unparsable500 = "unparsable-500", OPENAI, Agent(EmptyReply), "500: llama.cpp can't read what its model wrote.";
    EmptyText = "empty-reply", BOTH, Agent(EmptyReply), "Neither text nor calls.";
    Length = "length", BOTH, Agent(EmptyReply), "The text is cut at the most tokens.";
    ContentFilter = "content-filter", OPENAI, Agent(ContentRefusal), "A filter took the answer away.";
    Filter400 = "content-filter-400", BOTH, Agent(ContentRefusal), "400: a filter took the prompt away, in the words of Azure or of Anthropic.";
    Refusal = "refusal", BOTH, Agent(ContentRefusal), "The model refuses, in the field or stop reason for it.";
    Overflow = "context-overflow", BOTH, Agent(ContextOverflow), "400: the prompt is too long, in the words of OpenAI or of Anthropic.";
    OverflowLlamaCpp = "context-overflow-llama-cpp", OPENAI, Agent(ContextOverflow), "400 `exceed_context_size_error`.";
    OverflowVllm = "context-overflow-vllm", OPENAI, Agent(ContextOverflow), "400 `BadRequestError` that names the context length.";
    OverflowStop = "context-overflow-stop", ANTHROPIC, Agent(ContextOverflow), "An answer that stops as the context is full.";
    BrokenArguments = "malformed-arguments", BOTH, Agent(MalformedArguments), "A call whose arguments are no JSON.";
    ListArguments = "arguments-not-object", BOTH, Agent(MalformedArguments), "A call whose arguments are a JSON list.";
    DeepArguments = "deep-arguments", OPENAI, Agent(MalformedArguments), "A call whose arguments hold 100,000 arrays, each in the one before.";
    StrangeTool = "unknown-tool", BOTH, Agent(UnknownTool), "A call of a tool that was not offered.";

    CallBesideText = "text-with-call", BOTH, Scored, "A call and a text for the user.";
    FortyCalls = "forty-calls", BOTH, Scored, "The same call forty times in one answer.";
    TwinIds = "twin-ids", BOTH, Scored, "The same call twice, with one id.";

    NoId = "no-id", BOTH, Harmless, "Calls without ids.";
    SameId = "same-id", BOTH, Harmless, "One id for every call of a conversation.";
    ObjectArguments = "object-arguments", OPENAI, Harmless, "Arguments as an object in place of its text.";
    StopWithCalls = "stop-with-calls", OPENAI, Harmless, "Calls whose `finish_reason` is `stop`.";
    EmptyTextWithCalls = "empty-text-with-calls", OPENAI, Harmless, "Calls beside an empty text in place of null.";
    ExtraFields = "extra-fields", BOTH, Harmless, "Fields that no documentation has.";
    AbsurdUsage = "absurd-usage", BOTH, Harmless, "Tokens below zero, and more than there are.";
    NoUsage = "no-usage", BOTH, Harmless, "No word of tokens.";
}

impl Misbehaviour {
    /// Its name, as plans of faults have it.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Whether this wire form has it.
    pub fn speaks(self, form: Form) -> bool {
        self.row().1.contains(&form)
    }

    /// What must become of an episode whose every request meets it.
    pub fn expected(self) -> Expected {
        self.row().2
    }

    /// What is to be seen on the wire.
    pub fn does(self) -> &'static str {
        self.row().3
    }
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no misbehaviour has.
#[derive(Debug, thiserror::Error)]
#[error("no misbehaviour is called `{0}`; `--list` prints them all")]
pub struct UnknownMisbehaviour(String);

impl FromStr for Misbehaviour {
    type Err = UnknownMisbehaviour;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.iter().copied();
        all.find(|known| known.name() == name)
            .ok_or_else(|| UnknownMisbehaviour(name.to_owned()))
    }
}
