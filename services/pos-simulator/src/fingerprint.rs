//! Keys as short fixed-size hashes, so that a million orders cost tens of megabytes and not hundreds.

use contract::order::Digest;

/// The first 128 bits of the SHA-256 of a text. Two texts of a million collide with a chance of about 10^-27.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u64; 2]);

impl Fingerprint {
    /// The fingerprint of `text`.
    pub(crate) fn of(text: &str) -> Self {
        let digest = Digest::of(text.as_bytes());
        // A digest is 64 hexadecimal digits: both parts exist and are numbers.
        let part = |from: usize| {
            digest.as_str().get(from..from + 16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0)
        };
        Self([part(0), part(16)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_head_of_the_sha_256() {
        // SHA-256 of the empty text starts with e3b0c44298fc1c14 9afbf4c8996fb924.
        assert_eq!(Fingerprint::of(""), Fingerprint([0xe3b0_c442_98fc_1c14, 0x9afb_f4c8_996f_b924]));
        assert_ne!(Fingerprint::of("72.a"), Fingerprint::of("72.b"));
    }
}
