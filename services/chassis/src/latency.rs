//! Latency of the last minute: p50 and p99 without keeping every sample.

use std::sync::{Mutex, PoisonError};

use contract::heartbeat::Latency;
use hdrhistogram::Histogram;

use crate::clock::monotonic_ms;

/// How long one half of the window lasts; figures cover between one and two halves.
const HALF_MS: u64 = 30_000;

/// Longest latency that is told apart, in microseconds: ten minutes.
const MAX_US: u64 = 600_000_000;

/// Two histograms that take turns: samples go to both, each is emptied in its turn. Memory is fixed (about 50 KiB).
#[derive(Debug)]
pub struct Window {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The older one is read.
    older: Histogram<u32>,
    newer: Histogram<u32>,
    turned_ms: u64,
}

impl Window {
    /// An empty window.
    pub fn new() -> Self {
        // Two significant digits: 1 % is finer than anyone reads. The bounds are constants, so this cannot fail.
        let empty = || Histogram::new_with_bounds(1, MAX_US, 2).unwrap_or_else(|_| unreachable!("constant bounds"));
        Self { inner: Mutex::new(Inner { older: empty(), newer: empty(), turned_ms: 0 }) }
    }

    /// Takes a sample, in microseconds.
    pub fn record_us(&self, us: u64) {
        self.record_at(us, monotonic_ms());
    }

    /// The figures now.
    pub fn read(&self) -> Latency {
        self.read_at(monotonic_ms())
    }

    fn record_at(&self, us: u64, now_ms: u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn(now_ms);
        inner.older.saturating_record(us.max(1));
        inner.newer.saturating_record(us.max(1));
    }

    fn read_at(&self, now_ms: u64) -> Latency {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn(now_ms);
        if inner.older.is_empty() {
            return Latency::default();
        }
        let ms = |quantile| Some(inner.older.value_at_quantile(quantile) as f64 / 1_000.0);
        Latency { p50_ms: ms(0.5), p99_ms: ms(0.99) }
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    fn turn(&mut self, now_ms: u64) {
        let age = now_ms.saturating_sub(self.turned_ms);
        if age < HALF_MS {
            return;
        }
        std::mem::swap(&mut self.older, &mut self.newer);
        self.newer.reset();
        if age >= 2 * HALF_MS {
            self.older.reset();
        }
        self.turned_ms = now_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_measured_is_not_zero() {
        assert_eq!(Window::new().read_at(0), Latency::default());
    }

    #[test]
    fn old_samples_leave_the_window() {
        let window = Window::new();
        for _ in 0..98 {
            window.record_at(1_000, 1_000);
        }
        window.record_at(100_000, 1_000);
        window.record_at(100_000, 1_000);
        let now = window.read_at(2_000);
        assert!((now.p50_ms.unwrap() - 1.0).abs() < 0.02, "{now:?}");
        assert!((now.p99_ms.unwrap() - 100.0).abs() < 1.0, "{now:?}");
        window.record_at(5_000, 40_000);
        assert!(window.read_at(69_000).p99_ms.unwrap() > 99.0);
        assert!(window.read_at(71_000).p99_ms.unwrap() < 6.0);
        assert_eq!(window.read_at(300_000), Latency::default());
    }
}
