//! Loss is counted exactly, whatever happens to the terminal and to the process meanwhile.

use std::time::{Duration, Instant};

use contract::{Service, subject};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::orders::{Bus, origin};
use crate::terminal::Terminal;
use crate::{LONG, now};

/// How hard it is tried.
struct Flood {
    /// Messages published while the terminal takes nothing, and again while the process is stopped.
    messages: u64,
    /// How long the terminal takes nothing.
    stalled: Duration,
    /// How long the process is stopped. A server with its own settings gives a client up that takes nothing for ten
    /// seconds, or for which it holds 64 MiB: that would be a stretch without connection, which is shown as one.
    stopped: Duration,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_while_the_terminal_and_the_process_are_stopped_is_counted_exactly() {
    flood(&Flood { messages: 20_000, stalled: Duration::from_secs(2), stopped: Duration::from_secs(2) }).await;
}

/// `cargo test -p domicilio --test pty -- --ignored --nocapture 200_000`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute of all processors"]
async fn of_200_000_messages_while_all_is_stopped_each_is_accounted_for() {
    flood(&Flood { messages: 100_000, stalled: Duration::from_secs(10), stopped: Duration::from_secs(6) }).await;
}

#[expect(clippy::print_stdout, reason = "the figures of the full run are for whoever runs it")]
async fn flood(flood: &Flood) {
    // Without streams: what is measured is the observing connection, not JetStream's pace.
    let bus = Bus::start_bare().await;
    let mut screen = Terminal::open(&bus.url(), &[]);
    screen.wait_for("the connection", LONG, |s| s.contains("nats ● conectado"));
    screen.press("6");
    screen.wait_for("the services", LONG, |s| s.contains("── Servicios ──"));
    let mut published = 0;

    screen.stall();
    let stalled = Instant::now();
    published += publish(&bus, flood.messages).await;
    tokio::time::sleep(flood.stalled.saturating_sub(stalled.elapsed())).await;
    screen.signal(Signal::STOP);
    let stopped = Instant::now();
    published += publish(&bus, flood.messages).await;
    tokio::time::sleep(flood.stopped.saturating_sub(stopped.elapsed())).await;
    screen.signal(Signal::CONT);
    screen.go_on();

    let key = Instant::now();
    screen.press("?");
    screen.wait_for("an answer to the next key", LONG, |s| s.contains("── Ayuda ──"));
    let answered = key.elapsed();
    screen.press("\x1b");

    // A heartbeat that is shown came after everything that was published before it. One may be lost like any other.
    let mut shown = false;
    for n in 0..30 {
        published += beat(&bus, n).await;
        shown = screen.holds_within(Duration::from_secs(1), |s| s.contains(&format!("fin-{n}")));
        if shown {
            break;
        }
    }
    assert!(shown, "{}", screen.text());
    // Two seconds by its own clock: the account is drawn up whenever nothing comes.
    let clock =
        |screen: &str| screen.lines().next().unwrap_or_default().split_whitespace().rev().nth(1).map(str::to_owned);
    for _ in 0..2 {
        let before = clock(&screen.text());
        screen.wait_for("the next second", LONG, |s| clock(s) != before);
    }
    let header = screen.text().lines().next().unwrap_or_default().to_owned();
    screen.press("q");
    assert_eq!(screen.wait_for_end(LONG), 0);
    screen.assert_given_back();

    let log = screen.log();
    let account: Value = log
        .lines()
        .filter(|line| line.contains("leaves"))
        .map(|line| serde_json::from_str(line).unwrap())
        .next_back()
        .unwrap();
    let figure = |name: &str| account["fields"][name].as_u64().unwrap();
    let (received, taken, lost) = (figure("received"), figure("taken"), figure("lost"));
    println!("published {published}, taken {taken}, lost {lost}; the next key was answered after {answered:?}");
    assert_eq!((received, taken + lost), (published, published), "{header}\n{account}");
    assert!(lost > 0 || flood.messages < 65_536, "nothing was lost, so nothing was shown: {account}");
    let digits: String = header
        .split("perdidos")
        .nth(1)
        .unwrap_or_default()
        .chars()
        .take_while(|c| !c.is_alphabetic() && *c != ':')
        .collect();
    let shown: Vec<&str> = digits.split("  ").map(str::trim).collect();
    assert_eq!(shown.first().unwrap().replace(|c: char| !c.is_ascii_digit(), ""), lost.to_string(), "{header}");
}

/// Publishes as fast as the server takes it: states of points of sale, the shortest messages that there are.
async fn publish(bus: &Bus, count: u64) -> u64 {
    let client = bus.client();
    let bodies: Vec<bytes::Bytes> = ["up", "down"].map(|state| {
        let event = json!({ "v": 1, "at": now(), "by": origin("q-1"), "kind": "pos", "country": "ec", "store": 72, "state": state, "detail": "" });
        event.to_string().into()
    }).to_vec();
    for n in 0..count {
        client.publish("domicilio.events.ec.72.pos", bodies[usize::try_from(n % 2).unwrap()].clone()).await.unwrap();
    }
    client.flush().await.unwrap();
    count
}

async fn beat(bus: &Bus, n: u32) -> u64 {
    let instance = format!("fin-{n}");
    let beat = json!({
        "v": 1, "service": "api-domicilio", "instance": instance, "version": "1", "cloud": "aws", "country": "ec",
        "started_at": now(), "at": now(), "state": "running", "load": "api", "figures": {},
    });
    bus.say(
        &subject::heartbeat(Service::Api, &instance.parse().unwrap()),
        async_nats::HeaderMap::new(),
        beat.to_string().into_bytes(),
    )
    .await;
    1
}
