//! What the screens look like: styled snapshots of every screen in both languages at three sizes, and what must hold at
//! every size.
//!
//! Nothing in here touches a bus or a terminal: states are built by `update` from invented events and drawn into a buffer.
//! `INSTA_UPDATE=always cargo test -p domicilio --test screens` writes the snapshots anew; look at the difference.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails, and says where"
)]

#[path = "../corpus/attacks.rs"]
mod attacks;
mod fixture;
mod hands;
mod hold;
mod hostile;
mod links;
mod paint;
mod revealed;
mod sample;
mod snapshots;
mod the_bus;
#[path = "../corpus/wire.rs"]
mod wire;
mod worst;
