//! Stores: created and changed under a condition, taken up at once, never moved to another country.

use reqwest::Method;
use serde_json::json;

use crate::running::{Api, Bus, DELIVERY, DELIVERY_PATH, store};

#[tokio::test]
async fn a_store_is_changed_only_by_who_has_read_it() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let read = api.get("/api/stores/72").await;
    assert_eq!((read.status, read.etag.as_deref()), (200, Some("\"1\"")), "{read:?}");
    assert_eq!((&read.body["kiosk"], &read.body["changed_by"]), (&true.into(), &"api-domicilio-1".into()));

    let mut wanted = store(72);
    wanted["name"] = "OTRO NOMBRE".into();
    let put = async |etag: &[(&str, &str)]| api.send(Method::PUT, "/api/stores/72", etag, wanted.to_string()).await;
    assert_eq!((put(&[]).await.status, put(&[("if-none-match", "*")]).await.status), (428, 412));
    let changed = put(&[("if-match", "\"1\"")]).await;
    assert_eq!((changed.status, changed.etag.as_deref()), (200, Some("\"2\"")), "{changed:?}");
    let stale = put(&[("if-match", "\"1\"")]).await;
    assert_eq!((stale.status, stale.code()), (412, "revision_stale"), "{stale:?}");
    assert_eq!(api.get("/api/stores/72").await.body["name"], "OTRO NOMBRE");

    wanted["country"] = "co".into();
    let moved = api.send(Method::PUT, "/api/stores/72", &[("if-match", "\"2\"")], wanted.to_string()).await;
    assert_eq!((moved.status, moved.body["faults"][0]["code"].as_str()), (422, Some("country_fixed")), "{moved:?}");
    assert_eq!(bus.count("STORES").await, 2);
}

#[tokio::test]
async fn of_many_changes_at_once_one_wins() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let body = json!({"reason": "sin gas"}).to_string();
    let pause = || api.send(Method::POST, "/api/stores/72/pause", &[("if-match", "\"1\"")], body.clone());
    let statuses: Vec<u16> =
        futures::future::join_all((0..20).map(|_| pause())).await.iter().map(|told| told.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 19, "{statuses:?}");

    let create = |country: &str| {
        let mut wanted = store(80);
        wanted["country"] = country.into();
        api.send(Method::PUT, "/api/stores/80", &[], wanted.to_string())
    };
    let created = futures::future::join_all(["ec", "co", "cl", "ve"].map(create)).await;
    let statuses: Vec<u16> = created.iter().map(|told| told.status).collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "an id belongs to one country: {statuses:?}"
    );
}

#[tokio::test]
async fn a_paused_store_refuses_new_orders_and_knows_its_old_ones() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    assert_eq!(api.post(DELIVERY_PATH, DELIVERY).await.status, 202);
    let change = async |verb: &str, etag: &str, body: &str| {
        api.send(Method::POST, &format!("/api/stores/72/{verb}"), &[("if-match", etag)], body).await
    };
    let refused = change("pause", "\"1\"", r#"{"untill":"2099-01-01T00:00:00Z"}"#).await;
    assert_eq!((refused.status, refused.body["faults"].as_array().map(Vec::len)), (422, Some(2)), "{refused:?}");
    let paused = change("pause", "\"1\"", r#"{"reason":"sin gas"}"#).await;
    assert_eq!((paused.status, &paused.body["state"]), (200, &"paused".into()), "{paused:?}");

    let told = api.order("new").await;
    assert_eq!((told.status, &told.body["faults"][0]["code"]), (422, &"store_paused".into()), "{told:?}");
    let again = api.post(DELIVERY_PATH, DELIVERY).await;
    assert_eq!((again.status, again.code()), (200, "already_accepted"), "{again:?}");

    assert_eq!(change("disable", "\"2\"", r#"{"reason":"obras"}"#).await.body["state"], "disabled");
    assert_eq!(api.order("new").await.body["faults"][0]["code"], "store_disabled");
    let open = change("resume", "\"3\"", "").await;
    assert_eq!((open.status, open.body.get("reason")), (200, None), "{open:?}");
    assert_eq!(api.order("new").await.status, 202);
    for path in ["/api/stores/x", "/api/stores/0", "/api/stores/072"] {
        assert_eq!(api.get(path).await.code(), "id_invalid", "{path}");
    }
    assert_eq!(change("resume", "*", "").await.status, 200);
    assert_eq!(api.get("/api/stores/71").await.code(), "store_unknown");
}

#[tokio::test]
async fn another_instance_takes_a_change_up() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let other = Api::start(&bus.server.url()).await;
    other.until_ready().await;
    assert_eq!(other.order("there").await.status, 202, "it has read what was there before it");
    let body = json!({"reason": "sin gas"}).to_string();
    assert_eq!(api.send(Method::POST, "/api/stores/72/pause", &[("if-match", "*")], body).await.status, 200);
    crate::running::until("the other instance refuses", async || {
        let told = other.order(&format!("there-{}", crate::running::now().as_millis())).await;
        if told.status == 422 { Ok(()) } else { Err(told) }
    })
    .await;
}
