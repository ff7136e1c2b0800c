//! Episodes over an endpoint that misbehaves, in every way of its table: whose fault the end is, that
//! nothing that passes leaves a trace, and that what was answered is never asked for again.

mod bench;

use futures_util::future::join_all;
use harness::endpoint::{Expected, Fault, Form, Misbehaviour, When};
use proto::record::{Ending, Episode};
use worker::executor::{ATTEMPTS, Done};

use self::bench::{Bench, played};

const FORMS: [Form; 2] = [Form::OpenAi, Form::Anthropic];

/// Who answers so once will answer so again: nothing is gained by asking a second time.
const LASTING: [Misbehaviour; 7] = [
    Misbehaviour::Http400,
    Misbehaviour::Http401,
    Misbehaviour::Http403,
    Misbehaviour::Http404,
    Misbehaviour::Http413,
    Misbehaviour::Http422,
    Misbehaviour::Runaway,
];

/// All misbehaviours in all forms that have them.
fn table() -> impl Iterator<Item = (Form, Misbehaviour)> {
    FORMS.into_iter().flat_map(|form| {
        let speaks = move |what: &Misbehaviour| what.speaks(form);
        let all = Misbehaviour::ALL.iter().copied();
        all.filter(speaks).map(move |what| (form, what))
    })
}

/// Tries all at once, since each waits most of its time, and fails with all that did not hold. A check is
/// told the episode over an endpoint that behaves.
async fn tried<C>(all: impl Iterator<Item = (Form, Misbehaviour)>, check: C)
where
    C: AsyncFn(Form, Misbehaviour, &Episode) -> Result<(), String>,
{
    let calm = join_all(FORMS.map(calm)).await;
    let (calm, check) = (&calm, &check);
    let tried = all.map(async |(form, what)| {
        let place = FORMS.iter().position(|known| *known == form);
        let calm = &calm[place.expect("all forms are tried")];
        let found = check(form, what, calm).await;
        found.err().map(|why| format!("{what} in {form:?}: {why}"))
    });
    let wrong: Vec<String> = join_all(tried).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn calm(form: Form) -> Episode {
    let episode = Bench::new(form, Vec::new()).episode(1).await;
    assert_eq!(episode.verdict.reward, 1.0, "{episode:#?}");
    episode
}

fn hold(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

#[tokio::test]
async fn every_episode_ends_with_the_attribution_of_the_table() {
    tried(table(), async |form, what, calm| {
        let bench = Bench::new(form, vec![Fault::always(what)]);
        match what.expected() {
            Expected::Agent(fault) => {
                let ending = bench.episode(1).await.ending;
                hold(ending == Ending::Agent(fault), || format!("{ending:?}"))?;
            }
            Expected::Scored => {
                let ending = bench.episode(1).await.ending;
                hold(ending.scored(), || format!("{ending:?}"))?;
            }
            Expected::Infrastructure => quarantined(&bench, calm).await?,
            Expected::Harmless => same_talk(&bench.episode(1).await, calm)?,
        }
        let stats = bench.endpoint.stats();
        hold(stats.refused == 0, || format!("{stats:?}"))
    })
    .await;
}

/// Nobody is scored for what the service did; once it is mended, nothing is left of it.
async fn quarantined(bench: &Bench, calm: &Episode) -> Result<(), String> {
    let excused = |ending: &Ending| matches!(ending, Ending::Infrastructure(_));
    match bench.deliver(1).await {
        Done::Again { .. } | Done::Later { .. } => {}
        done => {
            let episode = played(done).map_err(|done| format!("{done:?}"))?;
            hold(excused(&episode.ending), || format!("{:?}", episode.ending))?;
        }
    }
    let last = bench.episode(ATTEMPTS).await.ending;
    hold(excused(&last), || format!("{last:?} in the end"))?;
    bench.endpoint.set_faults(Vec::new());
    let mended = bench.episode(1).await;
    hold(mended == *calm, || {
        format!("{mended:#?}\nonce mended, and not\n{calm:#?}")
    })
}

/// The same words, state and verdict; tokens may have gone uncounted.
fn same_talk(ours: &Episode, calm: &Episode) -> Result<(), String> {
    let mut ours = ours.clone();
    for (part, calm) in ours.parts.iter_mut().zip(&calm.parts) {
        // Tokens may be missing, or those of a reply that was no good be there, too; but none is invented.
        let (found, wanted) = (part.usage, calm.usage);
        let sound = found.input <= 4 * wanted.input && found.output <= 4 * wanted.output;
        hold(sound, || format!("{found:?} beside {wanted:?}"))?;
        part.usage = calm.usage;
    }
    hold(ours == *calm, || format!("{ours:#?}\nand not\n{calm:#?}"))
}

#[tokio::test]
async fn what_passes_leaves_no_trace() {
    let passes = |(_, what): &(Form, Misbehaviour)| {
        let service = what.expected() == Expected::Infrastructure && !LASTING.contains(what);
        // An empty reply, or a cut one, is asked for again as well.
        let void = [Misbehaviour::EmptyText, Misbehaviour::Length].contains(what);
        // A port that is shut counts no requests; that it opens again is tried above.
        (service || void) && *what != Misbehaviour::ConnectRefused
    };
    tried(table().filter(passes), async |form, misbehaviour, calm| {
        let twice = Fault {
            misbehaviour,
            when: When::First(2),
        };
        let bench = Bench::new(form, vec![twice]);
        same_talk(&bench.episode(1).await, calm)?;
        let stats = bench.endpoint.stats();
        let met = stats.misbehaved.get(misbehaviour.name());
        hold(met == Some(&(2 * stats.distinct)), || format!("{stats:?}"))?;
        hold(stats.asked_again == 0, || format!("{stats:?}"))
    })
    .await;
}
