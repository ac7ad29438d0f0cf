//! API keys: who is let in, rotation under load, broken files, floods, and what never shows.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use contract::heartbeat::Heartbeat;
use futures::StreamExt as _;
use reqwest::Method;
use tempfile::TempDir;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::running::{Api, Bus, DELIVERY_PATH, PATIENCE, Told, delivery, store, until};

/// A folder with a file of keys and a log, and an instance that uses both.
struct Guarded {
    api: Api,
    folder: TempDir,
}

impl Guarded {
    async fn start(bus: &Bus, entries: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (keys, log) = (folder.path().join("keys.toml"), folder.path().join("log"));
        std::fs::write(&keys, entries).unwrap();
        let mut flags = vec!["--keys", keys.to_str().unwrap(), "--log-file", log.to_str().unwrap()];
        flags.extend(["--log-level", "trace"]);
        flags.extend(more);
        let api = Api::start_with(&bus.server.url(), &flags).await;
        api.until_ready().await;
        Self { api, folder }
    }

    /// Puts a new file in the place of the old one at once, as `mv` does.
    fn replace(&self, entries: &str) {
        let fresh = self.folder.path().join("fresh.toml");
        std::fs::write(&fresh, entries).unwrap();
        std::fs::rename(fresh, self.file()).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("keys.toml")
    }

    /// Everything that was logged, once it contains `marker`.
    async fn log_with(&self, marker: &str) -> String {
        until("logged", async || {
            let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
            let logs = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("log"));
            let text: String = logs.map(|path| std::fs::read_to_string(path).unwrap()).collect();
            if text.contains(marker) { Ok(text) } else { Err(marker) }
        })
        .await
    }
}

/// A new key, as the program itself makes it: what belongs into the file, and the value of the header.
async fn new_key(id: &str, more: &[&str]) -> (String, String) {
    let program = Command::new(env!("CARGO_BIN_EXE_api-domicilio"))
        .args(["new-key", "--id", id])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(program.status.success(), "{program:?}");
    let told = String::from_utf8(program.stderr).unwrap();
    let token = told.lines().last().unwrap().to_owned();
    let entry = String::from_utf8(program.stdout).unwrap();
    assert!(token.starts_with("domi_") && token.len() == 69 && !entry.contains(&token), "{told}");
    (entry, format!("Bearer {token}"))
}

async fn ask(api: &Api, bearer: &str, method: Method, path: &str, body: String) -> Told {
    api.send(method, path, &[("authorization", bearer)], body).await
}

async fn order(api: &Api, bearer: &str, code: &str) -> Told {
    ask(api, bearer, Method::POST, DELIVERY_PATH, delivery(code)).await
}

/// Requests of the flood: more at once than there are places for requests worked on.
const FLOOD: u32 = 600;

const ALL: [&str; 4] = ["--scope", "orders:write,orders:read", "--scope", "stores:write,stores:read"];

#[tokio::test]
async fn each_path_needs_its_scope_and_what_operators_watch_needs_none() {
    let bus = Bus::start().await;
    let (mut entries, mut bearers) = (String::new(), Vec::new());
    let scopes = ["orders:write", "orders:read", "stores:write", "stores:read"];
    for scope in scopes {
        let (entry, bearer) = new_key(&scope.replace(':', "-"), &["--scope", scope]).await;
        entries.push_str(&entry);
        bearers.push(bearer);
    }
    let (entry, expired) = new_key("old", &["--scope", "orders:write", "--expires", "2026-01-01T00:00:00Z"]).await;
    let guarded = Guarded::start(&bus, &(entries + &entry), &[]).await;
    let api = &guarded.api;

    let reason = r#"{"reason":"sin gas"}"#;
    for (method, path, body, needed) in [
        (Method::PUT, "/api/stores/72", store(72).to_string(), 2),
        (Method::POST, DELIVERY_PATH, delivery("a"), 0),
        (Method::POST, "/pickup/api/v3/pedidoApp", "{}".to_owned(), 0),
        (Method::GET, "/api/orders/72.a", String::new(), 1),
        (Method::GET, "/api/stores/72", String::new(), 3),
        (Method::POST, "/api/stores/72/pause", reason.to_owned(), 2),
        (Method::POST, "/api/stores/72/disable", reason.to_owned(), 2),
        (Method::POST, "/api/stores/72/resume", String::new(), 2),
    ] {
        let told = api.send(method.clone(), path, &[], body.clone()).await;
        assert_eq!((told.status, told.code()), (401, "token_missing"), "{method} {path}");
        assert_eq!(told.challenge.as_deref(), Some("Bearer realm=\"domicilio\""));
        let told = ask(api, "Bearer domi_nonsense", method.clone(), path, body.clone()).await;
        assert_eq!((told.status, told.code()), (401, "token_unknown"), "{method} {path}");
        for (n, bearer) in bearers.iter().enumerate() {
            let told = ask(api, bearer, method.clone(), path, body.clone()).await;
            if n == needed {
                assert!(![401, 403, 429].contains(&told.status), "{method} {path}: {told:?}");
                continue;
            }
            assert_eq!((told.status, told.code()), (403, "scope_missing"), "{method} {path}: {told:?}");
            let challenge = told.challenge.unwrap();
            assert!(challenge.contains(&format!("scope=\"{}\"", scopes[needed])), "{challenge}");
        }
    }
    let told = order(api, &expired, "b").await;
    assert_eq!((told.status, told.code()), (401, "token_expired"));
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(api.get(path).await.status, 200, "{path}");
    }
    assert_eq!(api.send(Method::DELETE, "/api/stores/72", &[], "").await.status, 405);
    assert_eq!(bus.count("ORDERS").await, 1);
}

#[tokio::test]
async fn metrics_need_a_key_where_the_instance_is_set_so_and_count_by_its_name() {
    let bus = Bus::start().await;
    let (entry, bearer) = new_key("watch-1", &["--scope", "operations"]).await;
    let guarded = Guarded::start(&bus, &entry, &["--metrics-need-key"]).await;
    assert_eq!(guarded.api.get("/metrics").await.code(), "token_missing");
    let told = ask(&guarded.api, &bearer, Method::GET, "/metrics", String::new()).await;
    let text = told.body.as_str().unwrap();
    for line in [
        r#"api_domicilio_key_requests_total{key="watch-1",answer="allowed"} 1"#,
        r#"api_domicilio_stranger_requests_total{code="token_missing"} 1"#,
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert_eq!(guarded.api.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn keys_are_exchanged_under_load_without_a_lost_request() {
    let bus = Bus::start().await;
    let (old, old_bearer) = new_key("app-1-a", &ALL).await;
    let (new, new_bearer) = new_key("app-1-b", &ALL).await;
    let guarded = Guarded::start(&bus, &old, &[]).await;
    let api = &guarded.api;
    let written = ask(api, &old_bearer, Method::PUT, "/api/stores/72", store(72).to_string()).await;
    assert_eq!((written.status, &written.body["changed_by"]), (201, &"key:app-1-a".into()), "its record names the key");

    let (done, sent) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
    let bearer = std::sync::Mutex::new(old_bearer.clone());
    let sender = async |n: u32| {
        let mut mine = 0_u64;
        while !done.is_cancelled() {
            let bearer = bearer.lock().unwrap().clone();
            let told = order(api, &bearer, &format!("load-{n}-{mine}")).await;
            assert_eq!(told.status, 202, "{told:?}");
            mine += 1;
            sent.fetch_add(1, Ordering::Relaxed);
        }
        mine
    };
    let more = async || {
        let from = sent.load(Ordering::Relaxed);
        until("orders go on", async || match sent.load(Ordering::Relaxed) {
            now if now >= from + 20 => Ok(()),
            now => Err(now),
        })
        .await;
    };
    let exchanging = async {
        more().await;
        guarded.replace(&format!("{old}{new}"));
        until("the new key is taken", async || {
            let told = ask(api, &new_bearer, Method::GET, "/api/stores/72", String::new()).await;
            if told.status == 200 { Ok(()) } else { Err(told) }
        })
        .await;
        more().await;
        bearer.lock().unwrap().clone_from(&new_bearer);
        // Whoever began with the old one has been answered after so many more.
        more().await;
        guarded.replace(&new);
        until("the old key is gone", async || {
            let told = ask(api, &old_bearer, Method::GET, "/api/stores/72", String::new()).await;
            if told.code() == "token_unknown" { Ok(()) } else { Err(told) }
        })
        .await;
        more().await;
        done.cancel();
    };
    let (a, b, c, ()) = tokio::join!(sender(1), sender(2), sender(3), exchanging);
    assert_eq!(bus.count("ORDERS").await, a + b + c);
    let metrics = api.get("/metrics").await.body;
    assert!(!metrics.as_str().unwrap().contains("app-1-a"), "figures of a key that is gone are gone: {metrics}");
}

#[tokio::test]
async fn a_broken_file_keeps_the_old_keys_and_is_told_until_it_is_mended() {
    let bus = Bus::start().await;
    let mut beats = bus.connection.client.subscribe("domicilio.services.api-domicilio.*.heartbeat").await.unwrap();
    let (entry, bearer) = new_key("app-1", &ALL).await;
    let (other, other_bearer) = new_key("app-2", &ALL).await;
    let guarded = Guarded::start(&bus, &entry, &[]).await;
    let mut trouble = async |expected: Option<&str>| {
        let mut seen = None;
        let told = async {
            while let Some(beat) = beats.next().await {
                let beat: Heartbeat = serde_json::from_slice(&beat.payload).unwrap();
                seen.clone_from(&beat.trouble);
                let fits = match (&beat.trouble, expected) {
                    (Some(told), Some(expected)) => told.contains(expected),
                    (None, None) => true,
                    _ => false,
                };
                if fits {
                    return;
                }
            }
        };
        let heard = tokio::time::timeout(PATIENCE, told).await;
        assert!(heard.is_ok(), "{expected:?}: last seen {seen:?}");
    };
    trouble(None).await;
    let token = other_bearer.trim_start_matches("Bearer ");
    for (broken, told) in [("[[key]", "line 1"), ("", "no keys"), (&format!("# {token}\n{entry}"), "token in clear")] {
        guarded.replace(broken);
        trouble(Some(told)).await;
        assert_eq!(ask(&guarded.api, &bearer, Method::GET, "/api/stores/1", String::new()).await.status, 404);
    }
    std::fs::remove_file(guarded.file()).unwrap();
    trouble(Some("reading")).await;
    assert_eq!(ask(&guarded.api, &bearer, Method::GET, "/api/stores/1", String::new()).await.status, 404);
    guarded.replace(&other);
    trouble(None).await;
    assert_eq!(ask(&guarded.api, &bearer, Method::GET, "/api/stores/1", String::new()).await.status, 401);
    assert_eq!(ask(&guarded.api, &other_bearer, Method::GET, "/api/stores/1", String::new()).await.status, 404);
    let log = guarded.log_with("\"over\"").await;
    assert!(!log.contains(token), "a token that stood in the file shows in the log");
}

#[tokio::test]
async fn a_hangup_has_the_keys_read_again_and_ends_nothing() {
    let bus = Bus::start().await;
    let (entry, bearer) = new_key("app-1", &ALL).await;
    let guarded = Guarded::start(&bus, &entry, &[]).await;
    // The file is the same, so that only the signal can be the reason.
    let process = guarded.api.child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-HUP", &process]).status().await.unwrap().success());
    guarded.log_with("keys read again").await;
    assert_eq!(ask(&guarded.api, &bearer, Method::GET, "/api/stores/1", String::new()).await.status, 404);
}

#[tokio::test]
async fn who_is_too_fast_is_told_when_to_come_back_and_disturbs_nobody() {
    let bus = Bus::start().await;
    let (fast, fast_bearer) = new_key("fast", &["--scope", "stores:read", "--rate", "1", "--burst", "3"]).await;
    let (calm, calm_bearer) = new_key("calm", &["--scope", "stores:read", "--rate", "1", "--burst", "3"]).await;
    let guarded = Guarded::start(&bus, &format!("{fast}{calm}"), &[]).await;
    let read = |bearer: &str| {
        let bearer = bearer.to_owned();
        let api = &guarded.api;
        async move { ask(api, &bearer, Method::GET, "/api/stores/1", String::new()).await }
    };
    let told = futures::future::join_all((0..50).map(|_| read(&fast_bearer))).await;
    let refused: Vec<_> = told.iter().filter(|told| told.status == 429).collect();
    assert!(refused.len() >= 3, "{told:?}");
    assert!(told.iter().filter(|told| told.status == 404).count() >= 3, "{told:?}");
    for told in refused {
        assert_eq!((told.code(), told.retry_after.as_deref()), ("rate_exceeded", Some("1")), "{told:?}");
    }
    assert_eq!(read(&calm_bearer).await.status, 404);
    until("let in again", async || {
        let told = read(&fast_bearer).await;
        if told.status == 404 { Ok(()) } else { Err(told) }
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_wrong_tokens_takes_no_place_and_leaves_no_trace_of_them() {
    let bus = Bus::start().await;
    let (entry, bearer) = new_key("app-1", &ALL).await;
    let guarded = Guarded::start(&bus, &entry, &[]).await;
    let api = &guarded.api;
    assert_eq!(ask(api, &bearer, Method::PUT, "/api/stores/72", store(72).to_string()).await.status, 201);
    let canary = |n: u32| format!("domi_{n:064x}");
    let (flood, told) = tokio::join!(
        futures::stream::iter(0..FLOOD)
            .map(|n| async move { order(api, &format!("Bearer {}", canary(n)), "flood").await })
            .buffer_unordered(300)
            .collect::<Vec<_>>(),
        order(api, &bearer, "honest"),
    );
    assert_eq!(told.status, 202, "{told:?}");
    assert!(flood.iter().all(|told| told.code() == "token_unknown"), "all are told the same");
    let metrics = api.get("/metrics").await.body.as_str().unwrap().to_owned();
    let counted = format!("api_domicilio_stranger_requests_total{{code=\"token_unknown\"}} {FLOOD}");
    assert!(metrics.contains(&counted) && metrics.contains("api_domicilio_in_flight 0"), "{metrics}");
    assert_eq!(bus.count("ORDERS").await, 1);

    // What must not show: tokens, right or wrong, and whose order it was.
    guarded.replace(&format!("{entry}\n# seen\n"));
    let log = guarded.log_with("keys read again").await;
    let right = bearer.trim_start_matches("Bearer ");
    for secret in [right, "domi_", "Bearer", "Ficticia", "990000001", "ana@example.com"] {
        assert!(!log.contains(secret), "{secret} shows in the log");
        assert!(!metrics.contains(secret), "{secret} shows in the metrics");
    }
}

#[tokio::test]
async fn what_does_not_go_together_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("keys.toml");
    std::fs::write(&broken, "[[key]]\nid = 7\n").unwrap();
    let broken = broken.to_str().unwrap();
    for (flags, code, told) in [
        (&["--listen", "0.0.0.0:0"][..], 2, "--keys"),
        (&["--open", "--keys", broken], 2, "cannot be used with"),
        (&["--metrics-need-key"], 2, "--keys"),
        (&["--tls-cert", broken], 2, "--tls-key"),
        (&["--listen", "127.0.0.1:0", "--tls-cert", broken, "--tls-key", broken], 1, "holds no certificate"),
        (&["--listen", "127.0.0.1:0", "--keys", broken], 1, "line 2"),
        (&["--listen", "127.0.0.1:0", "--keys", "/nowhere/keys.toml"], 1, "/nowhere/keys.toml"),
        (&["new-key", "--id", "a b", "--scope", "orders:write"], 2, "letters"),
        (&["new-key", "--id", "a", "--scope", "orders"], 2, "orders:write"),
        (&["new-key", "--id", "a"], 2, "--scope"),
    ] {
        let program = Command::new(env!("CARGO_BIN_EXE_api-domicilio")).args(flags).stdin(Stdio::null()).output();
        let output = tokio::time::timeout(PATIENCE, program).await.unwrap().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && error.contains(told), "{flags:?}: {output:?}");
    }
}
