//! The machine codes of faults: stable words that the apps' programs may rely on.

use std::fmt;

/// What is wrong with a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// Not JSON.
    MalformedJson,
    /// JSON nested deeper than any order is.
    TooDeep,
    /// Not an order of the endpoint's format.
    FormatUnknown,
    /// A field that must be there is absent or `null`.
    Missing,
    /// A field of another JSON type than expected.
    WrongType,
    /// A field that matters stands twice in its object: readers would disagree on its value.
    DuplicateKey,
    /// `cabecera` must hold exactly one header.
    HeaderCount,
    /// The app's code cannot be one.
    AppCodeInvalid,
    /// The store's id cannot be one.
    StoreIdInvalid,
    /// No store has this id.
    StoreUnknown,
    /// The store is paused.
    StorePaused,
    /// The store is disabled.
    StoreDisabled,
    /// Not one product line.
    NoLines,
    /// A list longer than any order's.
    TooMany,
    /// A quantity that is not above 0, or beyond reason.
    QuantityInvalid,
    /// An amount that is negative or beyond reason.
    AmountInvalid,
    /// Not a currency.
    CurrencyInvalid,
    /// Two totals in one currency.
    CurrencyRepeated,
    /// A line, modifier or payment with another order's code.
    CodeMismatch,
    /// The payments do not cover the total.
    PaymentsShort,
    /// `selectedShippingMethod` is neither `pickup` nor `delivery`.
    ShippingMethodUnknown,
}

impl FaultCode {
    /// All of them; the published interface lists the same.
    pub const ALL: [Self; 21] = [
        Self::MalformedJson,
        Self::TooDeep,
        Self::FormatUnknown,
        Self::Missing,
        Self::WrongType,
        Self::DuplicateKey,
        Self::HeaderCount,
        Self::AppCodeInvalid,
        Self::StoreIdInvalid,
        Self::StoreUnknown,
        Self::StorePaused,
        Self::StoreDisabled,
        Self::NoLines,
        Self::TooMany,
        Self::QuantityInvalid,
        Self::AmountInvalid,
        Self::CurrencyInvalid,
        Self::CurrencyRepeated,
        Self::CodeMismatch,
        Self::PaymentsShort,
        Self::ShippingMethodUnknown,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed_json",
            Self::TooDeep => "too_deep",
            Self::FormatUnknown => "format_unknown",
            Self::Missing => "missing",
            Self::WrongType => "wrong_type",
            Self::DuplicateKey => "duplicate_key",
            Self::HeaderCount => "header_count",
            Self::AppCodeInvalid => "app_code_invalid",
            Self::StoreIdInvalid => "store_id_invalid",
            Self::StoreUnknown => "store_unknown",
            Self::StorePaused => "store_paused",
            Self::StoreDisabled => "store_disabled",
            Self::NoLines => "no_lines",
            Self::TooMany => "too_many",
            Self::QuantityInvalid => "quantity_invalid",
            Self::AmountInvalid => "amount_invalid",
            Self::CurrencyInvalid => "currency_invalid",
            Self::CurrencyRepeated => "currency_repeated",
            Self::CodeMismatch => "code_mismatch",
            Self::PaymentsShort => "payments_short",
            Self::ShippingMethodUnknown => "shipping_method_unknown",
        }
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
