//! Phrases that count things: one has words of its own.

use std::fmt::Display;

use super::Lang;

/// Makes one function a phrase and the list of templates that the test reads: Spanish for one and for several, then English.
macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident($count:ident $(, $hole:ident)*) { $es:literal, $es_all:literal; $en:literal, $en_all:literal })*) => {
        $(
            $(#[$doc])*
            pub fn $name(lang: Lang, $count: impl Display $(, $hole: impl Display)*) -> String {
                let $count = $count.to_string();
                match (lang, $count == "1") {
                    (Lang::Es, true) => format!($es),
                    (Lang::Es, false) => format!($es_all),
                    (Lang::En, true) => format!($en),
                    (Lang::En, false) => format!($en_all),
                }
            }
        )*

        /// Name of every such phrase, and its templates: Spanish for one and for several, then English.
        #[cfg(test)]
        const TEMPLATES: &[(&str, [&str; 4])] = &[$((stringify!($name), [$es, $es_all, $en, $en_all])),*];
    };
}

counts! {
    /// Messages of which no copy was kept.
    tail_skipped(count) {
        "{count} mensaje más, no guardado", "{count} mensajes más, no guardados";
        "{count} more message, not kept", "{count} more messages, not kept"
    }
    /// Messages that the client dropped.
    tail_lost(count) {
        "{count} mensaje perdido, de cualquier asunto", "{count} mensajes perdidos, de cualquier asunto";
        "{count} message lost, of any subject", "{count} messages lost, of any subject"
    }
    /// How many messages came.
    tail_seen(count) { "{count} mensaje", "{count} mensajes"; "{count} message", "{count} messages" }
    /// Nodes of a stream that are behind or away.
    nodes_behind(count) { "{count} atrasado", "{count} atrasados"; "{count} behind", "{count} behind" }
    /// Something was sent to the terminal for its clipboard.
    copied(count) {
        "Enviado a la terminal para copiar: {count} carácter.", "Enviado a la terminal para copiar: {count} caracteres.";
        "Sent to the terminal to copy: {count} character.", "Sent to the terminal to copy: {count} characters."
    }
    /// Marked rows that are no longer in their table.
    marks_gone(count) {
        "Marcas quitadas: {count}; ese pedido ya no está en la tabla.",
        "Marcas quitadas: {count}; esos pedidos ya no están en la tabla.";
        "Marks dropped: {count}; that order is no longer in the table.",
        "Marks dropped: {count}; those orders are no longer in the table."
    }
    /// A resolver is silent.
    resolver_lost(partitions, resolver) {
        "{resolver} sin latido: se mueve {partitions} partición", "{resolver} sin latido: se mueven {partitions} particiones";
        "{resolver} is silent: {partitions} partition moves", "{resolver} is silent: {partitions} partitions move"
    }
    /// Accepted orders that nobody hands over.
    undistributed_orders(count, age) {
        "{count} recibido sin pasar a cola · el más viejo hace {age}",
        "{count} recibidos sin pasar a cola · el más viejo hace {age}";
        "{count} accepted, not queued · the oldest {age} ago",
        "{count} accepted, not queued · the oldest {age} ago"
    }
    /// Length of a payload.
    bytes(count) { "{count} byte", "{count} bytes"; "{count} byte", "{count} bytes" }
    /// How many instances have a revision.
    taken_up_by(have, all) {
        "la tiene {have} de {all}", "la tienen {have} de {all}"; "{have} of {all} has it", "{have} of {all} have it"
    }
    /// What of a preview is not shown.
    more_rows(count) {
        "… y {count} renglón más", "… y {count} renglones más"; "… and {count} more row", "… and {count} more rows"
    }
    /// So many things.
    audit_things(count) { "{count} elemento", "{count} elementos"; "{count} item", "{count} items" }
    /// Things that were done.
    audit_done(count) { "{count} hecho", "{count} hechos"; "{count} done", "{count} done" }
    /// Things that nothing showed to be done.
    audit_unverified(count) { "{count} sin comprobar", "{count} sin comprobar"; "{count} unverified", "{count} unverified" }
    /// Things that were left out.
    audit_skipped(count) { "{count} omitido", "{count} omitidos"; "{count} skipped", "{count} skipped" }
    /// Things that were not done.
    audit_failed(count) { "{count} fallido", "{count} fallidos"; "{count} failed", "{count} failed" }
    /// Things of which this version does not know how they ended.
    audit_unknown(count) { "{count} desconocido", "{count} desconocidos"; "{count} unknown", "{count} unknown" }
    /// For every row of the filter.
    all_shown(count, what) {
        "{what}: la fila que se ve ({count})", "{what}: las {count} filas que se ven";
        "{what}: the row shown ({count})", "{what}: all {count} rows shown"
    }
    /// For marked rows.
    all_marked(count, what) { "{what}: {count} marcado", "{what}: {count} marcados"; "{what}: {count} marked", "{what}: {count} marked" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holes(text: &str) -> Vec<&str> {
        let mut holes: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        holes.sort_unstable();
        holes
    }

    #[test]
    fn every_form_tells_the_same_figures() {
        for (name, forms) in TEMPLATES {
            for form in forms {
                assert_eq!(holes(form), holes(forms[0]), "{name}: {form}");
                assert!(!form.trim().is_empty(), "{name}");
            }
        }
    }

    #[test]
    fn one_is_not_told_as_several() {
        for (count, es, en) in
            [("1", "1 hecho", "1 item"), ("0", "0 hechos", "0 items"), ("21", "21 hechos", "21 items")]
        {
            assert_eq!((audit_done(Lang::Es, count), audit_things(Lang::En, count)), (es.to_owned(), en.to_owned()));
        }
        assert_eq!(resolver_lost(Lang::Es, 1, "r-1"), "r-1 sin latido: se mueve 1 partición");
        assert_eq!(resolver_lost(Lang::En, 8, "r-1"), "r-1 is silent: 8 partitions move");
    }
}
