//! Asking again while nobody answers.
//!
//! A request that reaches a stream while it has no leader is never answered, not even by the leader that is elected a
//! moment later. Whoever waits for the whole of [`crate::REQUEST_TIMEOUT`] adds up to that much to each election. So a
//! question that changes nothing is asked anew every little while, and the first answer to any of them counts: on a
//! server that is only slow, the first question still has its full time.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use crate::{Error, REQUEST_TIMEOUT};

/// How long a question goes unanswered before it is asked once more: far above the 4 ms to 90 ms in which servers were
/// seen to answer, far below the 4 s to 9 s of an election. At most six are under way within a request's time.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// The first answer to `question` within [`REQUEST_TIMEOUT`], asked again while there is none: only for what may be done
/// several times, such as reading, or making what may be there already. A consumer without a name that is made twice by
/// it is removed by its server within seconds.
pub async fn bounded<T, E, F>(doing: &str, question: impl Fn() -> F) -> Result<T, Error>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
    F: Future<Output = Result<T, E>>,
{
    crate::error::bounded(REQUEST_TIMEOUT, doing, ask(question)).await
}

/// The first answer to `question`, asked every [`ASK_AGAIN`] until there is one; whoever waits sets the limit. Only for what
/// may be done several times.
pub(crate) async fn ask<T, F: Future<Output = T>>(question: impl Fn() -> F) -> T {
    let mut asked = FuturesUnordered::new();
    loop {
        asked.push(question());
        let next = sleep_until(Instant::now() + ASK_AGAIN);
        tokio::select! {
            biased;
            Some(answer) = asked.next() => return answer,
            () = next => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_nobody_answered_is_asked_again() {
        let began = Instant::now();
        let asked = Cell::new(0);
        let answer = timeout(
            Duration::from_secs(3),
            ask(|| {
                asked.set(asked.get() + 1);
                let number = asked.get();
                async move { if number < 3 { pending().await } else { number } }
            }),
        );
        assert_eq!(answer.await.ok(), Some(3));
        assert_eq!(began.elapsed(), 2 * ASK_AGAIN);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_to_the_first_question_counts() {
        let asked = Cell::new(0);
        let answer = timeout(
            Duration::from_secs(3),
            ask(|| {
                asked.set(asked.get() + 1);
                let number = asked.get();
                async move {
                    tokio::time::sleep(Duration::from_millis(2_600)).await;
                    number
                }
            }),
        );
        assert_eq!((answer.await.ok(), asked.get()), (Some(1), 6));
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_holds() {
        assert!(timeout(Duration::from_secs(3), ask(pending::<()>)).await.is_err());
    }
}
