//! What the server has denied is not waited for: it is never answered.

use crate::state::access;

/// Waits for `work`, but not once publishing to a subject that `concerns` it was denied.
pub(super) async fn unless_denied<T>(
    connection: &bus::Connection,
    concerns: impl Fn(&str) -> bool,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut denials = connection.denials();
    let denied = |denial: &bus::Denial| denial.verb == bus::Verb::Publish && concerns(&denial.subject);
    tokio::select! {
        biased;
        Ok(_) = denials.wait_for(|denials| denials.iter().any(denied)) => None,
        done = work => Some(done),
    }
}

/// Waits for `work`, which reads `stream`, but not once that was denied.
pub async fn unless_blind<T>(connection: &bus::Connection, stream: &str, work: impl Future<Output = T>) -> Option<T> {
    // Boxed: what reads a stream is large, and would be larger by each function that hands it on.
    unless_denied(connection, |subject| access::reads(subject, stream), Box::pin(work)).await
}
