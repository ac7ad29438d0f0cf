//! The delivery format (v2, Spanish keys) as it is spelt on the wire.

use contract::{AppCode, StoreRecord, UtcMs};
use serde::Serialize;

use super::{DOCUMENT, EMAIL, LINES, MARKER, PERSON, PHONE, TOTAL, local};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    cabecera: [V2Header; 1],
    detalle: Vec<V2Line>,
    modificadores: [(); 0],
    formas_pago: [V2Payment; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct V2Header {
    codigo_app: AppCode,
    medio: &'static str,
    dispositivo: &'static str,
    cod_restaurante: u32,
    fecha_pedido: String,
    telefono_cliente: &'static str,
    identificacion_cliente: &'static str,
    consumidor_final: bool,
    nombres_cliente: String,
    direccion_cliente: &'static str,
    email_cliente: &'static str,
    #[serde(rename = "calle1Domicilio")]
    calle_1: String,
    #[serde(rename = "calle2Domicilio")]
    calle_2: &'static str,
    observaciones_domicilio: String,
    // Spelt so by the apps.
    #[serde(rename = "numDirecciondomicilio")]
    num_direccion: &'static str,
    cod_zip_code: &'static str,
    tipo_inmueble: u32,
    total_factura: f64,
    observaciones_pedido: &'static str,
    latitud: &'static str,
    longitud: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct V2Line {
    codigo_app: AppCode,
    detalle_app: String,
    cod_plu: u32,
    cantidad: u32,
    precio_bruto: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct V2Payment {
    codigo_app: AppCode,
    // Spelt so by the apps.
    #[serde(rename = "codformaPago")]
    cod_forma_pago: u32,
    total_pagar: f64,
    billete: u32,
}

pub(super) fn order(store: &StoreRecord, code: &AppCode, now: UtcMs) -> Delivery {
    Delivery {
        cabecera: [V2Header {
            codigo_app: code.clone(),
            medio: "APP",
            dispositivo: "APP",
            cod_restaurante: store.id.0,
            fecha_pedido: local(store, now).strftime("%Y%m%d").to_string(),
            telefono_cliente: PHONE,
            identificacion_cliente: DOCUMENT,
            consumidor_final: false,
            nombres_cliente: format!("{PERSON} - {MARKER}"),
            direccion_cliente: "Barrio Ejemplo",
            email_cliente: EMAIL,
            calle_1: format!("Calle Uno - {MARKER}"),
            calle_2: "Calle Dos",
            observaciones_domicilio: format!("Casa azul - {MARKER}"),
            num_direccion: "-",
            cod_zip_code: "000000",
            tipo_inmueble: 1,
            total_factura: TOTAL,
            observaciones_pedido: MARKER,
            latitud: "0.0",
            longitud: "0.0",
        }],
        detalle: LINES
            .iter()
            .enumerate()
            .map(|(at, line)| V2Line {
                codigo_app: code.clone(),
                detalle_app: format!("PRUEBA-{:03}", at + 1),
                cod_plu: line.code,
                cantidad: line.quantity,
                precio_bruto: line.price,
            })
            .collect(),
        modificadores: [],
        formas_pago: [V2Payment { codigo_app: code.clone(), cod_forma_pago: 4, total_pagar: TOTAL, billete: 0 }],
    }
}
