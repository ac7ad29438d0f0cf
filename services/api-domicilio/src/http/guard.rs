//! Letting in who shows a token for what it asks, and telling the others why not. Tokens are read here and go nowhere.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::body;
use crate::api::Api;
use crate::keys::{Refusal, Scope};
use crate::reply::{Answer, ReplyCode};

/// Works on a request only when its token allows it; whoever works on it finds the key's name among its extensions.
pub(super) async fn guarded(
    State((api, scope)): State<(Arc<Api>, Scope)>,
    mut request: Request,
    next: Next,
) -> Response {
    match api.door.check(bearer(request.headers()), scope) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => {
            api.metrics.let_in(&key);
            request.extensions_mut().insert(key);
            next.run(request).await
        }
        Err(refusal) => {
            api.metrics.refused(refusal.key.as_ref(), refusal.code);
            let (head, body) = request.into_parts();
            body::discard(&head.headers, body).await;
            respond(&refusal, scope)
        }
    }
}

/// The token of a request. Of several none: which of them counts must not be a matter of taste.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (only, None) = (shown.next()?, shown.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The answer, with what RFC 6750 has to say in its headers.
fn respond(refusal: &Refusal, scope: Scope) -> Response {
    let code = refusal.code;
    let mut reply = Answer::from(code).into_reply();
    if code == ReplyCode::ScopeMissing {
        reply.message = format!("This token lacks the scope {scope}.");
    }
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(reply)).into_response();
    let challenge = match code {
        ReplyCode::TokenMissing => Some(r#"Bearer realm="domicilio""#.to_owned()),
        ReplyCode::TokenUnknown | ReplyCode::TokenExpired => {
            Some(r#"Bearer realm="domicilio", error="invalid_token""#.to_owned())
        }
        ReplyCode::ScopeMissing => {
            Some(format!(r#"Bearer realm="domicilio", error="insufficient_scope", scope="{scope}""#))
        }
        _ => None,
    };
    let headers = response.headers_mut();
    if let Some(challenge) = challenge.and_then(|challenge| HeaderValue::from_str(&challenge).ok()) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = refusal.retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bearer_token_is_read_and_nothing_else() {
        for (lines, token) in [
            (&[][..], None),
            (&["Bearer abc"], Some("abc")),
            (&["bearer  abc "], Some("abc")),
            (&["BEARER abc"], Some("abc")),
            (&["Bearer"], None),
            (&["Basic YWJj"], None),
            (&["abc"], None),
            (&["Bearer \u{f1}"], None),
            (&["Bearer abc", "Bearer abc"], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(AUTHORIZATION, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            assert_eq!(bearer(&headers), token, "{lines:?}");
        }
    }

    #[test]
    fn each_refusal_says_what_would_help() {
        let header = |response: &Response, name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        for (code, status, challenge) in [
            (ReplyCode::TokenMissing, 401, "Bearer realm=\"domicilio\""),
            (ReplyCode::TokenUnknown, 401, "Bearer realm=\"domicilio\", error=\"invalid_token\""),
            (ReplyCode::TokenExpired, 401, "Bearer realm=\"domicilio\", error=\"invalid_token\""),
            (
                ReplyCode::ScopeMissing,
                403,
                "Bearer realm=\"domicilio\", error=\"insufficient_scope\", scope=\"stores:read\"",
            ),
            (ReplyCode::RateExceeded, 429, ""),
        ] {
            let refusal = Refusal { retry_after_s: (status == 429).then_some(3), ..code.into() };
            let response = respond(&refusal, Scope::StoresRead);
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(header(&response, "www-authenticate"), challenge);
            assert_eq!(header(&response, "retry-after"), if status == 429 { "3" } else { "" });
        }
    }
}
