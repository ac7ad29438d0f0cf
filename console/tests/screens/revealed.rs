//! Personal data of an order, asked for and shown, as it looks; the person is invented.

use domicilio::action::Action;
use domicilio::effect::{Effect, Planned};
use domicilio::event::{Answer, Done, Event};
use domicilio::mask::{self, Clear};
use domicilio::state::dialog::{Dialog, Focus};
use domicilio::state::{Lang, State};
use domicilio::update::update;

use crate::fixture::{act, then};
use crate::hands::{press, write};
use crate::snapshots::{LANGS, SIZES, check_clear, check_small, order_opened};

const PAYLOAD: &[u8] = br#"{"cabecera":[{"codigoApp":"0000900000-070100","codRestaurante":24,"nombresCliente":"Persona Ejemplo",
    "telefonoDomicilio":"0990000000","direccion":"Calle de Ejemplo N00-00 y Avenida del Ejemplo, edificio Ejemplo, piso 2, timbre 4, frente al parque de los ejemplos",
    "totalFactura":8.0,"fechaPedido":"20261123"}],
    "detalle":[{"detalleApp":1,"codPlu":1001,"cantidad":2,"precioBruto":4.0,"modificadores":[]}]}"#;

fn asked(lang: Lang) -> State {
    let mut state = order_opened(lang);
    act(&mut state, Action::Reveal);
    state
}

/// Confirmed, read, and looked at for a while.
fn revealed(lang: Lang) -> (State, Clear) {
    let mut state = asked(lang);
    let mut effects = Vec::new();
    while let Some(Dialog::Confirm(open)) = &state.dialog {
        match open.focus {
            Focus::Reason => {
                write(&mut state, "el cliente pregunta por su pedido");
                then(&mut state, Event::Edit(domicilio::event::Edit::Next));
            }
            Focus::Confirm => effects = press(&mut state),
            Focus::Cancel | Focus::Proof => act(&mut state, Action::FocusNext),
        }
    }
    let clear = mask::disclose(PAYLOAD).unwrap();
    for effect in effects {
        let Effect::Run { job, item, planned } = effect else { continue };
        let Planned::Reveal(wanted) = *planned else { continue };
        let reply = Ok(Done::Revealed(wanted.order, clear.clone()));
        drop(update(&mut state, Event::Answer(Answer::Done { job, item, reply })));
    }
    let now = state.now.plus_millis(17_000);
    then(&mut state, Event::Tick(now));
    (state, clear)
}

#[test]
fn asking_and_seeing() {
    check_small("reveal", asked);
    for lang in LANGS {
        for size in &SIZES[..2] {
            let (state, clear) = revealed(lang);
            check_clear("revealed", &state, Some(&clear), *size);
        }
        // At the end of it, on a screen that does not hold all.
        let (mut state, clear) = revealed(lang);
        act(&mut state, Action::Bottom);
        check_clear("revealed-end", &state, Some(&clear), SIZES[0]);
    }
}
