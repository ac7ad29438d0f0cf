//! The far side of a bad line: bus, `sshd` and console in network namespaces of their own, and whoever looks at them from
//! the near one.
//!
//! It runs as the first process of its own process namespace, with its own mounts: whatever ends it, the kernel ends all
//! that it has started and takes the namespaces back. No name is given to any of them and no file outside a temporary
//! folder is written.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};

use crate::link::{Carried, FAR, HERE, NEAR, THERE};
use crate::part::{self, Part};
use crate::publisher::Published;
use crate::rows::{console, wire};
use crate::site::Site;
use crate::terminal::Terminal;

/// Messages a second.
pub const LOADS: [u32; 2] = [100, 10_000];

const SIZE: (u16, u16) = (120, 40);

/// Addresses at the two ends of the line.
const CLIENT: &str = "10.77.0.1";
const SERVER: &str = "10.77.0.2";

/// How long a key is waited for.
const LATE: Duration = Duration::from_secs(10);

/// How long keys are written under each load.
const MOST: Duration = Duration::from_mins(1);

const PORT: &str = "2222";

/// What the other end says once it is there.
const THERE_NOW: &str = "aqui";

/// What was seen under one load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    /// Messages a second that were published meanwhile.
    pub published: f64,
    /// Bytes a second over the line towards the terminal.
    pub rate: f64,
    /// Milliseconds from each key to the screen.
    pub keys: Vec<f64>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shaped {
    /// Milliseconds from each key to the screen when the other end only echoes.
    pub echo: Vec<f64>,
    /// The console under each of [`LOADS`].
    pub seen: Vec<Seen>,
    /// Messages that the console lost, by its own account.
    pub lost: Option<f64>,
}

/// What it tells at its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Told {
    /// There can be no such line here.
    Unable(String),
    /// It went wrong.
    Failed(String),
    /// It was measured.
    Measured(Shaped),
}

/// What starts a program apart from this machine's processes, mounts and networks; or why that cannot be.
pub async fn apart() -> Result<Vec<String>, String> {
    for program in ["ip", "mount", "nsenter", "ssh", "ssh-keygen", "sshd"] {
        find(program)?;
    }
    let unshare = find("unshare")?.display().to_string();
    let how = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"].map(str::to_owned);
    let apart: Vec<String> = std::iter::once(unshare).chain(how).collect();
    let (program, args) = apart.split_first().ok_or("nothing to start")?;
    match run(Path::new(program), &[args, &["true".to_owned()]].concat()).await {
        Ok(()) => Ok(apart),
        Err(error) => Err(format!("namespaces cannot be made here: {error:#}")),
    }
}

/// Measures, and tells.
pub async fn run_part(keys: u32, load: Duration) -> anyhow::Result<()> {
    let _asked = part::ready().await?;
    let told = match far_side().await {
        Err(error) => Told::Unable(format!("{error:#}")),
        Ok(line) => match measure(line, keys, load).await {
            Err(error) => Told::Failed(format!("{error:#}")),
            Ok(shaped) => Told::Measured(shaped),
        },
    };
    part::tell(&told)
}

/// The line, with everything that can stand at its ends.
struct Ends {
    link: Part,
    /// What runs a program in the near namespace.
    near: Vec<String>,
}

/// Makes the two namespaces, this one and another, and what goes between them.
async fn far_side() -> anyhow::Result<Ends> {
    // Neither the machine's list of who is logged in nor its logs are any of our business.
    for folder in ["/run", "/var/log"] {
        step("mount", &["-t", "tmpfs", "tmpfs", folder]).await?;
    }
    std::fs::create_dir("/run/sshd").context("making a folder")?;
    // Without it sshd complains on the terminal.
    std::fs::write("/var/log/lastlog", "").context("making a file")?;
    let unshare = found("unshare")?.display().to_string();
    let mut link = Part::start_by(&[&unshare, "--net", "--"], "nats://127.0.0.1:9", &["link"]).await?;
    let pid = link.pid()?.to_string();
    let near = [found("nsenter")?.display().to_string(), "--net".to_owned(), "--target".to_owned(), pid.clone()];
    let near: Vec<String> = near.into_iter().chain(["--".to_owned()]).collect();
    // Beneath: an ordinary pair of ends. Above: a tunnel at each side, both of whose far ends are the carrier.
    let (here, there) = (format!("{HERE}/30"), format!("{THERE}/30"));
    ip(&[], &["link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", &pid]).await?;
    for (by, address) in [(&[][..], &there), (&near, &here)] {
        ip(by, &["address", "add", address, "dev", "wire"]).await?;
        ip(by, &["link", "set", "lo", "up"]).await?;
        ip(by, &["link", "set", "wire", "up"]).await?;
    }
    let (local, remote) = (THERE.to_string(), HERE.to_string());
    for (tunnel, port) in [("near", NEAR.to_string()), ("far", FAR.to_string())] {
        let ends = ["local", &local, "remote", &remote, "dstport", &port, "nolearning"];
        ip(&[], &[&["link", "add", tunnel, "type", "vxlan", "id", "1"], &ends[..]].concat()).await?;
    }
    ip(&[], &["link", "set", "near", "netns", &pid]).await?;
    for (by, tunnel, address) in [(&near[..], "near", CLIENT), (&[], "far", SERVER)] {
        ip(by, &["address", "add", &format!("{address}/30"), "dev", tunnel]).await?;
        // One packet at a time, as a modem would see them.
        ip(by, &["link", "set", tunnel, "up", "mtu", "1400", "gso_max_segs", "1"]).await?;
    }
    link.begin().await?;
    // It answers once it listens.
    let _: Carried = link.ask().await?;
    Ok(Ends { link, near })
}

async fn measure(mut ends: Ends, keys: u32, load: Duration) -> anyhow::Result<Shaped> {
    let site = Site::start().await?;
    site.stores(wire::STORES, "http://127.0.0.1:9").await?;
    let folder = tempfile::tempdir().context("making a folder")?;
    let _server = sshd(folder.path()).await?;
    let mut cat = ends.ssh(folder.path(), &format!("clear; echo {THERE_NOW}; exec cat"))?;
    let mut echo = Vec::new();
    tokio::task::block_in_place(|| {
        cat.wait("other end", wire::LIMIT, |screen| screen.contents().contains(THERE_NOW))?;
        wire::keys(&mut cat, (1, 0), keys, LATE, MOST, &mut echo)
    })?;
    drop(cat);
    let mut shaped = Shaped { echo, seen: Vec::new(), lost: Some(0.0) };
    for (number, per_second) in (0_u32..).zip(LOADS) {
        let load = Load { per_second, first: number * wire::ORDERS, time: load, keys };
        let (seen, lost) = under(&mut ends, &site, folder.path(), &load).await?;
        shaped.seen.push(seen);
        shaped.lost = shaped.lost.zip(lost).map(|(before, lost)| before + lost);
    }
    Ok(shaped)
}

/// What a console is put under.
struct Load {
    per_second: u32,
    /// Number of the first order.
    first: u32,
    /// How long the line is looked at.
    time: Duration,
    keys: u32,
}

/// A console of its own under one load; and how many messages it lost, if that became known.
async fn under(ends: &mut Ends, site: &Site, folder: &Path, load: &Load) -> anyhow::Result<(Seen, Option<f64>)> {
    let url = site.url();
    let (program, args) = (console()?.display().to_string(), wire::console_args(&url).join(" "));
    let home = folder.join(load.per_second.to_string());
    std::fs::create_dir(&home).context("making a folder")?;
    let at = home.display();
    let env = format!("HOME={at} XDG_CONFIG_HOME={at} XDG_STATE_HOME={at} TZ=UTC");
    let mut terminal = ends.ssh(folder, &format!("exec env {env} {program} {args}"))?;
    tokio::task::block_in_place(|| terminal.wait("whole state", wire::LIMIT, wire::is_whole))?;
    let mut pace = Part::pace(&url, load.per_second, load.first, 0).await?;
    let (told, paced) = (pace.ask::<Published>().await?, Instant::now());
    terminal.press("2")?;
    tokio::time::sleep(wire::LEAD).await;
    let (before, began) = (ends.link.ask::<Carried>().await?, Instant::now());
    tokio::time::sleep(load.time).await;
    let carried = ends.link.ask::<Carried>().await?.back - before.back;
    let rate = carried as f64 / began.elapsed().as_secs_f64();
    let keys = tokio::task::block_in_place(|| typed(&mut terminal, load.keys))?;
    let published = pace.ask::<Published>().await?.published - told.published;
    let published = published as f64 / paced.elapsed().as_secs_f64();
    pace.end().await?;
    terminal.press("\x1b")?;
    // What is still on its way to the screen may hold up its end for longer than anybody waits.
    let lost = wire::lost_in(&mut terminal, &home).unwrap_or(None);
    Ok((Seen { published, rate, keys }, lost))
}

/// Milliseconds from each key to the screen; one that does not come counts as [`LATE`] and is the last.
fn typed(terminal: &mut Terminal, keys: u32) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::new();
    let field = wire::filter(terminal, LATE);
    let done = field.and_then(|field| wire::keys(terminal, field, keys, LATE, MOST, &mut took));
    if let Err(error) = done {
        // A console that is gone is another matter than one that is slow.
        ensure!(terminal.wait_for_end(Duration::ZERO).is_err(), error);
        took.push(LATE.as_secs_f64() * 1_000.0);
    }
    Ok(took)
}

impl Ends {
    /// Starts a program at the far end from a terminal at the near one.
    fn ssh(&self, folder: &Path, command: &str) -> anyhow::Result<Terminal> {
        let (ssh, key) = (found("ssh")?.display().to_string(), folder.join("user").display().to_string());
        let to = format!("root@{SERVER}");
        let (first, rest) = self.near.split_first().context("nothing to start it by")?;
        let mut args: Vec<&str> = rest.iter().map(String::as_str).collect();
        args.extend([&*ssh, "-F", "none", "-tt", "-e", "none", "-i", &key, "-p", PORT]);
        let options = [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "LogLevel=ERROR",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "GlobalKnownHostsFile=/dev/null",
        ];
        args.extend(options.iter().flat_map(|option| ["-o", option]));
        args.extend([&*to, command]);
        Terminal::start(Path::new(first), &args, &[], SIZE)
    }
}

/// Starts `sshd` with keys of its own in `folder`.
async fn sshd(folder: &Path) -> anyhow::Result<Child> {
    for key in ["host", "user"] {
        let file = folder.join(key).display().to_string();
        step("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &file]).await?;
    }
    let at = folder.display();
    let settings = format!(
        "ListenAddress {SERVER}\nPort {PORT}\nHostKey {at}/host\nAuthorizedKeysFile {at}/user.pub\nPidFile none\n\
         StrictModes no\nUsePAM no\nUseDNS no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n\
         PrintMotd no\nPrintLastLog no\n"
    );
    let file = folder.join("sshd_config");
    std::fs::write(&file, settings).context("writing the settings of sshd")?;
    let mut command = Command::new(found("sshd")?);
    command.arg("-D").arg("-e").arg("-f").arg(file).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(std::fs::File::create(folder.join("sshd.log"))?).kill_on_drop(true);
    command.spawn().context("starting sshd")
}

async fn ip(by: &[String], args: &[&str]) -> anyhow::Result<()> {
    let ip = found("ip")?;
    let args = args.iter().map(|arg| (*arg).to_owned());
    match by.split_first() {
        None => run(&ip, &args.collect::<Vec<_>>()).await,
        Some((first, rest)) => {
            let rest = rest.iter().cloned().chain([ip.display().to_string()]);
            run(Path::new(first), &rest.chain(args).collect::<Vec<_>>()).await
        }
    }
}

async fn step(program: &str, args: &[&str]) -> anyhow::Result<()> {
    run(&found(program)?, &args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>()).await
}

/// Runs a program to its end; its own words say why it failed.
async fn run(program: &Path, args: &[String]) -> anyhow::Result<()> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.with_context(|| format!("running {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} {}: {}", program.display(), args.join(" "), said.trim());
    Ok(())
}

fn found(program: &str) -> anyhow::Result<PathBuf> {
    find(program).map_err(anyhow::Error::msg)
}

/// Where a program is; where administrators keep theirs is looked at, too.
fn find(program: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let mut found = places.map(|place| place.join(program)).filter(|file| file.is_file());
    found.next().ok_or_else(|| {
        format!("there is no {program}; it needs root on Linux, openssh-server, openssh-client and iproute2")
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn what_is_missing_is_named_with_what_brings_it() {
        assert!(find("sh").is_ok_and(|file| file.is_absolute()));
        let why = find("no-such-program").expect_err("it is not there");
        assert!(why.contains("no-such-program") && why.contains("openssh-server"), "{why}");
    }
}
