use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use proto::digest::Digest;
use proto::ids::{BaseId, JobId, RunId};
use proto::job::{Cell, StageInput};
use proto::operation::Sent;
use proto::record::{Cast, Kind as TaskKind, Money, Role, Scenario, Usage, WorldRef, WorldSource};
use proto::seed::Seed;
use proto::topology::Instance;
use proto::wire::{self, Kind};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::pipe::Answer;
use super::*;
use crate::chat::journal::Journal;
use crate::chat::put_off::PutOff;
use crate::process::metrics::Part;
use crate::process::metrics::label::{Code, Tokens};

const SOON: Duration = Duration::from_secs(60);

fn job() -> Job {
    Job {
        id: JobId(Digest::of(b"job")),
        run: RunId(Digest::of(b"run")),
        world: WorldRef {
            domain: "tickets".to_owned(),
            base: BaseId(Digest::of(b"base")),
            source: WorldSource::AtHand,
        },
        cell: Cell {
            slot: 0,
            stratum: 0,
            strata: 1,
            scenario: Scenario::General,
            kind: TaskKind::Plain,
            wants: Vec::new(),
        },
        candidate: 0,
        seed: Seed::root(1),
        input: StageInput::Explore,
        cast: Cast::default(),
        apart: Vec::new(),
    }
}

fn attempt(redeliveries: u32) -> Attempt {
    Attempt {
        journal: Journal::default(),
        put_off: PutOff::default(),
        number: 1,
        crashes: 0,
        redeliveries,
        instance: Instance([7; 8]),
        hand_back: CancellationToken::new(),
    }
}

/// Counts the jobs that are done in this process.
#[derive(Default)]
struct Here(AtomicU32);

#[async_trait]
impl Perform for Here {
    async fn perform(&self, _: Job, _: &Attempt) -> Done {
        self.0.fetch_add(1, Ordering::Relaxed);
        Done::Unwanted
    }
}

/// A shell's command that writes a frame.
fn says(bytes: &[u8]) -> String {
    let mut frame = Vec::new();
    pipe::write(&mut frame, bytes).expect("memory takes it");
    let mut text = "printf '".to_owned();
    for byte in frame {
        write!(text, "\\{byte:03o}").expect("a text grows");
    }
    text + "'; "
}

fn answers(answer: &Answer) -> String {
    says(&pipe::packed(answer).expect("small"))
}

/// A shell's command that is over once it has read the whole job.
fn takes_the_job() -> String {
    let errand = pipe::packed(&Errand::of(&attempt(3))).expect("small");
    let job = wire::encode(Kind::Job, &job()).expect("small");
    format!("head -c {} >/dev/null; ", errand.len() + job.len() + 8)
}

/// A child that does as the script says.
fn child(script: &str) -> Supervised<Here> {
    let program = Program {
        path: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into()],
    };
    Supervised::new(Here::default(), program, Metrics::new(Part::Worker))
}

/// What comes of a child that has taken the job and then does as the script says.
async fn done(script: &str) -> Done {
    let script = format!("{}{}{script}", answers(&Answer::Begun), takes_the_job());
    let doing = child(&script);
    let done = timeout(SOON, doing.perform(job(), &attempt(3))).await;
    assert_eq!(doing.ordinary.0.load(Ordering::Relaxed), 0);
    done.expect("it ends")
}

#[track_caller]
fn crashed(done: &Done, part: &str) {
    assert!(
        matches!(done, Done::Crashed { how } if how.contains(part)),
        "no `{part}` in {done:?}"
    );
}

#[tokio::test]
async fn what_a_child_sent_to_models_is_its_parents_to_tell() {
    let sent = |turn| Sent {
        role: Role::Agent,
        model: "small".to_owned(),
        turn,
        regeneration: 0,
        attempt: 1,
        after: 5,
        waited: 0,
        millis: 7,
        came: "ok".to_owned(),
        usage: Usage {
            input: 900,
            output: 60,
            ..Usage::default()
        },
        cost: Money(7_500_000),
    };
    let script = [
        answers(&Answer::Begun),
        takes_the_job(),
        answers(&Answer::Sent(vec![sent(0), sent(1)])),
        answers(&Answer::Sent(vec![sent(2)])),
        answers(&Answer::PutOff(Duration::from_secs(90))),
        answers(&Answer::HandBack),
    ];
    let attempt = attempt(3);
    let parent = child(&script.concat());
    let done = parent.perform(job(), &attempt).await;
    assert!(matches!(done, Done::HandBack), "{done:?}");
    let work = &parent.metrics.work;
    assert_eq!(work.model_requests.of("small", (Code::Ok,)).get(), 3);
    assert_eq!(work.model_tokens.of("small", (Tokens::Input,)).get(), 2_700);
    let told = attempt.journal.take();
    let turns: Vec<u32> = told.iter().map(|sent| sent.turn).collect();
    assert_eq!(turns, [0, 1, 2]);
    // Counted from when the delivery began, which is before the child did.
    assert!(told.iter().all(|told| told.after >= sent(0).after));
    assert_eq!(attempt.put_off.so_far(), Duration::from_secs(90));
    // The next child goes on from there.
    assert_eq!(Errand::of(&attempt).put_off, Duration::from_secs(90));
}

#[tokio::test]
async fn from_the_third_redelivery_on_a_job_is_done_apart() {
    let script = format!(
        "{}{}{}",
        answers(&Answer::Begun),
        takes_the_job(),
        answers(&Answer::HandBack)
    );
    let doing = child(&script);
    for redeliveries in 0..3 {
        let done = doing.perform(job(), &attempt(redeliveries)).await;
        assert!(matches!(done, Done::Unwanted), "{done:?}");
    }
    let done = doing.perform(job(), &attempt(3)).await;
    assert!(matches!(done, Done::HandBack), "{done:?}");
    let one_crash = Attempt {
        crashes: 1,
        ..attempt(0)
    };
    let done = doing.perform(job(), &one_crash).await;
    assert!(matches!(done, Done::HandBack), "{done:?}");
    assert_eq!(doing.ordinary.0.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn what_the_child_answers_is_what_came_of_the_job() {
    let error = "it may pass".to_owned();
    let again = done(&answers(&Answer::Again(error.clone()))).await;
    assert!(
        matches!(&again, Done::Again { error: said } if *said == error),
        "{again:?}"
    );
    let digest = Digest::of(b"world");
    let missing = done(&answers(&Answer::Missing(digest))).await;
    assert!(
        matches!(missing, Done::Missing { snapshot } if snapshot == digest),
        "{missing:?}"
    );
    let outcome = proto::outcome::Outcome {
        job: job().id,
        result: proto::outcome::StageResult::Failed {
            stage: proto::job::Stage::Explore,
            error,
        },
    };
    let envelope = wire::encode(Kind::Outcome, &outcome).unwrap();
    let answered = done(&(answers(&Answer::Outcome) + &says(&envelope))).await;
    assert!(
        matches!(&answered, Done::Outcome(found) if *found == outcome),
        "{answered:?}"
    );
}

#[tokio::test]
async fn a_child_that_dies_of_the_job_is_a_crash() {
    crashed(&done("kill -9 $$").await, "signal: 9");
    crashed(&done("kill -6 $$").await, "signal: 6");
    crashed(&done("exit 3").await, "exit status: 3");
    crashed(&done("exit 0").await, "exit status: 0");
    crashed(
        &done("printf '\\377\\377\\377\\377garbage'").await,
        "exit status: 0",
    );
    let cut = answers(&Answer::Outcome) + "printf '\\100\\000\\000\\000abc'";
    crashed(&done(&cut).await, "exit status: 0");
}

#[tokio::test]
async fn an_end_that_somebody_wanted_is_no_crash() {
    for signal in ["TERM", "INT", "HUP"] {
        let done = done(&format!("kill -{signal} $$; sleep 60")).await;
        assert!(matches!(done, Done::HandBack), "{signal}: {done:?}");
    }
}

#[tokio::test]
async fn a_child_that_never_has_the_job_says_nothing_about_it() {
    let begun = answers(&Answer::Begun);
    for script in [
        "kill -9 $$",
        "exit 1",
        &answers(&Answer::HandBack),
        "echo nonsense",
    ] {
        let done = child(script).perform(job(), &attempt(3)).await;
        assert!(matches!(done, Done::Later { .. }), "{script}: {done:?}");
    }
    let large = Job {
        world: WorldRef {
            // More than a pipe holds, and not to be compressed.
            source: WorldSource::Inline(noise(1 << 20)),
            ..job().world
        },
        ..job()
    };
    let done = child(&(begun + "kill -9 $$"))
        .perform(large, &attempt(3))
        .await;
    assert!(matches!(done, Done::Later { .. }), "{done:?}");
    let nowhere = Program {
        path: "/nowhere/t2t-worker".into(),
        arguments: Vec::new(),
    };
    let done = Supervised::new(Here::default(), nowhere, Metrics::new(Part::Worker))
        .perform(job(), &attempt(3))
        .await;
    assert!(matches!(done, Done::Later { .. }), "{done:?}");
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut rng = Seed::root(1).child("noise", 0).rng();
    (0..bytes).map(|_| rng.below(256) as u8).collect()
}

/// A script that takes the job, leaves a note and goes on as told, with where the note is.
fn notes(folder: &Path, then: &str) -> (String, PathBuf) {
    let note = folder.join("process");
    let written = note.display();
    let script = format!(
        "{}{}echo $$ >{written}.new; mv {written}.new {written}; {then}",
        answers(&Answer::Begun),
        takes_the_job()
    );
    (script, note)
}

#[tokio::test]
async fn a_child_hears_that_it_should_hand_back() {
    let folder = Folder::new("heard");
    let then = format!("head -c 4 >/dev/null; {}", answers(&Answer::HandBack));
    let (script, note) = notes(&folder.0, &then);
    let attempt = attempt(3);
    let doing = child(&script);
    let telling = async {
        until(|| note.exists()).await;
        attempt.hand_back.cancel();
    };
    let (done, ()) = tokio::join!(doing.perform(job(), &attempt), telling);
    assert!(matches!(done, Done::HandBack), "{done:?}");
}

async fn until(mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, waiting).await.expect("in time");
}

fn lives(process: &str) -> bool {
    // One that is dead and not yet waited for has no command line.
    let line = fs::read(format!("/proc/{}/cmdline", process.trim()));
    line.is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
async fn a_child_that_hangs_is_killed_and_that_is_a_crash() {
    let folder = Folder::new("hangs");
    let (script, note) = notes(&folder.0, "exec sleep 1000");
    let attempt = attempt(3);
    let doing = child(&script).lingering(Duration::from_millis(50));
    let telling = async {
        until(|| note.exists()).await;
        attempt.hand_back.cancel();
    };
    let (done, ()) = tokio::join!(doing.perform(job(), &attempt), telling);
    crashed(&done, "hand back");
    let process = fs::read_to_string(&note).unwrap();
    until(|| !lives(&process)).await;
}

#[tokio::test]
async fn a_job_that_is_let_go_of_takes_its_child_along() {
    let folder = Folder::new("abandoned");
    let (script, note) = notes(&folder.0, "exec sleep 1000");
    let attempt = attempt(3);
    let doing = child(&script);
    tokio::select! {
        done = doing.perform(job(), &attempt) => panic!("{done:?}"),
        () = until(|| note.exists()) => {}
    }
    let process = fs::read_to_string(&note).unwrap();
    until(|| !lives(&process)).await;
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("t2t-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
