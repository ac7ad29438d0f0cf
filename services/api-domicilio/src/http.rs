//! HTTP: routes, limits, and turning answers into responses. Decides nothing about orders or stores.
//!
//! Every limit of a request is here or in [`serve`]; nothing of a request but ids is ever sent back.

mod body;
mod guard;
mod operations;
mod orders;
mod routes;
pub mod serve;
mod stores;
pub(crate) mod tls;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;

use crate::api::Api;
use crate::reply::ReplyCode;

pub use routes::{ANYWHERE, ROUTES, Route};

/// Largest body of an order, in bytes. The server takes messages of 1 MiB with their headers; the largest orders seen
/// are some 30 KiB.
pub const ORDER_BYTES_MAX: usize = 512 * 1_024;

/// Largest body of a store request, in bytes: a record with all its labels has some 3 KiB.
pub const STORE_BYTES_MAX: usize = 16 * 1_024;

/// The router of [`ROUTES`].
pub fn router(api: &Arc<Api>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let mut handler = (route.handler)();
        if route.limited {
            handler = handler.layer(from_fn_with_state(Arc::clone(api), admitted));
        }
        if let Some(scope) = route.scope {
            // Outermost, so that who may not come in takes no place; of the method's own, so that a wrong method is told as one.
            handler = handler.route_layer(from_fn_with_state((Arc::clone(api), scope), guard::guarded));
        }
        router = router.route(route.path, handler);
    }
    finished(router).with_state(Arc::clone(api))
}

/// What every path has in common: answers to what no route takes, and to a defect.
fn finished<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .fallback(async || ReplyCode::NotFound)
        .method_not_allowed_fallback(async || ReplyCode::MethodNotAllowed)
        .layer(CatchPanicLayer::custom(|_panic| {
            // The panic's own text stays here: the hook has told it on standard error.
            ReplyCode::Internal.into_response()
        }))
}

/// Works on a request only when there is a place for it.
async fn admitted(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    match api.admit() {
        Ok(_permit) => next.run(request).await,
        Err(code) => code.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_defect_is_answered_and_told_to_nobody() {
        let broken = get(async || -> String { panic!("secret") });
        let router: Router = finished(Router::new().route("/broken", broken));
        let request = Request::builder().uri("/broken").body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), 500);
        let body = to_bytes(response.into_body(), 10_000).await.expect("a body");
        let text = String::from_utf8_lossy(&body);
        assert!(text.contains("\"internal\"") && !text.contains("secret"), "{text}");
    }
}
