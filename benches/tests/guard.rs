//! What must not get lost between two measurements on a quiet machine. Ratios of counts, never times: they hold on any
//! machine under any load.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and says where")]

use bench::filled::{self, SIZE, now};
use domicilio::action::Action;
use domicilio::event::{Event, Meter};
use domicilio::state::{Screen, State};
use domicilio::term::Painter;
use domicilio::theme::{Depth, Ground, Theme};
use domicilio::update::update;
use domicilio::view::{Memory, draw};
use jiff::tz::TimeZone;

/// Orders in the state, enough to fill every screen.
const ORDERS: u32 = filled::STORES;

/// Draws frames, and counts the bytes that a terminal is told.
struct Wire {
    painter: Painter,
    memory: Memory,
}

impl Wire {
    fn new() -> Self {
        let memory = Memory::new(Theme::new(Depth::True, Ground::Dark, false), TimeZone::UTC);
        Self { painter: Painter::sized(SIZE.into()).unwrap(), memory }
    }

    fn bytes(&mut self, state: &State) -> usize {
        self.painter.paint(|frame| draw(state, &mut self.memory, frame)).unwrap().text.len()
    }
}

fn on(screen: Screen, full: &State) -> State {
    let mut state = full.clone();
    update(&mut state, Event::Action(Action::Show(screen)));
    state
}

#[test]
fn a_second_in_which_nothing_comes_writes_a_small_part_of_a_screen() {
    let full = filled::state(ORDERS).unwrap();
    for screen in Screen::ALL {
        let mut state = on(screen, &full);
        let mut wire = Wire::new();
        let whole = wire.bytes(&state);
        assert_eq!(wire.bytes(&state), wire.bytes(&state), "{screen:?}: the same state is drawn once");
        update(&mut state, Event::Tick(now().plus_millis(1_000)));
        let second = wire.bytes(&state);
        assert!(second > 0 && second * 5 < whole, "{screen:?}: {second} of {whole} bytes for a second");
    }
}

#[test]
fn a_flood_writes_one_screen_a_frame_however_many_messages_came() {
    let full = filled::state(ORDERS).unwrap();
    for screen in [Screen::Overview, Screen::Orders] {
        let mut state = on(screen, &full);
        let mut wire = Wire::new();
        let whole = wire.bytes(&state);
        for (first, orders) in [(ORDERS, 10), (ORDERS + 10, 2_000)] {
            let facts = filled::facts(first..first + orders, now()).unwrap();
            update(&mut state, Event::Live { facts, meter: Meter::default() });
            let frame = wire.bytes(&state);
            assert!(
                frame > 0 && frame < whole * 2,
                "{screen:?}: {frame} bytes after {orders} orders, {whole} a screen"
            );
        }
    }
}
