//! The pure part: what `update` makes of events, without terminal, bus or clock.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod acting;
mod alarms;
mod attention;
mod colours;
mod converge;
mod elsewhere;
mod encoder;
mod hands;
mod layers;
mod making;
mod palette;
mod payload;
mod recording;
mod registry;
mod replay;
mod reveal;
mod tables;
mod trail;
mod truth;
