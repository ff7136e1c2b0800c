//! Acknowledgements that go to the broker together.

use futures_util::future::join_all;

use super::*;

/// Whatever is acknowledged at once, in whatever order, goes to the broker in few frames, and none of them
/// speaks of what is still in hand or was given back.
#[tokio::test]
async fn what_is_acknowledged_together_is_gone_and_nothing_else() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let lane = Lane::Explore;
    let settings = settings(&vhost);
    let queue = connect(&settings).await;
    let mut consumer = queue.subscribe(lane, hands(64)).await.unwrap();
    let numbers = 0..40;
    for number in numbers.clone() {
        queue.publish(lane, message(number)).await.unwrap();
    }
    let mut deliveries = Vec::new();
    for _ in numbers.clone() {
        deliveries.push(next(&mut *consumer).await);
    }
    // The first ten without a gap, then every third, from the last one down.
    let acknowledged = |number: u32| number < 10 || number.is_multiple_of(3);
    let (mut acked, mut kept) = (Vec::new(), Vec::new());
    for (number, delivery) in numbers.clone().zip(deliveries).rev() {
        assert_eq!(delivery.message().id, message(number).id);
        match number {
            number if acknowledged(number) => acked.push(delivery),
            number if number % 3 == 1 => drop(delivery),
            _ => kept.push(delivery),
        }
    }
    let settled = join_all(acked.into_iter().map(Delivery::ack)).await;
    assert!(settled.iter().all(Result::is_ok));
    queue.close().await;
    drop((kept, consumer, queue));
    let queue = connect(&settings).await;
    let mut consumer = queue.subscribe(lane, hands(64)).await.unwrap();
    let mut expected: BTreeSet<Digest> = numbers
        .filter(|number| !acknowledged(*number))
        .map(|number| message(number).id)
        .collect();
    while !expected.is_empty() {
        let delivery = next(&mut *consumer).await;
        let id = delivery.message().id;
        assert!(expected.remove(&id), "{id} was acknowledged");
        delivery.ack().await.unwrap();
    }
    assert_eq!(queue.ready(lane).await.unwrap(), 0);
}
