//! Spans to a collector: OTLP over HTTP, in batches, from a thread of their own.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use super::settings::{Export, Settings, TelemetryError};
use crate::process::secret::{SecretUrl, redacted};
use crate::process::tls;

/// How long a batch may take; what a dead collector costs is spans, never work.
const BATCH: Duration = Duration::from_secs(10);

/// Sends the spans of a process. Its queue is bounded: spans beyond it are dropped, and that is logged.
pub(super) fn provider(
    settings: &Settings,
    export: &Export,
) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client(&export.endpoint)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(traces(&export.endpoint)?)
        .with_timeout(BATCH)
        .build()
        .map_err(|error| TelemetryError::Export(redacted(&error.to_string())))?;
    let resource = Resource::builder()
        .with_service_name(settings.service)
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", settings.instance.clone()),
        ])
        .build();
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(export.ratio)));
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(sampler)
        .with_batch_exporter(exporter)
        .build())
}

/// Where traces go at a collector.
fn traces(endpoint: &SecretUrl) -> Result<String, TelemetryError> {
    if !matches!(endpoint.scheme(), "http" | "https") {
        return Err(TelemetryError::Scheme(endpoint.clone()));
    }
    if endpoint.has_credentials() {
        return Err(TelemetryError::Credentials(endpoint.clone()));
    }
    Ok(format!(
        "{}/v1/traces",
        endpoint.expose().trim_end_matches('/')
    ))
}

/// A client that blocks, as the exporter's thread wants it. It is made in a thread of its own, since it
/// must not be made inside a runtime.
fn client(endpoint: &SecretUrl) -> Result<reqwest::blocking::Client, TelemetryError> {
    let plain = endpoint.scheme() == "http";
    let make = move || {
        tls::use_ring();
        let builder = reqwest::blocking::Client::builder().timeout(BATCH);
        // The system's certificates are read where they are needed; an image may have none.
        let builder = if plain {
            builder.tls_certs_only([])
        } else {
            builder
        };
        builder.build()
    };
    let made = std::thread::spawn(make).join();
    made.map_err(|_| TelemetryError::Export("the HTTP client panicked".to_owned()))?
        .map_err(|error| TelemetryError::Export(redacted(&error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_traces_is_added_once() {
        for (endpoint, wanted) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("https://c/otlp/", "https://c/otlp/v1/traces"),
        ] {
            assert_eq!(traces(&endpoint.parse().unwrap()).unwrap(), wanted);
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for (endpoint, said) in [
            ("grpc://c:4317", "grpc://c:4317; write http://HOST:4318"),
            ("http://me:word@c", "http://me:***@c/, holds credentials"),
        ] {
            let error = traces(&endpoint.parse().unwrap()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
