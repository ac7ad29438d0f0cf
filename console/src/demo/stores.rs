//! The demo's invented stores: forty in four countries, a few of them in trouble.

use contract::StoreId;
use serde_json::{Value, json};

/// Country, city, IANA zone, and names of stores there. Names are of no real place of business.
const TOWNS: [(&str, &str, &str, [&str; 5]); 8] = [
    ("ec", "Quito", "America/Guayaquil", ["EL NORTE", "LA LOMA", "RÍO VERDE", "EL FAROL", "SAN MARCOS ALTO"]),
    ("ec", "Guayaquil", "America/Guayaquil", ["MALECÓN VIEJO", "LOS MANGOS", "PUERTO LIMPIO", "EL ANCLA", "LA GARZA"]),
    ("co", "Bogotá", "America/Bogota", ["LA NIEBLA", "CALLE LARGA", "EL TEJADO", "LOS CEREZOS", "PÁRAMO"]),
    ("co", "Medellín", "America/Bogota", ["LA LADERA", "EL TRANVÍA", "FLOR DE MAYO", "LA QUEBRADA", "EL MIRADOR"]),
    ("cl", "Santiago", "America/Santiago", ["CORDILLERA", "LOS AROMOS", "EL PEUMO", "LA VEGA CHICA", "ÑUBLE"]),
    ("cl", "Valparaíso", "America/Santiago", ["CERRO AZUL", "EL ASCENSOR", "LA BOYA", "MAR DE FONDO", "LOS FAROS"]),
    ("ve", "Caracas", "America/Caracas", ["EL ÁVILA CHICO", "LA TRINITARIA", "LOS SAMANES", "EL CAFETO", "LA CEIBA"]),
    (
        "ve",
        "Maracaibo",
        "America/Caracas",
        ["EL RELÁMPAGO", "LA CHINITA CHICA", "EL PUENTE", "LA SALINA", "COSTA ROJA"],
    ),
];

/// A store whose POS refuses every connection.
pub(super) const DEAD: StoreId = StoreId(8);

/// What the simulator does at some stores from the start: `STORE=FAULT` as its `--fault` takes them. Slow; now and
/// then unable; refusing some orders for good; now and then taking the order and losing the answer.
pub(super) const FAULTS: [&str; 4] = [
    "13=slow,ms=2500",
    "21=error,status=503,retry_after_s=2,share=0.3",
    "27=refuse,status=422,share=0.25",
    "34=drop_reply,share=0.2",
];

/// Records of all stores. `pos` is the base URL of the simulator.
pub(super) fn records(pos: &str) -> Vec<(StoreId, Value)> {
    let towns = TOWNS.iter().flat_map(|town| town.3.iter().map(move |name| (town, *name)));
    (1..)
        .zip(towns)
        .map(|(id, ((country, city, zone, _), name))| {
            let url = match StoreId(id) {
                // The discard port of the loopback address: nobody listens there.
                DEAD => "http://127.0.0.1:9/".to_owned(),
                _ => format!("{pos}/stores/{id}/orders"),
            };
            let record = json!({
                "id": id, "code": format!("K{id:03}"), "name": name, "country": country, "pos_url": url,
                "time_zone": zone, "labels": { "city": city },
            });
            (StoreId(id), record)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use contract::StoreRecord;

    use super::*;

    #[test]
    fn forty_valid_stores_in_four_countries() {
        let records: Vec<StoreRecord> = records("http://127.0.0.1:1")
            .into_iter()
            .map(|(_, record)| serde_json::from_value(record).unwrap())
            .collect();
        assert_eq!(records.len(), 40);
        assert!(records.iter().all(|record| record.faults().is_empty()));
        let distinct = |of: fn(&StoreRecord) -> String| records.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|record| record.country.to_string()), 4);
        assert_eq!(distinct(|record| record.name.clone()), 40);
    }
}
