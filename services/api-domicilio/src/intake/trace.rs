//! W3C trace context: the sender's when it is valid, else one of our own (<https://www.w3.org/TR/trace-context/>).

use contract::OrderHead;
use contract::order::Digest;

/// The `traceparent` that goes with the order. Our own is a digest of identity, instance and time: unique without a
/// random number, and the same order handled again at another time gets another one.
pub(crate) fn context(incoming: Option<&str>, head: &OrderHead) -> String {
    match incoming {
        Some(text) if is_valid(text) => text.to_owned(),
        _ => {
            let seed = format!("{} {} {}", head.id(), head.by.instance, head.received_at);
            let digest = Digest::of(seed.as_bytes());
            let digits = digest.as_str();
            format!("00-{}-{}-01", &digits[..32], &digits[32..48])
        }
    }
}

/// Version 00: `00-<32 hex>-<16 hex>-<2 hex>`, lower case, neither id all zeros.
fn is_valid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let id = |part: &str, length: usize| hex(part, length) && part.bytes().any(|byte| byte != b'0');
    matches!(parts.as_slice(), ["00", trace, span, flags] if id(trace, 32) && id(span, 16) && hex(flags, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> OrderHead {
        let json = r#"{"v":1,"country":"ec","store":72,"code":"a","channel":"delivery","format":"delivery",
            "received_at":"2026-11-23T22:29:17.120Z","by":{"instance":"api-1","cloud":"local"},"lines":1,
            "sha256":"00","bytes":2}"#;
        serde_json::from_str(json).expect("a head")
    }

    #[test]
    fn a_valid_context_is_kept_and_any_other_replaced() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(context(Some(good), &head()), good);
        let made = context(None, &head());
        assert!(is_valid(&made), "{made}");
        for bad in [
            "",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx: y",
        ] {
            assert_eq!(context(Some(bad), &head()), made, "{bad}");
        }
    }
}
