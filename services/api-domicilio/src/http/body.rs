//! Reading a body within bounds of size and time, byte for byte.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;

use crate::reply::ReplyCode;

/// How long a body may take to arrive: an order of 30 KiB needs 2.4 s over the slowest phone line still in use (100 kbit/s).
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of a body that is too large is read and thrown away, in bytes, so that its sender hears the answer
/// instead of a reset connection.
const DISCARD_MAX: usize = 8 * 1_024 * 1_024;

/// How long the rest of an unwanted body is read: what is under way arrives in less.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// The whole body, at most `max` bytes.
pub(super) async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, ReplyCode> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(ReplyCode::EncodingUnsupported);
    }
    let told = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|told| told > DISCARD_MAX) {
        return Err(ReplyCode::BodyTooLarge);
    }
    tokio::time::timeout(BODY_TIMEOUT, collect(body, told.unwrap_or(0).min(max), max))
        .await
        .map_err(|_elapsed| ReplyCode::BodyTimeout)?
}

/// Reads what little is left of a body that nobody wants, so that its sender hears the answer instead of a reset connection.
/// Bounded by the size of an order and a short time: who may not come in gets no more of us.
pub(super) async fn discard(headers: &HeaderMap, body: Body) {
    // Whoever waits for leave to send has not begun.
    if headers.contains_key(EXPECT) {
        return;
    }
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, async {
        let mut chunks = body.into_data_stream();
        let mut seen = 0_usize;
        while let Some(Ok(chunk)) = chunks.next().await {
            seen = seen.saturating_add(chunk.len());
            if seen > super::ORDER_BYTES_MAX {
                return;
            }
        }
    })
    .await;
}

async fn collect(body: Body, expected: usize, max: usize) -> Result<Bytes, ReplyCode> {
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::with_capacity(expected);
    let mut seen = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ReplyCode::BodyIncomplete)?;
        seen = seen.saturating_add(chunk.len());
        if seen > DISCARD_MAX {
            break;
        }
        if seen <= max {
            whole.extend_from_slice(&chunk);
        }
    }
    if seen > max { Err(ReplyCode::BodyTooLarge) } else { Ok(whole.freeze()) }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::http::HeaderValue;
    use futures::stream;

    use super::*;

    fn chunks(sizes: &[usize]) -> Body {
        let chunks: Vec<Result<Bytes, Infallible>> =
            sizes.iter().map(|size| Ok(Bytes::from(vec![b'x'; *size]))).collect();
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test]
    async fn size_is_bounded_with_and_without_a_told_length() {
        let none = HeaderMap::new();
        assert_eq!(read(&none, chunks(&[3, 4, 3]), 10).await.map(|bytes| bytes.len()), Ok(10));
        assert_eq!(read(&none, chunks(&[3, 4, 4]), 10).await, Err(ReplyCode::BodyTooLarge));
        assert_eq!(read(&none, chunks(&[DISCARD_MAX; 3]), 10).await, Err(ReplyCode::BodyTooLarge));
        let mut told = HeaderMap::new();
        told.insert(CONTENT_LENGTH, HeaderValue::from(DISCARD_MAX + 1));
        let endless = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(read(&told, endless, 10).await, Err(ReplyCode::BodyTooLarge));
    }

    #[tokio::test]
    async fn a_compressed_or_broken_body_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(read(&headers, chunks(&[1]), 10).await, Err(ReplyCode::EncodingUnsupported));
        let broken =
            Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]));
        assert_eq!(read(&HeaderMap::new(), broken, 10).await, Err(ReplyCode::BodyIncomplete));
    }

    #[tokio::test(start_paused = true)]
    async fn an_unwanted_body_is_read_for_a_moment_only() {
        let endless = || Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let begun = tokio::time::Instant::now();
        discard(&HeaderMap::new(), endless()).await;
        assert_eq!(begun.elapsed().as_secs(), DISCARD_TIMEOUT.as_secs());
        let mut waits = HeaderMap::new();
        waits.insert(EXPECT, HeaderValue::from_static("100-continue"));
        discard(&waits, endless()).await;
        assert_eq!(begun.elapsed().as_secs(), DISCARD_TIMEOUT.as_secs(), "nothing was waited for");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_given_up() {
        let endless = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(read(&HeaderMap::new(), endless, 10).await, Err(ReplyCode::BodyTimeout));
    }
}
