//! Orders over the bus: command `inject`, for this instance by name or for any one. The same way as over HTTP.
//!
//! The request's body is the payload, its format stands in header `Domicilio-Format`, the answer is
//! `IntakeReply` as JSON.

use std::sync::Arc;

use async_nats::service::Request;
use chassis::command::{any_prefix, own_prefix, register, respond};
use contract::command::Verb;
use contract::header;
use contract::order::Format;
use futures::{StreamExt as _, stream};

use crate::api::{Api, IN_FLIGHT_MAX};
use crate::http::ORDER_BYTES_MAX;
use crate::intake;
use crate::reply::{Answer, ReplyCode};

/// Serves until the process ends; tries again until the bus is there, goes on through reconnects.
pub(crate) fn spawn(api: Arc<Api>) {
    tokio::spawn(async move {
        loop {
            api.bus.up().await;
            match serve(&api).await {
                // The service ends only with the client.
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "orders over the bus are not served yet, trying again"),
            }
            tokio::time::sleep(chassis::RETRY_DELAY).await;
        }
    });
}

async fn serve(api: &Arc<Api>) -> Result<(), async_nats::Error> {
    let micro = register(&api.instance, &api.bus).await?;
    let verb = Verb::Inject.as_str();
    let own = micro.group(own_prefix(&api.instance)).endpoint_builder().name(verb).add(verb).await?;
    let any = micro.group(any_prefix(&api.instance)).endpoint_builder().name("inject-any").add(verb).await?;
    stream::select(own, any)
        .for_each_concurrent(IN_FLIGHT_MAX, |request| async move {
            let answer = answer(api, &request).await;
            respond(&request, &answer.into_reply()).await;
        })
        .await;
    Ok(())
}

async fn answer(api: &Api, request: &Request) -> Answer {
    let _permit = match api.admit() {
        Ok(permit) => permit,
        Err(code) => return code.into(),
    };
    let headers = request.message.headers.as_ref();
    let value = |name| headers.and_then(|headers| headers.get(name)).map(async_nats::HeaderValue::as_str);
    let format =
        [Format::Delivery, Format::Pickup].into_iter().find(|format| value(header::FORMAT) == Some(format.as_str()));
    let Some(format) = format else {
        let fault = contract::Fault::new("format_missing", "", "Header Domicilio-Format must be delivery or pickup.");
        return Answer::faulty(ReplyCode::InvalidPayload, vec![fault]);
    };
    let payload = request.message.payload.clone();
    if payload.len() > ORDER_BYTES_MAX {
        return ReplyCode::BodyTooLarge.into();
    }
    intake::take(api, format, payload, value(header::TRACEPARENT)).await
}
