//! What is logged and traced, and where it goes.

use std::str::FromStr;

use tracing_subscriber::filter::EnvFilter;

use crate::process::secret::{SecretUrl, UrlError};

/// Variable with the filter of log lines.
pub const LOG: &str = "T2T_LOG";
/// Variable with the address of a collector of traces.
pub const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Variable with the part of traces that is kept.
pub const RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// As text on a terminal, else as JSON.
    #[default]
    Auto,
    /// For people.
    Text,
    /// For programs: one object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = TelemetryError;

    fn from_str(text: &str) -> Result<Self, TelemetryError> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(TelemetryError::Format(text.to_owned())),
        }
    }
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// A collector that takes OTLP over HTTP; `/v1/traces` is added.
    pub endpoint: SecretUrl,
    /// Part of the traces that begin here that is kept, from 0 to 1. A trace that began elsewhere is kept
    /// if it was kept there.
    pub ratio: f64,
}

/// What a process logs and traces.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Name of the program.
    pub service: &'static str,
    /// Which of the processes of that name this is.
    pub instance: String,
    /// How log lines are written.
    pub format: LogFormat,
    /// Filter of log lines, in the words of `tracing`: a level, or `TARGET=LEVEL`, separated by commas.
    pub filter: Option<String>,
    /// The filter where none is given.
    pub default_filter: &'static str,
    /// Where traces go, if anywhere.
    pub export: Option<Export>,
}

/// Why there is no telemetry.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter makes no sense.
    #[error(
        "`{filter}` in {LOG} is not a filter of log lines ({reason}); write a level (error, warn, info, debug, trace) or TARGET=LEVEL, separated by commas"
    )]
    Filter {
        /// As given.
        filter: String,
        /// What the library says of it.
        reason: String,
    },
    /// The format does not exist.
    #[error("`{0}` is not a format of log lines; write auto, text or json")]
    Format(String),
    /// The address of the collector is none.
    #[error("the address of the collector of traces ({ENDPOINT}) is {0}")]
    Endpoint(#[from] UrlError),
    /// The address of the collector is of the wrong kind.
    #[error(
        "the address of the collector of traces ({ENDPOINT}) is {0}; write http://HOST:4318 or https://HOST:4318"
    )]
    Scheme(SecretUrl),
    /// Credentials in the address, where libraries may print them.
    #[error(
        "the address of the collector of traces ({ENDPOINT}), {0}, holds credentials; put them into OTEL_EXPORTER_OTLP_HEADERS"
    )]
    Credentials(SecretUrl),
    /// The ratio makes no sense.
    #[error("`{0}` in {RATIO} is not a part of the traces; write a number from 0 to 1")]
    Ratio(String),
    /// The exporter could not be made.
    #[error("failed to prepare the export of traces: {0}")]
    Export(String),
    /// Somebody was first.
    #[error("this process has telemetry already; start it once, in main")]
    Twice,
}

impl Settings {
    /// Logs what passes `default_filter`, and traces nothing.
    pub fn new(service: &'static str, default_filter: &'static str) -> Self {
        Self {
            service,
            instance: instance(std::env::var("HOSTNAME").ok(), std::process::id()),
            format: LogFormat::Auto,
            filter: None,
            default_filter,
            export: None,
        }
    }

    /// With what the environment says, read through `variable`. What is there and empty counts as
    /// absent.
    ///
    /// # Errors
    /// When a variable makes no sense; the message names it.
    pub fn with_environment(
        mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, TelemetryError> {
        let given = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
        if let Some(filter) = given(LOG) {
            self.filter = Some(filter);
            self.filter()?;
        }
        if let Some(endpoint) = given(ENDPOINT) {
            let ratio = given(RATIO).map_or(Ok(1.0), |text| ratio(&text))?;
            self.export = Some(Export {
                endpoint: endpoint.parse()?,
                ratio,
            });
        }
        Ok(self)
    }

    /// The filter as the library wants it.
    pub(super) fn filter(&self) -> Result<EnvFilter, TelemetryError> {
        // Of what its client calls errors the broker's own answers are most, and all are told by whoever asked.
        let default = format!("{},lapin=off", self.default_filter);
        let filter = self.filter.as_deref().unwrap_or(&default);
        EnvFilter::builder()
            .parse(filter)
            .map_err(|error| TelemetryError::Filter {
                filter: filter.to_owned(),
                reason: error.to_string(),
            })
    }
}

/// The part of traces that `text` stands for.
///
/// # Errors
/// When it is no number from 0 to 1.
pub fn ratio(text: &str) -> Result<f64, TelemetryError> {
    let ratio = text.trim().parse().ok();
    ratio
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| TelemetryError::Ratio(text.to_owned()))
}

/// Tells the processes of one name apart: those of a pod are all number 1.
fn instance(host: Option<String>, process: u32) -> String {
    let host = host.unwrap_or_else(|| "localhost".to_owned());
    format!("{host}-{process}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Settings, TelemetryError> {
        let find = |name: &str| {
            let found = variables.iter().find(|variable| variable.0 == name);
            found.map(|variable| variable.1.to_owned())
        };
        Settings::new("t2t", "warn").with_environment(find)
    }

    #[test]
    fn nothing_given_is_nothing_changed() {
        let plain = Settings::new("t2t", "warn");
        assert_eq!(of(&[]).unwrap(), plain);
        assert_eq!(
            of(&[(LOG, ""), (ENDPOINT, " "), (RATIO, "0.1")]).unwrap(),
            plain
        );
    }

    #[test]
    fn the_environment_is_read() {
        let settings = of(&[
            (LOG, "worker=debug,info"),
            (ENDPOINT, "http://collector:4318"),
            (RATIO, "0.05"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.filter.as_deref(), Some("worker=debug,info"));
        let export = settings.export.unwrap();
        assert_eq!((export.endpoint.host(), export.ratio), ("collector", 0.05));
        let all = of(&[(ENDPOINT, "http://collector:4318")]).unwrap();
        assert_eq!(all.export.unwrap().ratio.to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (variables, said) in [
            (
                vec![(LOG, "worker=loud")],
                "`worker=loud` in T2T_LOG is not a filter",
            ),
            (
                vec![(ENDPOINT, "collector")],
                "the address of the collector of traces (OTEL_EXPORTER_OTLP_ENDPOINT) is not a URL",
            ),
            (
                vec![(ENDPOINT, "http://c"), (RATIO, "5")],
                "`5` in OTEL_TRACES_SAMPLER_ARG is not a part",
            ),
            (
                vec![(ENDPOINT, "http://c"), (RATIO, "NaN")],
                "`NaN` in OTEL_TRACES_SAMPLER_ARG is not a part",
            ),
        ] {
            let error = of(&variables).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
        let error = "xml".parse::<LogFormat>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`xml` is not a format of log lines; write auto, text or json"
        );
    }

    #[test]
    fn an_instance_has_a_name() {
        assert_eq!(instance(Some("pod-7".to_owned()), 1), "pod-7-1");
        assert_eq!(instance(None, 42), "localhost-42");
    }
}
