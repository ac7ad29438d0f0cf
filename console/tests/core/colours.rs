//! Colours that can be read, and told apart by people who see fewer of them.

use domicilio::theme::{Depth, Ground, Meaning, Theme};
use ratatui::style::Color;

type Rgb = [f64; 3];

/// What a terminal makes of a colour, as shares of full light.
fn light(color: Color) -> Rgb {
    let bytes = match color {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(grey @ 232..) => [8 + 10 * (grey - 232); 3],
        Color::Indexed(cube) => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let cube = cube - 16;
            [step(cube / 36), step(cube / 6 % 6), step(cube % 6)]
        }
        other => panic!("{other:?} is the terminal's own"),
    };
    bytes.map(|byte| {
        let share = f64::from(byte) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    })
}

fn dot(a: Rgb, b: Rgb) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The contrast of WCAG 2: 1 is none, 21 is black on white.
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let bright = |rgb| dot(rgb, [0.2126, 0.7152, 0.0722]) + 0.05;
    let (a, b) = (bright(a), bright(b));
    a.max(b) / a.min(b)
}

/// How people see it who lack one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1), and all others.
const EYES: [(&str, [Rgb; 3]); 3] = [
    ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "deuteranopia",
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ),
    (
        "protanopia",
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ),
];

/// CIE L*a*b*, in which equal distances look about equally far apart; 2 can just be seen side by side.
fn lab(rgb: Rgb) -> Rgb {
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = f(dot(rgb, [0.4124, 0.3576, 0.1805]) / 0.950_47);
    let y = f(dot(rgb, [0.2126, 0.7152, 0.0722]));
    let z = f(dot(rgb, [0.0193, 0.1192, 0.9505]) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn distance(a: Rgb, b: Rgb, eye: [Rgb; 3]) -> f64 {
    let seen = |rgb: Rgb| lab(eye.map(|row| dot(row, rgb).clamp(0.0, 1.0)));
    let (a, b) = (seen(a), seen(b));
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// What is read as text on the terminal's own ground.
const TEXTS: [Meaning; 11] = [
    Meaning::Text,
    Meaning::Muted,
    Meaning::Column,
    Meaning::Title,
    Meaning::Name,
    Meaning::Good,
    Meaning::Busy,
    Meaning::AlertWarn,
    Meaning::AlertCritical,
    Meaning::Key,
    Meaning::Field,
];

/// Themes whose colours are ours, each with the grounds it is meant for.
fn themes() -> Vec<(Theme, Vec<Color>)> {
    let grounds = |ground| match ground {
        Ground::Dark => vec![Color::Rgb(0, 0, 0), Color::Rgb(0x1e, 0x1e, 0x1e)],
        Ground::Light => vec![Color::Rgb(0xff, 0xff, 0xff)],
    };
    let all =
        [Depth::True, Depth::Indexed].into_iter().flat_map(|depth| [(depth, Ground::Dark), (depth, Ground::Light)]);
    all.map(|(depth, ground)| (Theme::new(depth, ground, false), grounds(ground))).collect()
}

#[test]
fn every_text_can_be_read_on_its_ground() {
    for (theme, grounds) in themes() {
        for (meaning, ground) in TEXTS.into_iter().flat_map(|m| grounds.iter().map(move |ground| (m, *ground))) {
            let ratio = contrast(light(theme.style(meaning).fg.unwrap()), light(ground));
            assert!(ratio >= 4.5, "{:?} {:?} {meaning:?} on {ground:?}: {ratio:.2}", theme.depth(), theme.ground());
        }
        for block in [Meaning::Brand, Meaning::TabActive, Meaning::Banner, Meaning::ButtonFocus] {
            let style = theme.style(block);
            let ratio = contrast(light(style.fg.unwrap()), light(style.bg.unwrap()));
            assert!(ratio >= 4.5, "{:?} {:?} {block:?}: {ratio:.2}", theme.depth(), theme.ground());
        }
        // The selected row is bold as well, for which 3 is asked.
        let selected = light(theme.style(Meaning::Selected).bg.unwrap());
        for meaning in TEXTS {
            let ratio = contrast(light(theme.style(meaning).fg.unwrap()), selected);
            assert!(ratio >= 3.0, "{:?} {:?} {meaning:?} selected: {ratio:.2}", theme.depth(), theme.ground());
        }
    }
}

#[test]
fn states_stay_apart_for_who_sees_fewer_colours() {
    /// Ten times what can just be seen, save a little: apart at a glance, not side by side.
    const APART: f64 = 18.0;
    let states = [Meaning::Good, Meaning::Busy, Meaning::AlertWarn, Meaning::AlertCritical];
    for (theme, _) in themes() {
        for (name, eye) in EYES {
            for (at, one) in states.iter().enumerate() {
                for other in &states[at + 1..] {
                    let seen = |meaning| light(theme.style(meaning).fg.unwrap());
                    let apart = distance(seen(*one), seen(*other), eye);
                    let (depth, ground) = (theme.depth(), theme.ground());
                    assert!(apart >= APART, "{depth:?} {ground:?} {name}: {one:?} and {other:?} are {apart:.1} apart");
                }
            }
        }
    }
}

#[test]
fn what_must_be_told_apart_differs_at_every_depth() {
    let told = [Meaning::Text, Meaning::AlertWarn, Meaning::AlertCritical, Meaning::Selected, Meaning::Muted];
    for depth in [Depth::True, Depth::Indexed, Depth::Sixteen, Depth::None] {
        for ground in [Ground::Dark, Ground::Light] {
            let theme = Theme::new(depth, ground, false);
            for (at, one) in told.iter().enumerate() {
                for other in &told[at + 1..] {
                    assert_ne!(theme.style(*one), theme.style(*other), "{depth:?} {ground:?} {one:?} {other:?}");
                }
            }
        }
    }
}
