//! How long the console needs to draw each of its screens at 200x60 and to make of it what is written to the terminal, with
//! as much in its state as it ever keeps.

use std::time::Instant;

use domicilio::action::Action;
use domicilio::event::{Event, Meter};
use domicilio::state::{Screen, State};
use domicilio::term::Painter;
use domicilio::theme::{Depth, Ground, Theme};
use domicilio::update::update;
use domicilio::view::{Memory, draw};
use jiff::tz::TimeZone;

use crate::figures::percentile;
use crate::filled::{self, SIZE, now};
use crate::report::{Row, Target};
use crate::settings::Scale;

/// Orders whose lives come between two frames.
const BETWEEN: u32 = 10;

/// Frames in a second, as many as the console ever draws.
const PER_SECOND: u32 = 30;

/// Measures it.
pub(super) fn measure(scale: &Scale) -> anyhow::Result<Vec<Row>> {
    let state = filled::state(scale.orders_drawn)?;
    let mut rows = Vec::new();
    for screen in Screen::ALL {
        let took = times(state.clone(), screen, scale)?;
        let row = |which, percent| Row::new(format!("{screen:?} at 200x60, {which}"), "ms", percentile(&took, percent));
        rows.push(row("p50", 50));
        rows.push(row("p99", 99).target(Target::Most(2.0)));
    }
    Ok(rows)
}

/// How long each frame took, in milliseconds; between two frames new messages come, so that none is drawn twice.
fn times(mut state: State, screen: Screen, scale: &Scale) -> anyhow::Result<Vec<f64>> {
    update(&mut state, Event::Action(Action::Show(screen)));
    let mut memory = Memory::new(Theme::new(Depth::True, Ground::Dark, false), TimeZone::UTC);
    let mut painter = Painter::sized(SIZE.into())?;
    let mut took = Vec::new();
    for frame in 0..scale.frames {
        let at = now().plus_millis(i64::from(frame * 1_000 / PER_SECOND));
        let first = scale.orders_drawn + frame * BETWEEN;
        update(&mut state, Event::Tick(at));
        if frame.is_multiple_of(PER_SECOND) {
            for event in filled::second(at)? {
                update(&mut state, event);
            }
        }
        update(&mut state, Event::Live { facts: filled::facts(first..first + BETWEEN, at)?, meter: Meter::default() });
        let began = Instant::now();
        painter.paint(|frame| draw(&state, &mut memory, frame))?;
        took.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(took)
}
