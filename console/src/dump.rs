//! Screens in files: what is on the screen, drawn once more, as text and with its colours. Personal data is masked, for
//! it is masked on the screen.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use contract::UtcMs;
use crossterm::queue;
use crossterm::style::{Attribute, Attributes, Colors, Print, SetAttribute, SetAttributes, SetColors};
use ratatui::Terminal;
use ratatui::backend::{IntoCrossterm as _, TestBackend};
use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::style::Modifier;

use crate::state::State;
use crate::view::{self, Memory};

/// What a screen shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// Its rows, without spaces at their ends.
    pub text: String,
    /// The same with colours, for `cat` on a terminal of the same width.
    pub ansi: Vec<u8>,
}

/// Draws `state` as it is on the screen.
pub fn shot(state: &State, memory: &mut Memory) -> Shot {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(state.width, state.height));
    let Ok(frame) = terminal.draw(|frame| view::draw(state, memory, frame));
    let rows = rows(frame.buffer);
    let text: Vec<String> = rows.iter().map(|row| text(row).trim_end().to_owned()).collect();
    let ansi = rows.iter().try_fold(Vec::new(), |out, row| coloured(out, row));
    // Writing into memory does not fail.
    Shot { text: text.join("\n") + "\n", ansi: ansi.unwrap_or_default() }
}

/// The cells of each row; those behind a wide one are left out.
fn rows(buffer: &Buffer) -> Vec<Vec<&Cell>> {
    let area = buffer.area;
    let row = |y| {
        let mut cells = Vec::new();
        let mut x = area.left();
        while let Some(cell) = buffer.cell((x, y)).filter(|_| x < area.right()) {
            cells.push(cell);
            x += cell.symbol().cell_width().max(1);
        }
        cells
    };
    (area.top()..area.bottom()).map(row).collect()
}

fn text(row: &[&Cell]) -> String {
    row.iter().map(|cell| cell.symbol()).collect()
}

/// Adds a row with the sequences that set its colours.
fn coloured(mut out: Vec<u8>, row: &[&Cell]) -> io::Result<Vec<u8>> {
    for stretch in row.chunk_by(|a, b| (a.fg, a.bg, a.modifier) == (b.fg, b.bg, b.modifier)) {
        let Some(first) = stretch.first() else { continue };
        let colours = Colors::new(first.fg.into_crossterm(), first.bg.into_crossterm());
        queue!(out, SetAttribute(Attribute::Reset), SetColors(colours))?;
        queue!(out, SetAttributes(attributes(first.modifier)), Print(text(stretch)))?;
    }
    queue!(out, SetAttribute(Attribute::Reset), Print("\n"))?;
    Ok(out)
}

fn attributes(modifier: Modifier) -> Attributes {
    let all = [
        (Modifier::BOLD, Attribute::Bold),
        (Modifier::DIM, Attribute::Dim),
        (Modifier::ITALIC, Attribute::Italic),
        (Modifier::UNDERLINED, Attribute::Underlined),
        (Modifier::REVERSED, Attribute::Reverse),
    ];
    all.into_iter()
        .filter(|(one, _)| modifier.contains(*one))
        .fold(Attributes::none(), |attributes, (_, attribute)| attributes.with(attribute))
}

/// Writes a shot into new files of `folder`, for its owner alone; tells the path of the text. The colours are beside it,
/// in a file that ends in `.ans`.
pub fn save(shot: &Shot, folder: &Path, now: UtcMs) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let name: String = now.to_string().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let path = folder.join(format!("{name}.txt"));
    write_new(&path, shot.text.as_bytes())?;
    write_new(&path.with_extension("ans"), &shot.ansi)?;
    Ok(path)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::state::Lang;
    use crate::theme::{Depth, Ground, Theme};

    fn shot_of(theme: Theme) -> Shot {
        let state = State::new(UtcMs::from_millis(1_795_485_857_000), Lang::Es, 1);
        shot(&state, &mut Memory::new(theme, TimeZone::UTC))
    }

    #[test]
    fn a_shot_is_the_screen_with_and_without_colours() {
        let shot = shot_of(Theme::new(Depth::Indexed, Ground::Dark, false));
        assert_eq!(shot.text.lines().count(), 24);
        assert!(shot.text.starts_with(" DOMICILIO ") && shot.text.contains("── Requiere atención ──"), "{}", shot.text);
        let mut emulator = vt100::Parser::new(25.try_into().unwrap(), 80.try_into().unwrap(), 0);
        emulator.process(&String::from_utf8(shot.ansi.clone()).unwrap().replace('\n', "\r\n").into_bytes());
        let drawn = emulator.screen().contents();
        let plain: Vec<&str> = drawn.lines().map(str::trim_end).collect();
        assert_eq!(plain.join("\n").trim_end(), shot.text.trim_end());
        let brand = emulator.screen().cell(0, 2).unwrap();
        assert!(brand.contents() == "O" && brand.bgcolor() == vt100::Color::Idx(75) && brand.bold());
    }

    #[test]
    fn files_are_new_and_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let dumps = folder.path().join("domicilio/dumps");
        let (shot, now) = (shot_of(Theme::new(Depth::None, Ground::Dark, true)), UtcMs::from_millis(1_795_485_857_000));
        let path = save(&shot, &dumps, now).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), shot.text);
        assert_eq!(std::fs::read(path.with_extension("ans")).unwrap(), shot.ansi);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dumps), mode(&path), mode(&path.with_extension("ans"))), (0o700, 0o600, 0o600));
        assert_eq!(
            save(&shot, &dumps, now).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists,
            "nothing is overwritten"
        );
    }
}
