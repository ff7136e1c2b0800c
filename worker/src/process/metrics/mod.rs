//! What a process counts and measures, in the form that Prometheus reads.
//!
//! [`table`] lists every metric, [`label`] every label, [`family`] is the machinery. A process makes one
//! [`Metrics`] and hands clones of it around; there is no global registry.

mod asked;
pub mod family;
pub mod label;
pub mod table;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{Registry, TextEncoder};

use family::{ModelNames, Registrar};
use label::Build;
use table::{Course, Transport, Work};

/// Media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a process is, which decides what it exposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A worker of a fleet.
    Worker,
    /// A coordinator without workers of its own.
    Coordinator,
    /// Both in one.
    Embedded,
}

/// The metrics of one process. Every handle works in every process; what does not belong to its
/// [`Part`] is merely not exposed.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Of every process.
    pub transport: Transport,
    /// Of a worker.
    pub work: Work,
    /// Of a coordinator.
    pub course: Course,
    registry: Registry,
    sources: Sources,
}

/// Brings counters up to what others count.
type Source = Box<dyn Fn() + Send + Sync>;

/// Asked before each scrape.
#[derive(Clone, Default)]
struct Sources(Arc<Mutex<Vec<Source>>>);

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}

impl Metrics {
    /// All metrics at 0. Call it once in a process: two never add up.
    pub fn new(part: Part) -> Self {
        let registry = Registry::new();
        let models = ModelNames::default();
        let registrar = |exposed: bool| Registrar {
            registry: exposed.then_some(&registry),
            models: models.clone(),
        };
        let transport = Transport::register(&registrar(true));
        transport.build.of((Build::This,)).set(1);
        let work = Work::register(&registrar(part != Part::Coordinator));
        let course = Course::register(&registrar(part != Part::Worker));
        Self {
            transport,
            work,
            course,
            registry,
            sources: Sources::default(),
        }
    }

    /// Has `source` asked before each scrape: for what is counted elsewhere.
    pub fn before_scrape(&self, source: impl Fn() + Send + Sync + 'static) {
        let sources = &self.sources.0;
        let mut sources = sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.push(Box::new(source));
    }

    /// What a scrape gets.
    pub fn text(&self) -> String {
        let sources = &self.sources.0;
        for source in &*sources.lock().unwrap_or_else(PoisonError::into_inner) {
            source();
        }
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("the table's names are well formed, and writing to memory does not fail")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use proto::job::Stage;
    use proto::topology::Lane;

    use super::family::{Label, MODELS, OTHER_MODEL, Row};
    use super::label::{Code, Ended};
    use super::*;

    fn rows() -> Vec<&'static Row> {
        [Transport::ROWS, Work::ROWS, Course::ROWS]
            .concat()
            .into_iter()
            .map(|row| &*Box::leak(Box::new(row)))
            .collect()
    }

    #[test]
    fn names_are_unique_prefixed_and_explained() {
        let rows = rows();
        let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), rows.len(), "a name is there twice");
        for row in rows {
            assert!(row.name.starts_with("t2t_"), "{}", row.name);
            assert!(row.help.ends_with('.'), "{}: {}", row.name, row.help);
            assert!(row.buckets.is_sorted(), "{}", row.name);
        }
    }

    #[test]
    fn values_of_a_label_stand_at_their_places() {
        fn check<L: Label + PartialEq>() {
            let texts: BTreeSet<&str> = L::ALL.iter().map(|value| value.text()).collect();
            assert_eq!(texts.len(), L::ALL.len(), "{}", L::NAME);
            for (place, value) in L::ALL.iter().enumerate() {
                assert_eq!(value.place(), place, "{} {}", L::NAME, value.text());
            }
        }
        check::<Stage>();
        check::<Lane>();
        check::<Ended>();
        check::<Code>();
    }

    /// The lines of an exposition that are no comments, without those of histograms.
    fn lines(text: &str, name: &str) -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn each_series_is_there_from_the_start_and_counts_alone() {
        let metrics = Metrics::new(Part::Embedded);
        let finished = &metrics.work.finished;
        assert_eq!(lines(&metrics.text(), "t2t_jobs_finished_total").len(), 16);
        finished.of((Stage::Verify, Ended::Retried)).inc();
        finished.of((Stage::Rollout, Ended::Answered)).inc_by(5);
        let seen: Vec<String> = lines(&metrics.text(), "t2t_jobs_finished_total")
            .into_iter()
            .filter(|line| !line.ends_with(" 0"))
            .collect();
        assert_eq!(
            seen,
            [
                r#"t2t_jobs_finished_total{outcome="answered",stage="rollout"} 5"#,
                r#"t2t_jobs_finished_total{outcome="retried",stage="verify"} 1"#,
            ]
        );
    }

    #[test]
    fn a_duration_falls_into_its_bucket() {
        let metrics = Metrics::new(Part::Worker);
        let took = Duration::from_millis(700);
        metrics.work.duration.record((Stage::Rollout,), took);
        let text = metrics.text();
        for line in [
            r#"t2t_job_duration_seconds_bucket{stage="rollout",le="0.5"} 0"#,
            r#"t2t_job_duration_seconds_bucket{stage="rollout",le="1"} 1"#,
            r#"t2t_job_duration_seconds_sum{stage="rollout"} 0.7"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn the_number_of_models_is_bounded() {
        let metrics = Metrics::new(Part::Worker);
        for model in 0..MODELS + 5 {
            let name = format!("model-{model}");
            metrics.work.model_requests.of(&name, (Code::Ok,)).inc();
        }
        let text = metrics.text();
        let seen = lines(&text, "t2t_model_requests_total");
        assert_eq!(seen.len(), MODELS + 1);
        let rest = format!(r#"t2t_model_requests_total{{code="ok",model="{OTHER_MODEL}"}} 5"#);
        assert!(seen.contains(&rest), "{seen:?}");
    }

    #[test]
    fn a_process_exposes_what_it_does() {
        for (part, jobs, ledger) in [
            (Part::Worker, true, false),
            (Part::Coordinator, false, true),
            (Part::Embedded, true, true),
        ] {
            let text = Metrics::new(part).text();
            assert_eq!(text.contains("\nt2t_jobs_started_total"), jobs, "{part:?}");
            let found = text.contains("\nt2t_ledger_duplicates_total");
            assert_eq!(found, ledger, "{part:?}");
            assert!(text.contains("t2t_build_info"), "{part:?}");
        }
    }

    #[test]
    fn two_processes_in_one_do_not_meet() {
        let (one, other) = (Metrics::new(Part::Worker), Metrics::new(Part::Worker));
        one.clone().work.started.of((Stage::Explore,)).inc();
        let at = |metrics: &Metrics| metrics.work.started.of((Stage::Explore,)).get();
        assert_eq!((at(&one), at(&other)), (1, 0));
    }
}
