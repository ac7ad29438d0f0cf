//! Bodies that hold no personal data, as lines like those of a masked payload.

use serde_json::Value as Json;

use super::{Line, Masked, TEXT_MAX, Value};
use crate::event::Trouble;
use crate::sanitise;

/// The lines of a body without personal data, at most `lines_max`; sanitised, nothing masked.
pub fn open(body: &[u8], lines_max: usize) -> Result<Masked, Trouble> {
    let json: Json = serde_json::from_slice(body).map_err(|error| Trouble::NotJson(error.line(), error.column()))?;
    let mut out = Masked::default();
    push(&mut out, lines_max, 0, None, &json);
    Ok(out)
}

fn push(out: &mut Masked, lines_max: usize, depth: u16, key: Option<&str>, json: &Json) {
    if out.lines.len() >= lines_max {
        out.cut = true;
        return;
    }
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.to_string()),
        Json::String(text) => Value::Text(sanitise::text(text, TEXT_MAX)),
        Json::Array(items) => Value::Array(items.len()),
        Json::Object(members) => Value::Object(members.len()),
    };
    out.lines.push(Line { depth, key: key.map(|key| sanitise::text(key, TEXT_MAX)), value });
    let deeper = depth.saturating_add(1);
    match json {
        Json::Array(items) => items.iter().for_each(|item| push(out, lines_max, deeper, None, item)),
        Json::Object(members) => {
            members.iter().for_each(|(key, value)| push(out, lines_max, deeper, Some(key), value));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_shown_harmless_and_bounded() {
        let open = |body: &[u8], max| open(body, max).unwrap();
        let all = open(b"{\"a\":[1,\"x\\u001b[2J\",null],\"b\":{\"c\":true}}", 10);
        let shown: Vec<String> = all.lines.iter().map(|line| format!("{}{:?}", line.depth, line.value)).collect();
        assert_eq!(
            shown,
            ["0Object(2)", "1Array(3)", "2Number(\"1\")", "2Text(\"x^[[2J\")", "2Null", "1Object(1)", "2Bool(true)"]
        );
        let cut = open(b"[1,2,3]", 2);
        assert!(cut.cut && cut.lines.len() == 2);
        assert_eq!(super::open(b"{", 2), Err(Trouble::NotJson(1, 1)));
    }
}
