//! What an attempt's verdict means for the head of the lane: done, tried again later, or given up.

use contract::event::{FailReason, PosState};
use contract::order::Ending;
use contract::{EventKind, Outcome, QueueEntry, UtcMs};

use super::{BUS_RETRY_MS, DOWN_AFTER, Lane, Moment, Stage, Tries};
use crate::schedule::{Schedule, probe_wait_ms};
use crate::verdict::{Failure, Verdict};

/// A failed attempt of the order at the head, and what decides about the next one.
struct Trial<'a> {
    entry: &'a QueueEntry,
    failure: Failure,
    took_ms: u32,
    schedule: &'a Schedule,
    now: Moment,
    /// 0 to 1: spreads the retry.
    chance: f64,
}

impl Lane {
    /// An attempt ended after `took_ms`. `chance` (0 to 1) spreads the retry.
    pub fn attempted(&mut self, verdict: Verdict, took_ms: u32, schedule: &Schedule, now: Moment, chance: f64) {
        self.stage = Stage::Idle;
        let entry = self.waiting.get(&self.tries.queue_seq).and_then(|waiting| waiting.entry.clone());
        let Some(entry) = entry else { return };
        match verdict {
            Verdict::Postponed => {
                self.tries.attempts -= 1;
                self.not_before_ms = now.mono_ms + BUS_RETRY_MS;
            }
            // An outcome would raise the watermark over every order that is yet to come.
            Verdict::NoOrder => {
                self.waiting.remove(&self.tries.queue_seq);
                self.tries = Tries::default();
            }
            Verdict::Done { already } => {
                self.tries.pos_ms = Some(took_ms);
                self.pos_is_up("POS answers");
                self.finish(&entry, Ending::Injected { already }, now);
            }
            Verdict::Failed(failure) => {
                let trial = Trial { entry: &entry, failure, took_ms, schedule, now, chance };
                match trial.failure.reason {
                    FailReason::Unreachable | FailReason::Untrusted => self.unreachable(&trial),
                    _ => self.failed(&trial),
                }
            }
        }
    }

    /// No connection, or none that may be trusted: certainly not delivered, so it costs the order nothing. After two in a row the POS is down,
    /// and the lane only probes.
    fn unreachable(&mut self, trial: &Trial<'_>) {
        self.unreachable_in_a_row += 1;
        let was_down = self.pos_down;
        let wait_ms = if was_down {
            self.probes += 1;
            probe_wait_ms(self.probes, trial.chance)
        } else {
            trial.schedule.wait_ms(1, None, trial.chance).unwrap_or(BUS_RETRY_MS)
        };
        let retry_at = self.retry_in(wait_ms, trial.now);
        if was_down {
            return;
        }
        self.tell_failure(trial, Some(retry_at));
        if self.unreachable_in_a_row >= DOWN_AFTER {
            self.pos_down = true;
            self.probes = 0;
            self.tell_pos(PosState::Down, trial.failure.detail.clone());
        }
    }

    fn failed(&mut self, trial: &Trial<'_>) {
        let Trial { entry, failure, took_ms, schedule, now, chance } = trial;
        if matches!(failure.reason, FailReason::Busy | FailReason::PosError | FailReason::Refused) {
            self.pos_is_up("POS answers again");
        }
        self.tries.spent += 1;
        self.tries.pos_ms = Some(*took_ms);
        let wait = match failure.reason {
            FailReason::Refused => None,
            _ => schedule.wait_ms(self.tries.spent, failure.retry_after_ms, *chance),
        };
        let retry_at = wait.map(|wait_ms| self.retry_in(wait_ms, *now));
        self.tell_failure(trial, retry_at);
        if retry_at.is_none() {
            let ending = Ending::NotInjected { reason: failure.reason, detail: failure.detail.clone(), command: None };
            self.finish(entry, ending, *now);
        }
    }

    fn retry_in(&mut self, wait_ms: u64, now: Moment) -> UtcMs {
        self.not_before_ms = now.mono_ms + wait_ms;
        let at = now.utc.plus_millis(i64::try_from(wait_ms).unwrap_or(i64::MAX));
        self.tries.next_at = Some(at);
        at
    }

    fn pos_is_up(&mut self, detail: &str) {
        self.unreachable_in_a_row = 0;
        if std::mem::take(&mut self.pos_down) {
            self.tell_pos(PosState::Up, detail.to_owned());
        }
    }

    fn tell_pos(&mut self, state: PosState, detail: String) {
        let (country, store) = (self.place.country, self.place.store);
        self.tell.push_back(EventKind::Pos { country, store, state, detail });
    }

    fn tell_failure(&mut self, trial: &Trial<'_>, retry_at: Option<UtcMs>) {
        self.tell.push_back(EventKind::AttemptFailed {
            order: trial.entry.order.clone(),
            intake: trial.entry.intake,
            attempt: self.tries.attempts,
            attempts_max: trial.schedule.attempts_max(),
            reason: trial.failure.reason,
            detail: trial.failure.detail.clone(),
            took_ms: trial.took_ms,
            retry_at,
        });
    }

    pub(super) fn finish(&mut self, entry: &QueueEntry, ending: Ending, now: Moment) {
        let watermark = self.mark.map_or(0, |mark| mark.watermark);
        self.not_before_ms = 0;
        self.tries.next_at = None;
        self.stage = Stage::Finished(Box::new(Outcome {
            v: contract::VERSION,
            order: entry.order.clone(),
            intake: entry.intake,
            watermark: watermark.max(entry.intake),
            queue_seq: self.tries.queue_seq,
            partition: self.place.partition,
            epoch: self.place.epoch,
            queued_at: entry.queued_at,
            queued_by: entry.by.clone(),
            attempts: self.tries.attempts,
            first_attempt_at: self.tries.first_at,
            last_attempt_at: self.tries.last_at,
            pos_ms: self.tries.pos_ms,
            at: now.utc,
            by: self.place.by.clone(),
            ending,
        }));
    }
}
