//! What is masked of a payload, as it is: personal data on its way to a screen on which somebody asked for it. It is never
//! part of the state, it is dropped when its time is over, and it does not print itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{Masked, Out, Value, read};
use crate::event::Trouble;

/// Longest text, in characters: an address with its references, a comment.
pub(super) const TEXT_MAX: usize = 1_000;

/// What is masked, by its line in the masked payload.
pub(super) type ByLine = BTreeMap<usize, Hidden>;

/// What is masked of one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden {
    /// The key, where it does not look like the name of a field; sanitised.
    pub key: Option<String>,
    /// The value; sanitised.
    pub value: Option<Value>,
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}

/// A payload with what is masked of it beside.
#[derive(Clone, PartialEq, Eq)]
pub struct Clear(Arc<(Masked, ByLine)>);

impl fmt::Debug for Clear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clear(..)")
    }
}

/// The payload with what is masked of it; one that is no JSON gives the reason, without a word of its content.
pub fn disclose(payload: &[u8]) -> Result<Clear, Trouble> {
    let out = read(payload, Out { hidden: Some(ByLine::new()), ..Out::default() })?;
    Ok(Clear(Arc::new((out.masked, out.hidden.unwrap_or_default()))))
}

impl Clear {
    /// The payload, masked.
    pub fn masked(&self) -> &Masked {
        &self.0.0
    }

    /// What is masked of the line at this place; `None` where nothing is.
    pub fn hidden(&self, line: usize) -> Option<&Hidden> {
        self.0.1.get(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::mask;

    const PAYLOAD: &str = r#"{"codigoApp":"A-1","cliente":{"nombre":"Zuleyka\u001b[2J","edad":41,"vip":true},
        "0987123465":[1712345675,-1.5,null,{"a b c":"x"}],"totalFactura":8.5}"#;

    #[test]
    fn every_masked_line_has_what_it_is_and_no_other_line_has() {
        let clear = disclose(PAYLOAD.as_bytes()).unwrap();
        assert_eq!(clear.masked(), &mask(PAYLOAD.as_bytes()).unwrap(), "masked as ever");
        for (at, line) in clear.masked().lines.iter().enumerate() {
            let hidden = clear.hidden(at);
            assert_eq!(hidden.is_some_and(|hidden| hidden.value.is_some()), line.value == Value::Masked, "{line:?}");
            assert_eq!(
                hidden.is_some_and(|hidden| hidden.key.is_some()),
                line.key.as_deref() == Some("***"),
                "{line:?}"
            );
        }
        let found = |value: &Value| clear.0.1.values().any(|hidden| hidden.value.as_ref() == Some(value));
        assert!(found(&Value::Text("Zuleyka^[[2J".to_owned())), "sanitised");
        assert!(found(&Value::Number("1712345675".to_owned())) && found(&Value::Number("-1.5".to_owned())));
        assert!(clear.0.1.values().any(|hidden| hidden.key.as_deref() == Some("0987123465")));
    }

    #[test]
    fn it_prints_nothing_of_itself() {
        let clear = disclose(PAYLOAD.as_bytes()).unwrap();
        let printed = format!("{clear:?} {:?} {:?}", clear.hidden(3), Some(&clear));
        assert!(!printed.contains("Zuleyka") && !printed.contains("1712"), "{printed}");
        assert_eq!(disclose(br#"{"nombre": Zuleyka"#), Err(Trouble::NotJson(1, 12)));
    }
}
