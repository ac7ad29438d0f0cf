//! Sentences with figures in them: both languages side by side, the same figures in each.

use std::fmt::Display;

use super::Lang;

/// Makes one function a phrase and the list of templates that the test reads.
macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident($($hole:ident),*) { $es:literal, $en:literal })*) => {
        $(
            $(#[$doc])*
            pub fn $name(lang: Lang, $($hole: impl Display),*) -> String {
                match lang {
                    Lang::Es => format!($es),
                    Lang::En => format!($en),
                }
            }
        )*

        /// Name and both templates of every phrase.
        pub const TEMPLATES: &[(&str, &str, &str)] = &[$((stringify!($name), $es, $en)),*];
    };
}

/// Phrases that are the same in both languages, and rightly so.
pub const SAME: &[&str] = &["targets", "minutes", "reason_took", "revision", "tail_of"];

phrases! {
    /// The banner of a replay.
    replaying(from, until, speed) { "desde {from} hasta {until} · {speed}", "from {from} to {until} · {speed}" }
    /// What is amiss in the present, in the banner of a replay.
    replay_now(what) { "ahora: {what}", "now: {what}" }
    /// Everything up to this time is read.
    replay_read(time) { "leído hasta {time}", "read up to {time}" }

    /// Matters that a message has no room for.
    alert_more(count) { "y {count} más", "and {count} more" }
    /// Alerts that were given up.
    alert_lost(count) { "avisos perdidos: {count}", "alerts lost: {count}" }
    /// The bus is away.
    alert_away(age) { "sin conexión con el bus desde hace {age}", "no connection to the bus for {age}" }
    /// An alert did not arrive.
    alert_failed(why) { "El aviso al grupo no llegó: {why}. Se dirá con el próximo.", "The alert did not arrive: {why}. It will be told with the next one." }

    /// A recording that cannot be read on.
    recording_unreadable(line, why) { "línea {line}: no se pudo leer: {why}", "line {line}: reading failed: {why}" }
    /// A recording of another version.
    recording_format(format) { "formato {format}: no es de esta versión", "format {format}: not of this version" }
    /// A line that is none of a recording.
    recording_wrong(line) { "la línea {line} no es de una grabación", "line {line} is none of a recording" }
    /// A line that is too long.
    recording_too_long(line) { "la línea {line} es demasiado larga", "line {line} is too long" }
    /// A recording without its end.
    recording_cut(line) { "cortada después de la línea {line}", "cut off after line {line}" }

    /// What is lost sight of by going to another bus.
    switch_means(count) {
        "Aquí queda en curso, enviado desde esta consola: {count}. Sigue su camino, pero esta consola ya no dirá cómo termina.",
        "Still under way here, sent from this console: {count}. It goes on, but this console will not tell how it ends."
    }
    /// What this program itself warned of.
    console_said(text) { "consola: {text}", "console: {text}" }
    /// No connection.
    tail_away(age) { "sin conexión durante {age}", "no connection for {age}" }
    /// Nobody looked.
    tail_unwatched(age) { "nadie miró durante {age}", "nobody looked for {age}" }
    /// What is tailed.
    tail_of(subject) { "{subject}.>", "{subject}.>" }
    /// How old the server's account is.
    told_ago(age) { "dicho hace {age}", "told {age} ago" }
    /// The server did not tell.
    server_failed(why) { "El servidor no los mostró: {why}", "The server did not show them: {why}" }
    /// No server tells who is connected.
    clients_untold(subject) {
        "Ningún servidor dice quién está conectado: hace falta permiso para {subject}.",
        "No server tells who is connected: that needs permission for {subject}."
    }
    /// Different subjects.
    subject_count(count) { "asuntos: {count}", "subjects: {count}" }
    /// A connection's number and our address.
    connection_is(number, address) { "n.º {number} desde {address}", "no. {number} from {address}" }
    /// What the server insists on.
    security(tls, who) { "TLS: {tls} · identificarse: {who}", "TLS: {tls} · credentials: {who}" }
    /// A message that cannot be read.
    told_unreadable(why) { "ilegible: {why}", "unreadable: {why}" }
    /// A store's record.
    told_store(code, name) { "local {code} {name}", "store {code} {name}" }

    /// In every section's rule while the connection is lost.
    as_of_ago(age) { "datos de hace {age}", "data {age} old" }
    /// How old the depths of the queues are, when they could not be counted again.
    counted_ago(age) { "contado hace {age}", "counted {age} ago" }
    /// How much of a table is shown.
    some_of(shown, total) { "{shown} de {total}", "{shown} of {total}" }
    /// What a table is sorted by, with an arrow for the direction.
    sorted_by(column, arrow) { "por {column} {arrow}", "by {column} {arrow}" }
    /// The usual order, turned round.
    sorted_reversed(usual) { "{usual}, al revés", "{usual}, reversed" }
    /// Where a search stands among the lines that it found.
    found_of(search, at, count) { "/{search}: {at} de {count}", "/{search}: {at} of {count}" }
    /// How many rows are marked.
    marked(count) { "marcados: {count}", "marked: {count}" }
    /// How many rows are marked, some of which the filter hides.
    marked_some_hidden(count, hidden) { "marcados: {count}, ocultos por el filtro: {hidden}", "marked: {count}, hidden by the filter: {hidden}" }
    /// The same, cut.
    copied_cut(count) {
        "Enviado a la terminal solo el comienzo: {count} caracteres; el resto no cabe.",
        "Only the beginning was sent to the terminal: {count} characters; there is no room for the rest."
    }
    /// The screen was written to a file.
    dumped(path) { "Pantalla guardada en {path}", "Screen saved to {path}" }
    /// It was not.
    dump_failed(why) { "No se pudo guardar la pantalla: {why}", "The screen could not be saved: {why}" }
    /// A view was saved.
    view_saved(name) { "Vista guardada: {name}", "View saved: {name}" }
    /// It was not.
    view_not_saved(why) { "No se guardó la vista: {why}", "The view was not saved: {why}" }
    /// The saved views could not be read.
    views_unreadable(why) {
        "No se pudo leer views.toml, y no se cambia: {why}",
        "views.toml could not be read, and is left as it is: {why}"
    }
    /// There is no such view.
    refused_no_view(name) { "No hay ninguna vista «{name}».", "There is no view \"{name}\"." }

    /// The banner without a connection.
    lost_for(away, data, why) {
        "SIN CONEXIÓN hace {away}, reconectando · datos de hace {data} · {why}",
        "DISCONNECTED for {away}, reconnecting · data {data} old · {why}"
    }
    /// The banner before the first connection.
    connecting_for(age) { "conectando hace {age}", "connecting for {age}" }
    /// A request without an answer.
    trouble_unanswered(seconds) {
        "sin respuesta en {seconds} s; puede haber surtido efecto",
        "no answer within {seconds} s; it may have taken effect all the same"
    }
    /// A payload that is no JSON.
    trouble_not_json(line, column) { "no es JSON (línea {line}, columna {column})", "not JSON (line {line}, column {column})" }
    /// How far the streams are read.
    reading(done, total) { "leyendo el bus, {done}/{total}", "reading the bus, {done}/{total}" }
    /// A stream that could not be read.
    part_failed(part, why) { "{part} no se pudo leer ({why})", "{part} could not be read ({why})" }
    /// Stretches without connection so far.
    gaps(count, age) { "cortes {count}, el último hace {age}", "gaps {count}, the last {age} ago" }
    /// The same where room is short.
    gaps_short(count) { "cortes {count}", "gaps {count}" }
    /// Messages that this version cannot read.
    unreadable(count) { "ilegibles {count}", "unreadable {count}" }

    /// The last message that this version cannot read.
    last_unreadable(subject, why) { "último ilegible: {subject} ({why})", "last unreadable: {subject} ({why})" }
    /// Orders accepted before may be missing.
    known_since(time) { "recibidos desde {time}", "accepted since {time}" }
    /// Orders that had to go for want of room.
    forgotten(count) { "{count} ya fuera de memoria", "{count} no longer in memory" }

    /// Orders not injected.
    not_injected_orders(count, age) { "{count} · el más viejo hace {age}", "{count} · the oldest {age} ago" }
    /// A filter names a field that is not there.
    no_field(name, fields) { "no hay campo {name}: {fields}", "no field {name}: {fields}" }
    /// A refused payload, with what is wrong.
    refused_payload(faults) { "pedido inválido: {faults}", "invalid payload: {faults}" }
    /// A partition has another owner.
    partition_goes(partition, owner, epoch) {
        "partición {partition} → {owner} (época {epoch})",
        "partition {partition} → {owner} (epoch {epoch})"
    }
    /// A distribuidor is the active one.
    took_office(term) { "distribuidor activo, mandato {term}", "active distribuidor, term {term}" }
    /// The hand-over began anew.
    hand_over_anew(why) { "el reparto empieza de nuevo: {why}", "the hand-over begins anew: {why}" }
    /// The rows are held.
    frozen(age, count) {
        "congelado hace {age} · pedidos nuevos: {count}",
        "frozen {age} ago · new orders: {count}"
    }
    /// Who decided something about an order.
    decided_by(operator) { "decidido por {operator}", "decided by {operator}" }
    /// Refused payloads.
    invalid_payloads(count, within, age, code) {
        "{count} en {within} min · {code} · el último hace {age}",
        "{count} in {within} min · {code} · the last {age} ago"
    }
    /// How many items are hidden for a while.
    put_off(count) { "pospuestos {count}", "put off {count}" }
    /// For how long an item is hidden.
    minutes(count) { "{count} min", "{count} min" }
    /// A clock that is ahead.
    clock_ahead(time) { "su reloj está adelantado {time}", "its clock is {time} ahead" }
    /// A clock that is behind.
    clock_behind(time) { "su reloj está atrasado {time}", "its clock is {time} behind" }
    /// A silent instance.
    no_heartbeat_for(age) { "sin latido hace {age}", "no heartbeat for {age}" }
    /// Depth of a queue.
    in_queue(count) { "{count} en cola", "{count} queued" }
    /// Age of the oldest entry.
    oldest(age) { "más viejo {age}", "oldest {age}" }
    /// How much a queue grew over the last half minute.
    growth(count) { "+{count} en 30 s", "+{count} in 30 s" }
    /// When the next attempt is due.
    attempt_in(number, age) { "int. {number} en {age}", "att. {number} in {age}" }
    /// The next attempt is due and has not begun: the resolver is busy or paused.
    attempt_overdue(number) { "int. {number} ya", "att. {number} due" }
    /// An attempt is being made.
    attempt_now(number) { "int. {number} en curso", "att. {number} now" }
    /// When a POS that is down is probed next.
    probe_in(age) { "sondeo en {age}", "probe in {age}" }
    /// Entries of a queue that are known one by one.
    known_of(known, depth) { "se conocen {known} de {depth}", "{known} of {depth} known" }
    /// Entries waiting in all queues.
    waiting(count) { "{count} en cola en total", "{count} queued in all" }
    /// Partition of a store.
    partition(number) { "partición {number}", "partition {number}" }
    /// Instances that are heard.
    alive(alive, known) { "{alive} de {known} con latido", "{alive} of {known} alive" }
    /// Reach of a plot.
    last_minutes(minutes) { "últimos {minutes} min", "last {minutes} min" }
    /// Counts begin within the windows.
    counts_since(day) { "desde {day}", "since {day}" }
    /// Counts could not be read again.
    counts_read_ago(age) { "leído hace {age}", "read {age} ago" }
    /// How old the counts themselves are.
    counts_written_ago(age) { "contado hace {age}", "counted {age} ago" }
    /// The sums of the day.
    today_count(count) { "hoy: recibidos {count}", "today: accepted {count}" }
    /// Sum of accepted orders.
    accepted_count(count) { "recibidos {count}", "accepted {count}" }
    /// Sum of injected orders.
    injected_count(count) { "inyectados {count}", "injected {count}" }
    /// Sum of orders not injected.
    not_injected_count(count) { "no inyectados {count}", "not injected {count}" }

    /// Lines of an order.
    lines(count) { "líneas: {count}", "lines: {count}" }
    /// Place of an order in the order of acceptance.
    intake(sequence) { "n.º {sequence} en ORDERS", "no. {sequence} in ORDERS" }
    /// A failed attempt.
    reason_took(reason, took) { "{reason} ({took})", "{reason} ({took})" }
    /// Number of an attempt.
    attempt_of(number, max) { "intento {number}/{max}", "attempt {number}/{max}" }
    /// Answer time of the POS.
    pos_took(took) { "el POS respondió en {took}", "the POS answered in {took}" }
    /// From acceptance to the end.
    took_in_all(took) { "{took} en total", "{took} in all" }
    /// What an order under way waits for.
    next_attempt_in(left, age) { "próximo intento en {left} · lleva {age}", "next attempt in {left} · {age} so far" }
    /// The next attempt's time has come; whether it has begun, nobody told.
    attempt_due(age) { "intento pendiente · lleva {age}", "attempt due · {age} so far" }
    /// The resolver says that it is at it.
    attempt_under_way(age) { "intento en curso · lleva {age}", "attempt under way · {age} so far" }
    /// The head of the queue of a POS that is down waits for the next probe.
    next_probe_in(left, age) {
        "próximo sondeo del POS en {left} · lleva {age}",
        "next probe of the POS in {left} · {age} so far"
    }
    /// The probe's time has come, or it is under way.
    probe_due(age) { "toca sondear el POS · lleva {age}", "probe of the POS due · {age} so far" }
    /// What an order under way waits for.
    awaits_queue(age) { "espera pasar a cola · lleva {age}", "waits to be queued · {age} so far" }
    /// What an order under way waits for.
    awaits_injection(age) { "espera ser inyectado · lleva {age}", "waits for injection · {age} so far" }
    /// A payload that is not to be had.
    payload_missing(why) { "No se pudo leer el contenido: {why}", "The payload could not be read: {why}" }

    /// Instances that answer to the services API and send no heartbeat.
    mute(names) { "responden a NATS y no dan latido: {names}", "they answer NATS and send no heartbeat: {names}" }
    /// Revision of a store's record.
    revision(number) { "rev. {number}", "rev. {number}" }
    /// How long an instance has been running.
    uptime(age) { "activo por {age}", "up {age}" }
    /// Age of the last heartbeat.
    heard_ago(age) { "último latido hace {age}", "last heartbeat {age} ago" }

    /// A test order was sent.
    injecting(code) { "{code}: enviando", "{code}: sending" }
    /// Intake took it.
    inject_accepted(code) { "{code}: recibido", "{code}: accepted" }
    /// Intake did not take it.
    inject_failed(code, why) { "{code}: no se recibió: {why}", "{code}: not accepted: {why}" }
    /// A followed order moved on.
    followed(code, state, took) { "{code}: {state} a los {took}", "{code}: {state} after {took}" }
    /// A followed order has no end yet.
    follow_ended(code, state) {
        "{code}: sigue {state} tras 10 min; ya no se le sigue",
        "{code}: still {state} after 10 min; no longer followed"
    }
    /// The connection is back.
    back_after(away) { "Conexión recuperada tras {away}; releyendo el estado.", "Connected again after {away}; reading state anew." }
    /// The server denied something that was just sent.
    denied(subject) {
        "El servidor lo niega: este usuario no puede publicar en {subject}",
        "The server denies it: this user may not publish to {subject}"
    }
    /// Live messages that do not come.
    denied_live(subjects) {
        "denegado: este usuario no puede suscribirse a {subjects}",
        "denied: this user may not subscribe to {subjects}"
    }
    /// Streams that are not read.
    denied_read(streams) { "denegado: este usuario no puede leer {streams}", "denied: this user may not read {streams}" }
    /// Both.
    denied_both(subjects, streams) {
        "denegado: este usuario no puede suscribirse a {subjects} ni leer {streams}",
        "denied: this user may not subscribe to {subjects}, nor read {streams}"
    }
    /// No request can be answered.
    denied_inbox(subject) {
        "denegado: este usuario no puede escuchar {subject}; falta su inbox_prefix (NATS_INBOX_PREFIX)",
        "denied: this user may not listen on {subject}; its inbox_prefix is missing (NATS_INBOX_PREFIX)"
    }
    /// Somebody is about to do something, by its stable name; what it is done to follows.
    audit_intent(by, what) { "{by} empieza {what}:", "{by} begins {what}:" }
    /// Somebody did something; what it was done to follows.
    audit_outcome(by, what) { "{by} terminó {what}:", "{by} ended {what}:" }
    /// The instance is silent.
    refused_silent(instance) { "{instance} no da latido: no recibiría la orden.", "{instance} is silent: it would not get the command." }
    /// The instance is so already.
    refused_already(instance, state) { "{instance} ya está: {state}.", "{instance} is already: {state}." }
    /// Another context could not be opened.
    switch_failed(name, why) { "No se pudo abrir el contexto {name}: {why}", "Context {name} could not be opened: {why}" }
    /// No such context.
    refused_no_context(name) { "No hay ningún contexto «{name}».", "There is no context \"{name}\"." }
    /// No such store.
    refused_no_store(text) { "No hay ningún local «{text}».", "There is no store \"{text}\"." }
    /// The store takes no orders.
    refused_store_closed(store) { "El local {store} no está abierto: no recibe pedidos.", "Store {store} is not open: it takes no orders." }

    /// The guard let nothing go out.
    trouble_forbidden(why) { "no se permite: {why}", "not allowed: {why}" }
    /// More than one job may have.
    refused_too_many(count, most) { "Son {count}: a la vez se hacen {most} como máximo.", "That is {count}: at most {most} at once." }
    /// The order is in another state.
    refused_order_is(state) { "El pedido está: {state}.", "The order is: {state}." }
    /// The queue is empty.
    refused_nothing_waits(store) { "Nada espera en el local {store}.", "Nothing waits for store {store}." }
    /// Nobody serves it.
    refused_no_owner(store) { "Ningún resolver atiende ahora el local {store}.", "No resolver serves store {store} right now." }
    /// It has it.
    refused_already_owner(instance) { "{instance} ya atiende ese local.", "{instance} serves that store already." }
    /// It is so.
    refused_store_already(store) { "El local {store} ya está así.", "Store {store} is so already." }
    /// Somebody wrote.
    refused_store_changed(store) {
        "El registro del local {store} cambió, o su revisión no se conoce: ábralo de nuevo.",
        "The record of store {store} changed, or its revision is not known: open it again."
    }
    /// There is one.
    refused_store_exists(store) { "El local {store} ya existe.", "Store {store} exists already." }
    /// A rule is broken.
    refused_store_faulty(code) { "El registro no es válido: {code}", "The record is not valid: {code}" }
    /// Not on the list.
    refused_test_store(store) {
        "El local {store} no está entre los que reciben pedidos de prueba.",
        "Store {store} is not among those that get test orders."
    }
    /// Not a number within bounds.
    refused_no_number(most) { "Se espera un número de 1 a {most}.", "A number from 1 to {most} is expected." }
    /// Bounds of a number.
    up_to(most) { "de 1 a {most}", "1 to {most}" }
    /// How fast a burst of test orders goes out, and how long that takes at least.
    burst(pace, took) { "{pace} como máximo · al menos {took} en enviarlos", "at most {pace} · at least {took} to send them" }
    /// The proof.
    refused_not_proven(proof) { "Falta escribir: {proof}", "Still to be typed: {proof}" }
    /// The server said no.
    refused_denied(user) {
        "El servidor lo niega a este usuario; puede hacerlo {user}.",
        "The server denies it to this user; {user} may do it."
    }
    /// Nobody would take it.
    refused_no_instance(service) {
        "Ninguna instancia de {service} da señales: nadie atendería esto, y no se envía. Mírelas en Servicios (domicilio services).",
        "No instance of {service} gives a sign of life: nobody would take this, so it is not sent. See Services (domicilio services)."
    }
    /// No audit, no action.
    refused_unaudited(why) { "la auditoría no se pudo escribir: {why}", "the audit trail could not be written: {why}" }
    /// Not a time.
    refused_no_time(text) { "«{text}» no es una hora por venir: 45m, 2h, 18:30", "\"{text}\" is no time to come: 45m, 2h, 18:30" }
    /// Items by how they ended.
    count_open(count) { "por hacer: {count}", "{count} to do" }
    /// Those that took effect.
    count_verified(count) { "comprobados: {count}", "{count} verified" }
    /// Those that nothing shows.
    count_unverified(count) { "sin comprobar: {count}", "{count} not verified" }
    /// Those that were not sent.
    count_skipped(count) { "omitidos: {count}", "{count} skipped" }
    /// Those without effect.
    count_failed(count) { "fallidos: {count}", "{count} failed" }
    /// A job of one thing was begun.
    job_began(target, what) { "{target}: se pide {what}", "{target}: asking to {what}" }
    /// A job of several things was begun.
    jobs_began(what, count, key) { "{what}: {count} en marcha · {key} los muestra", "{what}: {count} under way · {key} shows them" }
    /// A job of one thing took effect.
    job_verified(target, what) { "{target}: {what}: comprobado", "{target}: {what}: verified" }
    /// A job of one thing did not.
    job_not(target, what, step, why) { "{target}: {what}: {step}: {why}", "{target}: {what}: {step}; {why}" }
    /// A job of several things ended.
    jobs_ended(what, counts, key) { "{what}: {counts} · {key} los muestra", "{what}: {counts} · {key} shows them" }
    /// Nothing was sent.
    not_audited(why) {
        "No se hizo nada: la auditoría no se pudo escribir: {why}",
        "Nothing was done: the audit trail could not be written: {why}"
    }
    /// The outcome is not in the trail.
    not_recorded(why) {
        "Se hizo, pero el resultado no quedó en la auditoría: {why}",
        "It was done, but its outcome is not in the audit trail: {why}"
    }
    /// The bus does not keep what was done.
    unheard(why) {
        "Está en la auditoría de esta máquina, pero el bus no la guarda: {why}",
        "It is in this machine's audit trail, but the bus does not keep it: {why}"
    }
    /// Unlocked.
    unlocked(minutes) { "Se puede actuar durante {minutes}.", "Changes can be made for {minutes}." }
    /// In the header.
    unlocked_left(left) { "ABIERTO {left}", "UNLOCKED {left}" }
    /// Left as it was.
    not_edited(code) { "{code}: sin cambios", "{code}: nothing changed" }
    /// No editing.
    edit_failed(code, why) { "{code}: no se pudo editar: {why}", "{code}: could not be edited: {why}" }
    /// Targets by country.
    targets(count, countries) { "{count}: {countries}", "{count}: {countries}" }
    /// Who may, and who this is.
    right_of(user, me) { "{user} puede; usted es {me}", "{user} may; you are {me}" }
    /// The payload with its personal data, for so many seconds more.
    payload_revealed(left) { "Datos personales a la vista, {left} s", "Personal data shown, {left} s" }
    /// The same where there is little room.
    revealed(left) { "datos a la vista, {left} s", "data shown, {left} s" }
    /// Who may.
    right(user) { "{user} puede", "{user} may" }
    /// What to type.
    prove(proof) { "Escriba «{proof}»", "Type \"{proof}\"" }
    /// How many more.
    more_targets(count) { "… y {count} más", "… and {count} more" }
    /// Of one job.
    job_title(number, what) { "n.º {number} · {what}", "no. {number} · {what}" }
}
