//! What a process says of itself while it works: log lines on standard error, and traces to a collector
//! if one is named.
//!
//! [`spans`] makes the spans, [`propagation`] carries them from process to process in the headers of a
//! message, `export` sends them.

mod export;
pub mod propagation;
mod settings;
pub mod spans;

pub use settings::{ENDPOINT, Export, LOG, LogFormat, RATIO, Settings, TelemetryError, ratio};

use std::io::IsTerminal as _;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// How long the last spans may take on their way out.
pub const FLUSH: Duration = Duration::from_secs(3);

/// Crates whose spans are exported; those of libraries are not, or exporting would make spans.
const OURS: [&str; 3] = ["proto", "worker", "coordinator"];

/// Logs and traces of a process, until it is dropped.
#[derive(Debug)]
pub struct Telemetry {
    dispatch: Dispatch,
    spans: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Begins for the whole process, with log lines on standard error.
    ///
    /// # Errors
    /// When the filter can't be read, the collector's address can't be used, or the process has
    /// telemetry already.
    pub fn start(settings: &Settings) -> Result<Self, TelemetryError> {
        let telemetry = Self::to(settings, std::io::stderr)?;
        tracing::dispatcher::set_global_default(telemetry.dispatch.clone())
            .map_err(|_| TelemetryError::Twice)?;
        Ok(telemetry)
    }

    /// The same for whoever uses [`Self::dispatch`], with log lines to `writer`.
    ///
    /// # Errors
    /// When the filter can't be read, or the collector's address can't be used.
    pub fn to<W>(settings: &Settings, writer: W) -> Result<Self, TelemetryError>
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        let filter = settings.filter()?;
        let spans = settings
            .export
            .as_ref()
            .map(|export| export::provider(settings, export))
            .transpose()?;
        let traces = spans.as_ref().map(|spans| {
            let layer = tracing_opentelemetry::layer()
                .with_tracer(spans.tracer(settings.service))
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false);
            let ours = OURS.map(|target| (target, LevelFilter::INFO));
            layer.with_filter(Targets::new().with_targets(ours))
        });
        let logs = lines(settings.format, filter, writer);
        let subscriber = Registry::default().with(traces).with(logs);
        Ok(Self {
            dispatch: Dispatch::new(subscriber),
            spans,
        })
    }

    /// Where its events and spans go.
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// Sends what is left, for at most `limit`, and stops exporting. It blocks: call it when the
    /// runtime is done. Dropping does the same within [`FLUSH`].
    ///
    /// Whether everything was sent.
    pub fn finish(mut self, limit: Duration) -> bool {
        self.flush(limit)
    }

    fn flush(&mut self, limit: Duration) -> bool {
        let spans = self.spans.take();
        spans.is_none_or(|spans| spans.shutdown_with_timeout(limit).is_ok())
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.flush(FLUSH);
    }
}

/// The layer that writes log lines.
fn lines<S, W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
) -> Box<dyn Layer<S> + Send + Sync + 'static>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let plain = tracing_subscriber::fmt::layer().with_writer(writer);
    let json = match format {
        LogFormat::Text => false,
        LogFormat::Json => true,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    if json {
        let layer = plain.json().flatten_event(true);
        layer.with_filter(filter).boxed()
    } else {
        plain.with_filter(filter).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(settings: &Settings, work: impl FnOnce()) -> String {
        let paper = Paper::default();
        let writer = paper.clone();
        let telemetry = Telemetry::to(settings, move || writer.clone()).unwrap();
        tracing::dispatcher::with_default(telemetry.dispatch(), work);
        paper.text()
    }

    #[test]
    fn lines_are_text_or_json_and_of_the_level_asked_for() {
        let mut settings = Settings::new("t2t", "warn");
        let work = || {
            let _inside = tracing::error_span!("job", id = 7).entered();
            tracing::info!("a detail");
            tracing::warn!(seconds = 3, "slow");
        };
        settings.format = LogFormat::Text;
        let text = written(&settings, work);
        assert!(
            text.contains("WARN job{id=7}: worker::process::telemetry::tests: slow seconds=3"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
        settings.format = LogFormat::Json;
        settings.filter = Some("worker=info".to_owned());
        let text = written(&settings, work);
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{text}");
        let [level, message, seconds] = ["level", "message", "seconds"].map(|key| &lines[1][key]);
        assert_eq!(
            (level, message, seconds),
            (&"WARN".into(), &"slow".into(), &3.into())
        );
        assert_eq!(lines[1]["span"]["id"], 7, "{text}");
    }

    #[test]
    fn without_a_collector_there_is_nothing_to_flush() {
        let telemetry = Telemetry::to(&Settings::new("t2t", "warn"), std::io::sink).unwrap();
        assert!(telemetry.finish(Duration::ZERO));
    }
}
