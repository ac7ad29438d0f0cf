//! Orders over the bus: command `inject`, for this instance by name or for any one. The same way as over HTTP.
//!
//! The request's body is the payload, its format stands in header `Domicilio-Format`, the answer is
//! `IntakeReply` as JSON.

use std::sync::Arc;

use async_nats::service::Request;
use chassis::command::{Duty, respond};
use contract::command::Verb;
use contract::header;
use contract::order::Format;
use futures::FutureExt as _;

use crate::api::{Api, COMMANDS};
use crate::http::ORDER_BYTES_MAX;
use crate::intake;
use crate::reply::{Answer, ReplyCode};

/// The command as the services API serves it.
pub(crate) fn duty(api: &Arc<Api>) -> Duty {
    let api = Arc::clone(api);
    Duty {
        verb: Verb::Inject,
        limits: COMMANDS,
        handle: Arc::new(move |request| {
            let api = Arc::clone(&api);
            async move {
                let answer = answer(&api, &request).await;
                respond(&request, &answer.into_reply()).await;
            }
            .boxed()
        }),
    }
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
