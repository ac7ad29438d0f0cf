//! Each protection switched off, one at a time: the judge must see which promise breaks.

use simulation::{Options, Promise, Protection, run};

/// Seeds within which the breach must show.
const SEEDS: u64 = 600;

/// Searches the seeds for a breach of `promise`; that seed.
fn breaks(without: Protection, promise: Promise) -> Option<u64> {
    let breach = |seed, without| run(seed, Options { without, log: false }).map(|report| report.breach);
    let found = (1..=SEEDS).find(|seed| {
        let breach = breach(*seed, Some(without));
        matches!(&breach, Ok(Some(breach)) if breach.promise == promise)
    });
    assert!(found.is_some(), "{promise:?} was kept for {SEEDS} seeds");
    assert_eq!(found.map(|seed| breach(seed, None)), Some(Ok(None)), "seed {found:?} is broken with it too");
    found
}

#[test]
fn without_the_watermark_orders_are_sent_again() {
    println!("seed {:?}", breaks(Protection::Watermark, Promise::NoDuplicate));
}

#[test]
fn without_the_chain_orders_overtake() {
    println!("seed {:?}", breaks(Protection::Chain, Promise::Fifo));
}

#[test]
fn without_a_new_consumer_overtaken_orders_are_lost() {
    println!("seed {:?}", breaks(Protection::NewConsumer, Promise::NoLoss));
}

#[test]
fn without_a_new_consumer_what_was_delivered_to_the_dead_stays_with_them() {
    println!("seed {:?}", breaks(Protection::NewConsumer, Promise::Liveness));
}

#[test]
fn without_the_fence_an_order_ends_twice() {
    println!("seed {:?}", breaks(Protection::Fence, Promise::NoDuplicate));
}

#[test]
fn without_the_last_look_a_zombie_sends() {
    println!("seed {:?}", breaks(Protection::LastLook, Promise::OneOwner));
}
