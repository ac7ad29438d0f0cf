//! The console of Domicilio: what happens on the bus, as orders, queues, stores and services, in a terminal.
//!
//! ```text
//!  keys ──► keys.rs ──► Action ─┐
//!  NATS ──► feed ───────────────┼─► Event ─► update(&mut State, Event) -> Vec<Effect> ─► runtime runs them
//!  clock ─► Tick(now) ──────────┘                     │ dirty                             (answers are Events)
//!                                    frame clock ─► draw(&State, &mut Memory, &mut Frame)
//! ```
//!
//! `state`, `update` and `view` are pure; `feed`, `runtime`, `hands`, `audit`, `editing`, `headless`, `dump`,
//! `views` and `term` touch the world.

pub mod action;
pub mod alerting;
pub mod alerts;
pub mod audit;
pub mod cli;
pub mod config;
pub mod counters;
pub mod demo;
pub mod dump;
pub mod editing;
pub mod effect;
pub mod event;
pub mod feed;
pub mod filter;
pub mod hands;
pub mod headless;
pub mod keys;
pub mod log;
pub mod mask;
pub mod operation;
pub mod recording;
pub mod runtime;
pub mod sanitise;
pub mod state;
pub mod template;
pub mod term;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod views;
