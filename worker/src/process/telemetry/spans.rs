//! The spans of the project with their names and attributes, in one place.
//!
//! Messaging follows version 1.44 of OpenTelemetry's semantic conventions, models follow version 1.41 of
//! those for generative AI. Both are marked as in development there: a later version is a change here.
//! Content of messages and conversations is in no attribute.

use proto::ids::{JobId, RunId};
use proto::queue::{Delivery, Headers, Message};
use proto::topology::{ATTEMPT_HEADER, INSTANCE_HEADER, Lane};
use tracing::field::{Empty, display};
use tracing::{Span, error_span, info_span};

use super::propagation;

/// What carries messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// A RabbitMQ broker.
    RabbitMq,
    /// The queue within a process.
    Memory,
}

impl System {
    fn name(self) -> &'static str {
        match self {
            Self::RabbitMq => "rabbitmq",
            Self::Memory => "memory",
        }
    }
}

/// How a delivery is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// Done with.
    Ack,
    /// To be delivered again.
    Retry,
    /// To the dead lane.
    Reject,
}

impl Settling {
    fn name(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Retry => "retry",
            Self::Reject => "reject",
        }
    }
}

/// The log lines of whoever carries out a run name it. No trace has this span: it would hold all the others.
pub fn run(run: RunId) -> Span {
    error_span!(target: "t2t", "run", t2t.run = %run)
}

/// Publishes a message: `publish LANE`. The message carries the span from now on.
pub fn publish(system: System, lane: Lane, message: &mut Message) -> Span {
    let span = info_span!(
        "publish",
        otel.name = format!("publish {}", lane.name()),
        otel.kind = "producer",
        otel.status_code = Empty,
        otel.status_description = Empty,
        messaging.system = system.name(),
        messaging.operation.name = "publish",
        messaging.operation.type = "send",
        messaging.destination.name = lane.queue(),
        messaging.message.id = %message.id,
        messaging.message.body.size = message.body.len(),
    );
    propagation::inject(&span, &mut message.headers);
    span
}

/// Works on a delivery: `process LANE`. It goes on with the trace of whoever published the message; for a
/// redelivery it begins one of its own, linked to that, since the trace may hold a try already.
pub fn process(system: System, delivery: &Delivery) -> Span {
    let (message, lane) = (delivery.message(), delivery.lane());
    let span = info_span!(
        parent: None,
        "process",
        otel.name = format!("process {}", lane.name()),
        otel.kind = "consumer",
        otel.status_code = Empty,
        otel.status_description = Empty,
        messaging.system = system.name(),
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = lane.queue(),
        messaging.message.id = %message.id,
        messaging.message.body.size = message.body.len(),
        t2t.run = Empty,
        t2t.job = %JobId(message.id),
        t2t.instance = message.headers.get(INSTANCE_HEADER),
        t2t.attempt = message.headers.get(ATTEMPT_HEADER).map_or("1", |number| number),
        t2t.redeliveries = delivery.redeliveries(),
    );
    if let Some(publisher) = propagation::extract(&message.headers) {
        if delivery.redeliveries() == 0 {
            publisher.adopt(&span);
        } else {
            publisher.link(&span);
        }
    }
    span
}

/// Names the run that the span which is entered belongs to, once it is known.
pub fn of_run(run: RunId) {
    Span::current().record("t2t.run", run.to_string());
}

/// Works on a delivery in a process of its own. It goes on with the trace of the process that took the
/// delivery.
pub fn supervised(trace: &Headers) -> Span {
    let span = info_span!(
        parent: None,
        "supervised",
        otel.name = "process in a child",
        otel.kind = "internal",
        otel.status_code = Empty,
        otel.status_description = Empty,
    );
    if let Some(parent) = propagation::extract(trace) {
        parent.adopt(&span);
    }
    span
}

/// Settles a delivery: `ack LANE`, `retry LANE` or `reject LANE`. A child of the span that is entered.
pub fn settle(system: System, delivery: &Delivery, how: Settling) -> Span {
    let lane = delivery.lane();
    info_span!(
        "settle",
        otel.name = format!("{} {}", how.name(), lane.name()),
        otel.kind = "client",
        otel.status_code = Empty,
        otel.status_description = Empty,
        messaging.system = system.name(),
        messaging.operation.name = how.name(),
        messaging.operation.type = "settle",
        messaging.destination.name = lane.queue(),
        messaging.message.id = %delivery.message().id,
    )
}

/// Asks a model: `chat MODEL`.
pub fn chat(provider: &str, model: &str) -> Span {
    info_span!(
        "chat",
        otel.name = format!("chat {model}"),
        otel.kind = "client",
        otel.status_code = Empty,
        otel.status_description = Empty,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = provider,
        gen_ai.request.model = model,
        gen_ai.response.model = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
    )
}

/// Says what a request to a model used.
pub fn used(chat: &Span, model: &str, input_tokens: u64, output_tokens: u64) {
    chat.record("gen_ai.response.model", model);
    chat.record("gen_ai.usage.input_tokens", input_tokens);
    chat.record("gen_ai.usage.output_tokens", output_tokens);
}

/// Calls a tool: `execute_tool TOOL`.
pub fn execute_tool(tool: &str) -> Span {
    info_span!(
        "execute_tool",
        otel.name = format!("execute_tool {tool}"),
        otel.kind = "internal",
        otel.status_code = Empty,
        otel.status_description = Empty,
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = tool,
    )
}

/// Marks one of these spans as failed. `why` must hold no secret and no content.
pub fn failed(span: &Span, why: impl std::fmt::Display) {
    span.record("otel.status_code", "error");
    span.record("otel.status_description", display(why));
}
