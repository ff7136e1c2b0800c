//! Trace context in the headers of a message, as the W3C writes it: `traceparent` and `tracestate`.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use proto::queue::Headers;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

struct Writing<'h>(&'h mut Headers);

impl Injector for Writing<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty state says nothing.
        if !value.is_empty() {
            self.0.insert(key.to_owned(), value);
        }
    }
}

struct Reading<'h>(&'h Headers);

impl Extractor for Reading<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

/// Writes the span into the headers of a message, over what they said of another. Without an exporter
/// there is nothing to write, and the headers stay as they are.
pub fn inject(span: &Span, headers: &mut Headers) {
    TraceContextPropagator::new().inject_context(&span.context(), &mut Writing(headers));
}

/// The span that the headers of a message tell of, if they do; headers that make no sense tell of none.
pub fn extract(headers: &Headers) -> Option<Remote> {
    let context =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Reading(headers));
    let known = context.span().span_context().is_valid();
    known.then_some(Remote(context))
}

/// A span of another process.
#[derive(Debug, Clone)]
pub struct Remote(Context);

impl Remote {
    /// Makes it the parent of a span that was not entered yet and has no child.
    pub fn adopt(&self, span: &Span) {
        // Fails where nothing is exported, and then there is no trace to be part of.
        drop(span.set_parent(self.0.clone()));
    }

    /// Names it as a cause of a span of another trace.
    pub fn link(&self, span: &Span) {
        span.add_link(self.span().clone());
    }

    fn span(&self) -> SpanContext {
        self.0.span().span_context().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn headers_tell_of_a_span_or_of_none() {
        let told = |text: &str| {
            let headers = Headers::from([("traceparent".to_owned(), text.to_owned())]);
            extract(&headers).map(|remote| {
                let span = remote.span();
                (
                    span.trace_id().to_string(),
                    span.span_id().to_string(),
                    span.is_sampled(),
                )
            })
        };
        let wanted = (
            "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
            "00f067aa0ba902b7".to_owned(),
            true,
        );
        assert_eq!(told(PARENT), Some(wanted));
        for nonsense in [
            "",
            "00-0-0-01",
            &PARENT[..40],
            &PARENT.replace('a', "x"),
            &format!("ff{}", &PARENT[2..]),
        ] {
            assert_eq!(told(nonsense), None, "{nonsense}");
        }
        assert!(extract(&Headers::new()).is_none());
    }

    #[test]
    fn without_an_exporter_headers_stay_as_they_are() {
        let mut headers = Headers::from([("traceparent".to_owned(), PARENT.to_owned())]);
        inject(&tracing::info_span!("nothing"), &mut headers);
        assert_eq!(headers["traceparent"], PARENT);
    }
}
