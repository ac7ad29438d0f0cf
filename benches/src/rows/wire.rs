//! What the console's program writes to its terminal and uses of a processor, left alone and under load, and how soon it
//! shows a key.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::figures::percentile;
use crate::part::Part;
use crate::process::Watch;
use crate::publisher::Published;
pub(crate) use crate::publisher::STORES;
use crate::report::{Beside, Row, Target};
use crate::settings::Scale;
use crate::site::Site;
use crate::terminal::Terminal;

/// Sizes of the terminal.
const SIZES: [(u16, u16); 2] = [(120, 40), (200, 60)];

/// Messages a second.
const LOADS: [u32; 4] = [10, 100, 1_000, 10_000];

/// Orders of one load, at most: their numbers do not overlap.
pub(crate) const ORDERS: u32 = 1_000_000;

/// How long a start, a screen or a key may take.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// What passes before something is measured: the start is over, a load has arrived.
pub(crate) const LEAD: Duration = Duration::from_secs(2);

/// Between two keys; no multiple of the time between two frames.
const TYPING: Duration = Duration::from_millis(61);

/// Bytes a second to an idle terminal at most: 2 KiB a minute.
const IDLE_BYTES: f64 = 2_048.0 / 60.0;

/// What of a load must have been published, on average.
pub(super) const REACHED: f64 = 0.95;

/// The title that only the overview has.
const ON_OVERVIEW: &str = "Requiere atención";

/// What is written: every order's code holds it.
const LETTER: &str = "0";

/// How many of them at most.
const TYPED: u16 = 6;

/// What no screen shows on its own.
const MARK: &str = "qzx";

/// How the console is opened on a bus.
pub(crate) const fn console_args(url: &str) -> [&str; 4] {
    ["--nats-url", url, "--lang", "es"]
}

/// Whether the screen says that everything is read.
pub(crate) fn is_whole(screen: &vt100::Screen) -> bool {
    let text = screen.contents();
    text.contains("conectado") && !text.contains("leyendo")
}

/// Measures it.
pub(super) async fn measure(scale: &Scale) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for size in SIZES {
        rows.extend(at_size(size, scale).await?);
    }
    Ok(rows)
}

async fn at_size(size: (u16, u16), scale: &Scale) -> anyhow::Result<Vec<Row>> {
    let at = format!("{}x{}", size.0, size.1);
    let bus = Site::start().await?;
    bus.stores(STORES, "http://127.0.0.1:9").await?;
    let url = bus.url();
    let mut terminal = Terminal::start(&super::console()?, &console_args(&url), &[], size)?;
    tokio::task::block_in_place(|| terminal.wait("whole state", LIMIT, is_whole))?;
    let limit = limit(&url, size)?;
    tokio::time::sleep(LEAD).await;
    let ((rate, percent), (_, least)) = tokio::try_join!(look(&terminal, scale.idle), look(&limit, scale.idle))?;
    drop(limit);
    let idle = format!("idle for {} s, {at}", scale.idle.as_secs());
    let whole = rate * scale.idle.as_secs_f64();
    let mut rows = vec![
        Row::new(format!("{idle}: to the terminal"), "B", Some(whole))
            .target(Target::Most(IDLE_BYTES * scale.idle.as_secs_f64())),
        Row::new(format!("{idle}: processor"), "%", Some(percent))
            .beside(Beside::Limit, Some(least))
            .target(Target::Most(0.5)),
    ];
    for (number, load) in (0_u32..).zip(LOADS) {
        let mut pace = Part::pace(&url, load, number * ORDERS, 0).await?;
        let (before, began) = (pace.ask::<Published>().await?, Instant::now());
        let (rate, percent) = busiest(&mut terminal, scale.load).await?;
        let keys = tokio::task::block_in_place(|| {
            let field = filter(&mut terminal, LIMIT)?;
            let mut took = Vec::new();
            keys(&mut terminal, field, scale.keys, LIMIT, LIMIT * 10, &mut took).map(|()| took)
        })?;
        terminal.press("\x1b")?;
        let published = pace.ask::<Published>().await?.published - before.published;
        let reached = published as f64 / began.elapsed().as_secs_f64();
        pace.end().await?;
        let seen = Seen { rate, percent, keys };
        // Under a load that was not there nothing is known.
        rows.extend(told(&at, size, load, reached, (reached >= f64::from(load) * REACHED).then_some(&seen)));
    }
    rows.push(
        Row::new(format!("messages lost, by the console's own account, {at}"), "", lost(&mut terminal)?)
            .target(Target::Exactly(0.0)),
    );
    Ok(rows)
}

/// The limit of an idle console, begun in a terminal of its own: beside ours, at the same time, for what a program costs that
/// wakes a few times a second is the machine's business more than its own.
fn limit(url: &str, size: (u16, u16)) -> anyhow::Result<Terminal> {
    let program = std::env::current_exe().context("finding this program")?;
    let terminal = Terminal::start(&program, &["part", "--nats-url", url, "idle"], &[], size)?;
    let ready = |screen: &vt100::Screen| screen.contents().contains("ready");
    tokio::task::block_in_place(|| terminal.wait("ready limit", LIMIT, ready))?;
    Ok(terminal)
}

/// What was seen under one load.
struct Seen {
    /// Bytes a second to the terminal.
    rate: f64,
    /// Per cent of a processor.
    percent: f64,
    /// Milliseconds from each key to the screen.
    keys: Vec<f64>,
}

fn told(at: &str, size: (u16, u16), load: u32, reached: f64, seen: Option<&Seen>) -> Vec<Row> {
    let (bytes, processor) = match (load, size) {
        (100, (120, _)) => (Target::Most(20.0), Target::Most(5.0)),
        (10_000, _) => (Target::Most(60.0), Target::None),
        _ => (Target::None, Target::None),
    };
    let late = if load == 10_000 { Target::Most(100.0) } else { Target::None };
    let row = |what: &str, unit, value: Option<f64>| Row::new(format!("{load} messages/s, {at}: {what}"), unit, value);
    let key = |percent| seen.and_then(|seen| percentile(&seen.keys, percent));
    vec![
        row("published", "1/s", Some(reached)),
        row("to the terminal", "KiB/s", seen.map(|seen| seen.rate / 1_024.0)).target(bytes),
        row("processor", "%", seen.map(|seen| seen.percent)).target(processor),
        row("key to screen, p50", "ms", key(50)),
        row("key to screen, p99", "ms", key(99)).target(late),
    ]
}

/// Bytes a second and per cent of a processor over `time`.
pub(super) async fn look(terminal: &Terminal, time: Duration) -> anyhow::Result<(f64, f64)> {
    let (before, watch) = (terminal.bytes(), Watch::start(terminal.pid()?)?);
    tokio::time::sleep(time).await;
    Ok(((terminal.bytes() - before) as f64 / watch.seconds(), watch.percent()?))
}

/// The same under load, of each the most that the overview or the orders need.
pub(super) async fn busiest(terminal: &mut Terminal, load: Duration) -> anyhow::Result<(f64, f64)> {
    let mut most = (0.0, 0.0);
    for (key, overview) in [("1", true), ("2", false)] {
        terminal.press(key)?;
        tokio::task::block_in_place(|| {
            terminal.wait("its screen", LIMIT, |screen| screen.contents().contains(ON_OVERVIEW) == overview)
        })?;
        tokio::time::sleep(LEAD).await;
        let (rate, percent) = look(terminal, load).await?;
        most = (rate.max(most.0), percent.max(most.1));
    }
    Ok(most)
}

/// Opens an empty filter on the orders; tells row and column where what is written begins.
pub(crate) fn filter(terminal: &mut Terminal, limit: Duration) -> anyhow::Result<(u16, u16)> {
    // Letters that stand nowhere else tell where the field is.
    terminal.press("/")?;
    terminal.press(MARK)?;
    terminal.wait("letters in the filter", limit, |screen| marked(screen).is_some())?;
    let place = terminal.look(marked).context("the filter has moved")?;
    terminal.press(&"\x7f".repeat(MARK.len()))?;
    terminal.wait("empty filter", limit, |screen| marked(screen).is_none())?;
    Ok(place)
}

/// Writes letters and takes them back, one by one, until there are `count` in `took` or `most` is over: for each key, how many milliseconds
/// until the cell that it changes has changed, at most `limit`. As a filter every order passes them, so that the table goes
/// on as before.
pub(crate) fn keys(
    terminal: &mut Terminal,
    (row, column): (u16, u16),
    count: u32,
    limit: Duration,
    most: Duration,
    took: &mut Vec<f64>,
) -> anyhow::Result<()> {
    let (mut typed, mut longer, first) = (0, true, Instant::now());
    while took.len() < count as usize && first.elapsed() < most {
        std::thread::sleep(TYPING);
        // The cell after what is written so far, or the last one written.
        let cell = if longer { column + typed } else { column + typed - 1 };
        let began = Instant::now();
        terminal.press(if longer { LETTER } else { "\x7f" })?;
        let shown = terminal.wait("key on screen", limit, |screen| (at(screen, row, cell) == LETTER) == longer)?;
        took.push(shown.duration_since(began).as_secs_f64() * 1_000.0);
        typed = if longer { typed + 1 } else { typed - 1 };
        longer = if longer { typed < TYPED } else { typed == 0 };
    }
    Ok(())
}

/// What a cell shows.
fn at(screen: &vt100::Screen, row: u16, column: u16) -> &str {
    screen.cell(row, column).map_or("", vt100::Cell::contents)
}

/// Row and column where [`MARK`] begins.
fn marked(screen: &vt100::Screen) -> Option<(u16, u16)> {
    let (rows, columns) = screen.size();
    let mut places = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
    places.find(|&(row, column)| {
        (column..).zip(MARK.chars()).all(|(column, letter)| at(screen, row, column).chars().eq([letter]))
    })
}

/// Leaves the console and reads from its log how many messages it lost.
pub(super) fn lost(terminal: &mut Terminal) -> anyhow::Result<Option<f64>> {
    let home = terminal.home().to_owned();
    lost_in(terminal, &home)
}

/// The same of a console whose home is `home`.
pub(crate) fn lost_in(terminal: &mut Terminal, home: &std::path::Path) -> anyhow::Result<Option<f64>> {
    tokio::task::block_in_place(|| {
        terminal.press("\x1b")?;
        terminal.press(":q\r")?;
        terminal.wait_for_end(LIMIT)
    })?;
    let log = log(home)?;
    let line = log.lines().rev().find(|line| line.contains("messages on the observing connection"));
    let line: serde_json::Value = serde_json::from_str(line.context("the log does not tell what was lost")?)?;
    Ok(line["fields"]["lost"].as_f64())
}

/// The console's own log, all of it.
fn log(home: &std::path::Path) -> anyhow::Result<String> {
    let mut text = String::new();
    for entry in std::fs::read_dir(home.join("domicilio")).context("the console kept no log")? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "log") {
            text.push_str(&std::fs::read_to_string(path)?);
        }
    }
    Ok(text)
}
