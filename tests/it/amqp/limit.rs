//! What a broker hands over too often.

use super::*;

fn limited(vhost: &Vhost) -> AmqpSettings {
    AmqpSettings {
        delivery_limit: 2,
        ..settings(vhost)
    }
}

/// Takes the one message until it is taken no more, and drops it each time.
async fn drop_past_the_limit(queue: &AmqpQueue, lane: Lane, consumer: &mut dyn Consumer) {
    for redeliveries in 0..3 {
        let delivery = next(consumer).await;
        assert_eq!(delivery.redeliveries(), redeliveries);
    }
    until("it is in the dead lane", async || {
        queue.dead(lane, 9, &|_| true).await.unwrap().len() == 1
    })
    .await;
}

/// A delay is a stay in a queue whose messages expire, and the broker keeps that in mind.
#[tokio::test]
async fn past_the_delivery_limit_a_message_that_was_delayed_before_is_undeliverable() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let queue = connect(&limited(&vhost)).await;
    let mut consumer = queue.subscribe(Lane::Verify, hands(1)).await.unwrap();
    queue.publish(Lane::Verify, message(1)).await.unwrap();
    let delay = Duration::from_millis(500);
    next(&mut *consumer).await.retry(delay).await.unwrap();
    drop_past_the_limit(&queue, Lane::Verify, &mut *consumer).await;
    let dead = queue.dead(Lane::Verify, 9, &|_| true).await.unwrap();
    assert_eq!((dead.len(), dead[0].reason.as_str()), (1, UNDELIVERABLE));
    assert_eq!(*dead[0].message, message(1));
}

#[tokio::test]
async fn past_the_delivery_limit_a_message_is_dead_and_can_be_revived() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let queue = connect(&limited(&vhost)).await;
    let mut consumer = queue.subscribe(Lane::Verify, hands(1)).await.unwrap();
    queue.publish(Lane::Verify, message(1)).await.unwrap();
    drop_past_the_limit(&queue, Lane::Verify, &mut *consumer).await;
    let revived = queue.revive(Lane::Verify, 9, &|_| true).await.unwrap();
    assert_eq!(
        (revived.len(), revived[0].reason.as_str()),
        (1, UNDELIVERABLE)
    );
    let delivery = next(&mut *consumer).await;
    assert_eq!(
        (delivery.redeliveries(), delivery.message().as_ref()),
        (0, &message(1))
    );
    delivery.ack().await.unwrap();
}
