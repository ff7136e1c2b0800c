//! What a coordinator can't read it puts aside, whole, and its run goes on.

use coordinator::run::Ask;
use proto::job::Stage;
use proto::queue::Message;
use proto::topology::{Instance, NOTICE_HEADER};
use proto::wire::{self, Kind, VERSION, WireError};

use super::*;

/// An envelope as the release after this one may write it.
fn of_tomorrow() -> Vec<u8> {
    let mut envelope = wire::encode(Kind::Outcome, &"of tomorrow").unwrap();
    envelope[4..6].copy_from_slice(&(VERSION + 1).to_le_bytes());
    let read = wire::decode::<String>(Kind::Outcome, &envelope);
    assert!(
        matches!(read, Err(WireError::UnknownVersion { .. })),
        "{read:?}"
    );
    envelope
}

#[tokio::test(start_paused = true)]
async fn answers_of_another_release_are_put_aside_and_the_run_goes_on() {
    let domain = world::domain(&plan()).unwrap();
    let mut course = course(&domain);
    course.plan.tasks = 1;
    let first = Ask {
        stage: Stage::Explore,
        slot: 0,
        candidate: 0,
        rollout: None,
    };
    let id = course.job(&first).0;
    let queue = MemoryQueue::new(MemorySettings::default());
    let lane = Lane::Outcomes(Instance::EMBEDDED);
    let answer = Message::new(id, of_tomorrow());
    let notice = answer.clone().with(NOTICE_HEADER, "1");
    let strange = [answer.body.clone(), notice.body.clone()];
    for message in [answer, notice] {
        queue.publish(lane, message).await.unwrap();
    }

    let stop = Stop::default();
    let crew = tokio::spawn(working(
        &queue,
        InProcess::new(Worlds::only(Arc::clone(&domain)), 1),
        NonZeroUsize::MIN,
        &stop,
    ));
    let dir = TempDir::new().unwrap();
    assert!(carry_out(&course, &*domain, dir.path(), &queue, usize::MAX).await);
    stop.drain.cancel();
    crew.await.unwrap().unwrap();

    let (records, _) = came_to(&course, &domain, dir.path());
    assert!(
        records
            .keys()
            .any(|job| *job == proto::ids::JobId(id).to_string())
    );
    let dead = queue.dead(lane, 9, &|_| true).await.unwrap();
    let kept: Vec<_> = dead
        .iter()
        .map(|letter| letter.message.body.clone())
        .collect();
    assert_eq!(kept, strange, "not a byte is lost");
}
