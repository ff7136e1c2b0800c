//! Where what models answer is kept, and what a replay answers from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _};
use proto::record::Money;
use proto::store::{
    Budgets, MemoryBudgets, Recording, RedisStore, ReplyStore as _, Shared, Spending,
};
use proto::topology::Instance;
use worker::chat::Client;
use worker::chat::models::Models;
use worker::chat::replay::{Occasion, Replay};
use worker::process::metrics::Metrics;
use worker::process::tls;

use crate::dispatch::Course;
use crate::home::{Home, REPLIES, SPENDING};
use crate::plan::Plan;

/// Bytes of each store that an embedded run has in memory beside its recording; they hold next to nothing.
const EMBEDDED_STORE: usize = 1 << 20;
/// Who works where there is one process.
const HERE: &str = "embedded";
/// Replies that are fetched from a fleet's store at once.
const FETCHED: usize = 256;

/// What is done with replies of models.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Replies of models")]
pub(super) struct RepliesArguments {
    /// File that keeps what models answer, instead of `replies` in the folder of the run, which then names it;
    /// what a fleet was answered is copied to it when the command ends
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub(super) record: Option<PathBuf>,
    /// Answer from this recording alone, or from that in the folder of a run: no model is asked, and no key
    /// is needed
    #[arg(long, value_name = "FILE|RUN")]
    pub(super) replay: Option<PathBuf>,
}

/// The way to the models of a run in one process.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) models: Arc<Models>,
    replayed: Option<Replayed>,
}

/// A replay, and what it answers from.
#[derive(Debug)]
struct Replayed {
    replay: Arc<Replay>,
    recording: PathBuf,
}

impl Asking {
    /// The way that the arguments want, if the plan has models.
    pub(super) async fn open(
        arguments: &RepliesArguments,
        course: &Course,
        home: &Home,
        metrics: &Metrics,
    ) -> anyhow::Result<Option<Self>> {
        if course.plan.models_in_use().is_empty() {
            return Ok(None);
        }
        let run = course.run.to_string();
        if let Some(given) = &arguments.replay {
            return Self::replaying(given, &run, metrics).map(Some);
        }
        tls::use_ring();
        let replies = Recording::open(&kept_at(home, arguments.record.as_deref())?, &run)?;
        let budgets: Arc<dyn Budgets> = match course.plan.budget() {
            Some(_) => Arc::new(Spending::open(&home.at(SPENDING))?),
            None => Arc::<MemoryBudgets>::default(),
        };
        budgets.restart(&run, Money::ZERO).await?;
        let shared = Shared {
            budgets,
            ..over(replies)
        };
        let client = Arc::new(Client::default());
        Ok(Some(Self {
            models: Arc::new(Models::new(client, &shared, HERE, metrics.clone())),
            replayed: None,
        }))
    }

    fn replaying(given: &Path, run: &str, metrics: &Metrics) -> anyhow::Result<Self> {
        let recording = recording_at(given)?;
        let shared = over(read_only(given, run)?);
        let replay = Arc::new(Replay::default());
        let models = Models::replaying(&shared, Arc::clone(&replay), HERE, metrics.clone());
        Ok(Self {
            models: Arc::new(models),
            replayed: Some(Replayed { replay, recording }),
        })
    }

    /// Waits until a replay misses a reply; for ever where models are asked.
    pub(super) async fn missed(asking: Option<&Self>, home: &Home) -> anyhow::Error {
        match asking.and_then(|asking| asking.replayed.as_ref()) {
            Some(Replayed { replay, recording }) => {
                unrecorded(&replay.missed().await.occasion, recording, home)
            }
            None => std::future::pending().await,
        }
    }
}

/// Whether this process has the keys and programs of the models in a plan, unless they are replayed. Without one every
/// job would fail by itself, and close its slot.
pub(super) fn can_ask(plan: &Plan, arguments: &RepliesArguments) -> anyhow::Result<()> {
    if arguments.replay.is_some() {
        return Ok(());
    }
    let client = Client::default();
    let models = plan.models_in_use().into_iter();
    let lacks = models.filter_map(|name| {
        let model = plan.models.get(name)?;
        let why = match client.has_key(&model.key) {
            Err(fault) => fault.to_string(),
            Ok(()) => unfound(model.command.first()?)?,
        };
        Some(format!("model:{name} can't be asked: {why}"))
    });
    let lacks: Vec<String> = lacks.collect();
    ensure!(lacks.is_empty(), lacks.join("\n"));
    Ok(())
}

/// Why a program can't be started, if it is nowhere.
fn unfound(program: &str) -> Option<String> {
    let here = Path::new(program);
    if here.components().count() > 1 {
        return (!here.is_file())
            .then(|| format!("its `command` begins with {program}, and there is no such file"));
    }
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    (!found).then(|| {
        format!("its `command` begins with {program}, and no folder of PATH has it; install it, or write where it is")
    })
}

fn unrecorded(occasion: &Occasion, recording: &Path, home: &Home) -> anyhow::Error {
    anyhow::anyhow!(
        "the recording {} has no reply of {occasion}: it was cut short, or made with other agents, trials or prompts, or by another release. No model was asked. Replay a whole recording; or copy this one to {} and leave --replay out, to ask the models for what is missing",
        recording.display(),
        home.at(REPLIES).display()
    )
}

/// Stores in this process, with replies in a recording.
fn over(recording: Recording) -> Shared {
    Shared {
        replies: Arc::new(recording),
        ..Shared::in_memory(EMBEDDED_STORE)
    }
}

/// The recording of this run in a file or in a run's folder, to be read only.
pub(super) fn read_only(given: &Path, run: &str) -> anyhow::Result<Recording> {
    let recording = recording_at(given)?;
    Recording::read_only(&recording, run)
        .context("a recording answers the plan and seed that it was made with")
}

/// The file that is meant by a recording or by the folder of a run.
fn recording_at(given: &Path) -> anyhow::Result<PathBuf> {
    if !given.is_dir() {
        return Ok(given.to_owned());
    }
    let found = held(&Home(given.to_owned()))?;
    found.with_context(|| {
        format!(
            "{} holds no recording: no model took part in its run, or a fleet did it without --record",
            given.display()
        )
    })
}

/// The file that keeps the replies of a folder, if there is one or one is named.
pub(super) fn held(home: &Home) -> anyhow::Result<Option<PathBuf>> {
    let own = home.at(REPLIES);
    Ok(match home.recording()? {
        Some(elsewhere) => Some(elsewhere),
        None => own.exists().then_some(own),
    })
}

/// Where the replies of a folder are kept: in it, or where `--record` says or once said. A run that goes on
/// must find what it was answered, or models would be asked again.
pub(super) fn kept_at(home: &Home, record: Option<&Path>) -> anyhow::Result<PathBuf> {
    let held = held(home)?;
    let Some(record) = record else {
        let own = home.at(REPLIES);
        return match held {
            Some(held) if held == own || held.exists() => Ok(held),
            Some(gone) => bail!(
                "{} keeps its replies in {}, which is gone: put it back, or say with --record where it is now",
                home.path().display(),
                gone.display()
            ),
            None => Ok(own),
        };
    };
    let record = std::path::absolute(record).context("--record")?;
    match held {
        Some(held) if held == record => return Ok(record),
        Some(held) if held.exists() => bail!(
            "--record {}: the replies of {} are in {} already; leave --record out, or move that file there first",
            record.display(),
            home.path().display(),
            held.display()
        ),
        Some(gone) => ensure!(
            record.exists(),
            "--record {}: the replies of {} were in {}, and are in neither place; put the file back, or models would be asked again",
            record.display(),
            home.path().display(),
            gone.display()
        ),
        None => {}
    }
    home.keep_recording(&record)?;
    Ok(record)
}

/// Copies what a fleet was answered for a run into its recording; gives how many replies that were.
pub(super) async fn fetch(
    store: &RedisStore,
    instance: Instance,
    recording: &Recording,
    run: &str,
) -> anyhow::Result<usize> {
    let instance = instance.to_string();
    let keys = store.reply_keys(&instance).await?;
    let replies = futures_util::stream::iter(keys).map(|key| {
        let instance = &instance;
        async move { Ok((key, store.get(instance, &key).await?)) }
    });
    let copied = replies
        .buffered(FETCHED)
        .try_fold(0, async |copied, (key, reply)| match reply {
            Some(bytes) => recording.keep(run, &key, bytes).await.map(|_| copied + 1),
            // It was forgotten meanwhile.
            None => Ok(copied),
        })
        .await?;
    Ok(copied)
}
