//! Requests may come faster than they can be worked on: some are worked on at once, some wait, the rest are refused at once,
//! for a wait that nobody sees the end of only hides the load from the sender.

use std::collections::VecDeque;
use std::pin::pin;

use futures::stream::FuturesUnordered;
use futures::{Stream, StreamExt as _};
use tokio::task::JoinSet;

/// How many requests of one kind are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Worked on at the same time.
    pub at_once_max: usize,
    /// Waiting for that, beyond which a request is refused.
    pub waiting_max: usize,
}

/// Takes requests until there are no more and all are worked off. Each is worked on in a task of its own: the taking must
/// never wait for the work, or requests would pile up where nobody counts them. One refusal is on its way at a time.
pub(crate) async fn admit<R, W, N>(
    requests: impl Stream<Item = R>,
    limits: Limits,
    work: impl Fn(R) -> W,
    refuse: impl Fn(R) -> N,
) where
    W: Future<Output = ()> + Send + 'static,
    N: Future<Output = ()>,
{
    let mut requests = pin!(requests.fuse());
    let mut waiting = VecDeque::with_capacity(limits.waiting_max);
    let (mut at_work, mut refusals) = (JoinSet::new(), FuturesUnordered::new());
    loop {
        while at_work.len() < limits.at_once_max
            && let Some(request) = waiting.pop_front()
        {
            at_work.spawn(work(request));
        }
        tokio::select! {
            // Whoever has an answer gives way to the next before another one is refused.
            biased;
            Some(done) = at_work.join_next() => if let Err(error) = done {
                tracing::error!(%error, "a command died unanswered");
            },
            Some(()) = refusals.next() => {}
            Some(request) = requests.next(), if refusals.is_empty() => {
                if at_work.len() < limits.at_once_max {
                    at_work.spawn(work(request));
                } else if waiting.len() < limits.waiting_max {
                    waiting.push_back(request);
                } else {
                    refusals.push(refuse(request));
                }
            }
            else => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::channel::mpsc;
    use tokio::sync::Semaphore;

    use super::*;

    const LIMITS: Limits = Limits { at_once_max: 16, waiting_max: 4 };

    /// Gives way to everybody else until it is so.
    async fn until(what: &str, is: impl Fn() -> bool) {
        for _ in 0..1_000_000 {
            if is() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("never: {what}");
    }

    #[tokio::test]
    async fn a_flood_is_refused_at_once_and_what_was_taken_is_worked_off_in_turn() {
        let (flood, requests) = mpsc::unbounded();
        let gate = Arc::new(Semaphore::new(0));
        let lists: [Arc<Mutex<Vec<i32>>>; 3] = std::array::from_fn(|_| Arc::default());
        let seen = |list: usize| lists[list].lock().unwrap().clone();
        let [begun, done, refused] = lists.clone();
        let worked = Arc::clone(&gate);
        let work = move |n| {
            let (gate, begun, done) = (Arc::clone(&worked), Arc::clone(&begun), Arc::clone(&done));
            async move {
                begun.lock().unwrap().push(n);
                gate.acquire().await.unwrap().forget();
                done.lock().unwrap().push(n);
            }
        };
        let refuse = move |n| {
            refused.lock().unwrap().push(n);
            async {}
        };
        let admitting = tokio::spawn(admit(requests, LIMITS, work, refuse));

        (0..5_000).for_each(|n| flood.unbounded_send(n).unwrap());
        until("the flood is over", || seen(2).len() == 4_980).await;
        assert_eq!(seen(2), (20..5_000).collect::<Vec<_>>(), "all but those at work and four that wait");
        until("those at work have begun", || seen(0).len() == 16).await;

        gate.add_permits(2);
        until("two of those that waited begin", || seen(0) == (0..18).collect::<Vec<_>>()).await;
        (5_000..5_003).for_each(|n| flood.unbounded_send(n).unwrap());
        until("two more wait, the third is refused", || seen(2).last() == Some(&5_002)).await;
        assert_eq!(seen(2).len(), 4_981);

        gate.add_permits(100);
        drop(flood);
        admitting.await.unwrap();
        assert_eq!(seen(1), (0..20).chain([5_000, 5_001]).collect::<Vec<_>>());
    }
}
