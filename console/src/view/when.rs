//! Times for people: ages, durations, clocks with the zone's offset.

use contract::UtcMs;
use jiff::tz::TimeZone;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// An age or a time left, in at most six characters: `4s`, `12m03s`, `3h04m`, `2d05h`; nothing is below `0s`,
/// for clocks differ.
pub(crate) fn age(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        ..MINUTE_MS => format!("{}s", ms / SECOND_MS),
        MINUTE_MS..HOUR_MS => format!("{}m{:02}s", ms / MINUTE_MS, ms % MINUTE_MS / SECOND_MS),
        HOUR_MS..DAY_MS => format!("{}h{:02}m", ms / HOUR_MS, ms % HOUR_MS / MINUTE_MS),
        _ => format!("{}d{:02}h", ms / DAY_MS, ms % DAY_MS / HOUR_MS),
    }
}

/// How long something took that is over, in at most six characters: milliseconds, tenths below ten seconds, then as an
/// [`age`].
pub(crate) fn span(ms: i64) -> String {
    match ms {
        ..SECOND_MS => format!("{}ms", ms.max(0)),
        SECOND_MS..10_000 => format!("{}.{}s", ms / SECOND_MS, ms % SECOND_MS / 100),
        _ => age(ms),
    }
}

/// How long a step took: milliseconds below a second, then tenths, then as an [`age`].
pub(crate) fn took(ms: i64) -> String {
    match ms {
        ..0 => "0 ms".to_owned(),
        0..SECOND_MS => format!("{ms} ms"),
        SECOND_MS..MINUTE_MS => format!("{}.{} s", ms / SECOND_MS, ms % SECOND_MS / 100),
        _ => age(ms),
    }
}

/// A latency in milliseconds: `0.4`, `12`, `1 203`.
pub(crate) fn millis(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1}") } else { grouped(ms.round().clamp(0.0, 9e15)) }
}

/// A count with its thousands apart: `12 345`. The space is the same in both languages, so that no figure can be read
/// as a decimal one.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes, in at most eight characters: `912 B`, `1.2 kB`, `34 MB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

fn grouped(value: f64) -> String {
    format!("{value:.0}").parse().map_or_else(|_| format!("{value:.0}"), count)
}

/// Orders a second: one decimal below ten, none above.
pub(crate) fn rate(per_second: f64) -> String {
    if per_second < 9.95 { format!("{per_second:.1}/s") } else { format!("{per_second:.0}/s") }
}

/// An amount as the payload has it: pesos without decimals, others with two.
pub(crate) fn amount(value: f64, currency: Option<&str>) -> String {
    let whole = value.fract().abs() < 0.005;
    let without_cents = matches!(currency, Some("COP" | "CLP")) || value.abs() >= 1_000.0;
    let text = if whole && without_cents { grouped(value) } else { format!("{value:.2}") };
    match currency {
        Some(currency) => format!("{text} {currency}"),
        None => text,
    }
}

/// `21:04:17` in `zone`.
pub(crate) fn clock(at: UtcMs, zone: &TimeZone) -> String {
    zone.to_datetime(at.timestamp()).strftime("%H:%M:%S").to_string()
}

/// `21:04:17.120` in `zone`.
pub(crate) fn clock_ms(at: UtcMs, zone: &TimeZone) -> String {
    zone.to_datetime(at.timestamp()).strftime("%H:%M:%S%.3f").to_string()
}

/// `2026-11-23 21:04:17 -05` in `zone`.
pub(crate) fn date(at: UtcMs, zone: &TimeZone) -> String {
    format!("{} {}", zone.to_datetime(at.timestamp()).strftime("%Y-%m-%d %H:%M:%S"), offset(at, zone))
}

/// The zone's offset at that moment: `-05`, `+05:30`, `UTC`.
pub(crate) fn offset(at: UtcMs, zone: &TimeZone) -> String {
    let seconds = zone.to_offset(at.timestamp()).seconds();
    if seconds == 0 {
        return "UTC".to_owned();
    }
    let (sign, total) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    if total % 60 == 0 {
        format!("{sign}{:02}", total / 60)
    } else {
        format!("{sign}{:02}:{:02}", total / 60, total % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_keep_to_six_characters() {
        for (ms, text) in
            [(-5, "0s"), (999, "0s"), (4_000, "4s"), (723_000, "12m03s"), (11_040_000, "3h04m"), (190_800_000, "2d05h")]
        {
            assert_eq!(age(ms), text);
            assert!(age(ms).len() <= 6);
        }
    }

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1 234 567");
        let sizes =
            [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_949, "9.9 kB"), (9_960, "10 kB"), (999_600, "1.0 MB")];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(size(2_147_483_648), "2.1 GB");
        assert!(size(u64::MAX).len() <= 8);
        assert_eq!(span(380), "380ms");
        assert_eq!(span(2_940), "2.9s");
        assert_eq!(span(31_400), "31s");
        assert_eq!(took(412), "412 ms");
        assert_eq!(took(1_250), "1.2 s");
        assert_eq!(millis(0.43), "0.4");
        assert_eq!(millis(1_203.4), "1 203");
        assert_eq!(rate(0.26), "0.3/s");
        assert_eq!(rate(214.4), "214/s");
        assert_eq!(amount(25_900.0, Some("COP")), "25 900 COP");
        assert_eq!(amount(14.5, Some("USD")), "14.50 USD");
        assert_eq!(amount(139.760_000_000_000_02, None), "139.76");
    }

    #[test]
    fn a_clock_is_shown_in_its_zone_with_its_offset() {
        let at = UtcMs::from_millis(1_795_472_957_120);
        let zone = TimeZone::get("America/Guayaquil").unwrap();
        assert_eq!(clock(at, &zone), "17:29:17");
        assert_eq!(clock_ms(at, &zone), "17:29:17.120");
        assert_eq!(date(at, &zone), "2026-11-23 17:29:17 -05");
        assert_eq!(offset(at, &TimeZone::get("America/Santiago").unwrap()), "-03");
        assert_eq!(offset(at, &TimeZone::get("Asia/Kolkata").unwrap()), "+05:30");
        assert_eq!(offset(at, &TimeZone::UTC), "UTC");
    }
}
