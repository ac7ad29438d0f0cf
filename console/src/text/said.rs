//! What others say in English or in codes, in the reader's words. What is not known here stays as it was said.

use contract::event::FailReason;

use super::Msg;

/// The words for why an attempt failed.
pub const fn reason(reason: FailReason) -> Msg {
    match reason {
        FailReason::Unreachable => Msg::FailUnreachable,
        FailReason::Untrusted => Msg::FailUntrusted,
        FailReason::Timeout => Msg::FailTimeout,
        FailReason::ConnectionLost => Msg::FailConnectionLost,
        FailReason::Busy => Msg::FailBusy,
        FailReason::PosError => Msg::FailPosError,
        FailReason::Refused => Msg::FailRefused,
        FailReason::NoPos => Msg::FailNoPos,
        FailReason::NoPayload => Msg::FailNoPayload,
        FailReason::Released => Msg::FailReleased,
        FailReason::Unknown => Msg::FailUnknown,
    }
}

/// The word for the code of a payload's fault; `None` for a code that this version does not know.
pub fn fault(code: &str) -> Option<Msg> {
    Some(match code {
        "malformed_json" => Msg::FaultMalformedJson,
        "too_deep" => Msg::FaultTooDeep,
        "format_unknown" => Msg::FaultFormatUnknown,
        "missing" => Msg::FaultMissing,
        "wrong_type" => Msg::FaultWrongType,
        "duplicate_key" => Msg::FaultDuplicateKey,
        "header_count" => Msg::FaultHeaderCount,
        "app_code_invalid" => Msg::FaultAppCode,
        "store_id_invalid" => Msg::FaultStoreId,
        "store_unknown" => Msg::StoreUnknown,
        "store_paused" => Msg::FaultStorePaused,
        "store_disabled" => Msg::FaultStoreDisabled,
        "no_lines" => Msg::FaultNoLines,
        "too_many" => Msg::FaultTooMany,
        "quantity_invalid" => Msg::FaultQuantity,
        "amount_invalid" => Msg::FaultAmount,
        "currency_invalid" => Msg::FaultCurrency,
        "currency_repeated" => Msg::FaultCurrencyRepeated,
        "code_mismatch" => Msg::FaultCodeMismatch,
        "payments_short" => Msg::FaultPaymentsShort,
        "shipping_method_unknown" => Msg::FaultShippingMethod,
        _ => return None,
    })
}

/// The words for a resolver's sentence about a POS that is down; `None` for one that is not known.
pub fn pos(sentence: &str) -> Option<Msg> {
    let says = |part: &str| sentence.contains(part);
    Some(match () {
        () if says("certificate") => Msg::FailUntrusted,
        () if says("connection refused") || says("unreachable") => Msg::FailUnreachable,
        () if says("no answer") || says("timed out") => Msg::FailTimeout,
        () if says("connection reset") || says("broken pipe") => Msg::FailConnectionLost,
        () => return None,
    })
}

/// The words for the NATS client's sentence about a failed connection; `None` for one that is not known.
pub fn outage(sentence: &str) -> Option<Msg> {
    let sentence = sentence.to_ascii_lowercase();
    let says = |part: &str| sentence.contains(part);
    Some(match () {
        () if says("authorization") || says("authentication") => Msg::OutageRights,
        () if says("timed out") => Msg::OutageTimeout,
        () if says("dns") => Msg::OutageName,
        () if says("tls") => Msg::OutageTls,
        () if says("io error") || says("connection refused") => Msg::OutageUnreachable,
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_and_sentences_have_words_and_others_stay() {
        assert_eq!(fault("no_lines"), Some(Msg::FaultNoLines));
        assert_eq!(fault("code_of_a_later_version"), None);
        assert_eq!(outage("nats: IO error"), Some(Msg::OutageUnreachable));
        assert_eq!(outage("nats: authorization violation"), Some(Msg::OutageRights));
        assert_eq!(outage("something else"), None);
        assert_eq!(pos("connecting (connection refused)"), Some(Msg::FailUnreachable));
        let untrusted = "the POS's certificate is not trusted: it has expired";
        assert_eq!(pos(untrusted), Some(Msg::FailUntrusted));
        assert_eq!(pos("POS answered 503"), None);
    }
}
