//! Every metric: name, kind, labels, buckets, help. The only place that spells a name.
//!
//! Names begin with `t2t_` and end in their base unit, counters in `_total`. No label holds a job, a run
//! or a worker: its values are an enum of [`super::label`], or models, which are bounded.

use prometheus::{Counter, Gauge, Histogram, IntCounter, IntGauge};
use proto::job::Stage;
use proto::topology::Lane;

use super::family::{Family, PerModel, Registrar, Row};
use super::label::{
    Build, Came, Class, Code, Ended, Failure, Found, Layer, Peer, Planned, Reply, Slot, Tokens,
};

/// Jobs: from a scripted stage to a long conversation with a model.
const JOB: &[f64] = &[
    0.005, 0.025, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0,
];
/// Answers of a broker or a disk.
const ANSWER: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0,
];
/// Replies of a model.
const REPLY: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 300.0,
];

/// Buckets of a row, if it has any.
macro_rules! buckets {
    () => {
        &[]
    };
    ($buckets:ident) => {
        $buckets
    };
}

/// Declares a group of metrics: the struct of handles, and how it is made.
macro_rules! group {
    ($(#[$doc:meta])* $group:ident { $($field:ident: $kind:ident<$labels:ty, $meter:ty> = $name:literal $(in $buckets:ident)?, $help:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $group { $(#[doc = $help] pub $field: $kind<$labels, $meter>,)+ }

        impl $group {
            pub(super) const ROWS: &'static [Row] = &[$(Row {
                name: $name,
                help: $help,
                buckets: buckets!($($buckets)?),
            },)+];

            pub(super) fn register(to: &Registrar<'_>) -> Self {
                let mut rows = Self::ROWS.iter();
                $(let $field = $kind::register(to, rows.next().expect("a row for each field"));)+
                Self { $($field,)+ }
            }
        }
    };
}

group! {
    /// Of every process.
    Transport {
        build: Family<(Build,), IntGauge> = "t2t_build_info", "1, labelled with the version of the program.";
        publish: Family<(Lane,), Histogram> = "t2t_publish_seconds" in ANSWER, "From asking to publish a message to the answer for it, the wait for room included.";
        confirm: Family<(Lane,), Histogram> = "t2t_publish_confirm_seconds" in ANSWER, "From sending a message to the backend's answer for it.";
        publish_failures: Family<(Lane, Failure), IntCounter> = "t2t_publish_failures_total", "Publications that ended in an error.";
        deliveries: Family<(Lane,), IntCounter> = "t2t_deliveries_total", "Messages handed over to this process.";
        redeliveries: Family<(Lane,), IntCounter> = "t2t_redeliveries_total", "Messages handed over that an earlier hand-over left unsettled.";
        acks_lost: Family<(Lane,), IntCounter> = "t2t_ack_lost_total", "Settlements that came after the delivery was taken back.";
        reconnects: Family<(Peer,), IntCounter> = "t2t_reconnects_total", "Connections made again after a loss.";
        connected: Family<(Peer,), IntGauge> = "t2t_connected", "1 while there is a connection, else 0.";
        dead: Family<(Lane,), IntCounter> = "t2t_dead_letters_total", "Messages that this process sent to the dead lane.";
    }
}

group! {
    /// Of a worker.
    Work {
        started: Family<(Stage,), IntCounter> = "t2t_jobs_started_total", "Jobs begun.";
        finished: Family<(Stage, Ended), IntCounter> = "t2t_jobs_finished_total", "Jobs this worker is done with, by how it ended.";
        duration: Family<(Stage,), Histogram> = "t2t_job_duration_seconds" in JOB, "From taking a job to being done with it.";
        outcomes: Family<(Stage, Came), IntCounter> = "t2t_outcomes_total", "Outcomes made, by what they hold.";
        slots: Family<(Slot,), IntGauge> = "t2t_slots", "Slots for jobs, by what they do.";
        retries: Family<(Class,), IntCounter> = "t2t_retries_total", "Tries that are to be repeated, by what went wrong.";
        poison: Family<(Stage,), IntCounter> = "t2t_poison_jobs_total", "Jobs given up because they crash the process that does them.";
        snapshots: Family<(Layer, Found), IntCounter> = "t2t_snapshot_cache_total", "Look-ups of snapshots, by where and with what result.";
        model_requests: PerModel<(Code,), IntCounter> = "t2t_model_requests_total", "Requests to models, by how they ended.";
        model_duration: PerModel<(), Histogram> = "t2t_model_request_duration_seconds" in REPLY, "From a request to a model to its reply.";
        model_tokens: PerModel<(Tokens,), IntCounter> = "t2t_model_tokens_total", "Tokens sent to and received from models.";
        model_spend: PerModel<(), Counter> = "t2t_spend_dollars_total", "What replies of models cost at the plan's prices, kept or not.";
        replies: Family<(Reply,), IntCounter> = "t2t_replies_total", "Replies of models, by what became of them.";
    }
}

group! {
    /// Of a coordinator.
    Course {
        published: Family<(Stage,), IntCounter> = "t2t_jobs_published_total", "Jobs published, repeats included.";
        appended: Family<(Stage, Came), IntCounter> = "t2t_ledger_appended_total", "Outcomes appended to the ledger.";
        duplicates: Family<(Stage,), IntCounter> = "t2t_ledger_duplicates_total", "Outcomes that the ledger held already.";
        commit: Family<(), Histogram> = "t2t_ledger_commit_seconds" in ANSWER, "Making appended outcomes durable.";
        commit_lag: Family<(), Gauge> = "t2t_commit_lag_seconds", "Age of the oldest outcome that is not durable yet.";
        ledger_bytes: Family<(), IntCounter> = "t2t_ledger_bytes_total", "Bytes appended to the ledger.";
        epochs: Family<(), IntCounter> = "t2t_ledger_epochs_total", "Epochs of the ledger that this process began.";
        fenced: Family<(), IntCounter> = "t2t_ledger_fenced_total", "Times this process found that another writer had taken over.";
        takeovers: Family<(), IntCounter> = "t2t_takeovers_total", "Times this process took over as the writer.";
        in_flight: Family<(), IntGauge> = "t2t_jobs_in_flight", "Jobs published and not yet answered.";
        window: Family<(), IntGauge> = "t2t_jobs_window", "Jobs that may be in flight.";
        slots: Family<(Planned,), IntGauge> = "t2t_plan_slots", "Slots of the plan, by how they stand.";
        progress: Family<(), Gauge> = "t2t_run_progress_ratio", "Closed slots of the plan as a part of all, from 0 to 1.";
    }
}
