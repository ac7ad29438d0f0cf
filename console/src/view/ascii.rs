//! The last step on a terminal that shows ASCII only: every other sign becomes the nearest one that it can show.

use ratatui::buffer::Buffer;

/// Replaces what is not ASCII, cell by cell, so that columns stay where they are.
pub(super) fn only(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let nearest = cell.symbol().chars().next().map_or('?', nearest);
            cell.set_char(nearest);
        }
    }
}

/// The letter without its accent, the sign that stands for another; `?` for what has none.
const fn nearest(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ª' => 'a',
        'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' => 'A',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'Í' | 'Ì' | 'Î' | 'Ï' => 'I',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'º' => 'o',
        'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' => 'O',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'Ú' | 'Ù' | 'Û' | 'Ü' => 'U',
        'ñ' => 'n',
        'Ñ' => 'N',
        'ç' => 'c',
        'Ç' => 'C',
        '·' => '.',
        '…' => '~',
        '–' | '—' => '-',
        '«' | '»' | '“' | '”' => '"',
        '‘' | '’' => '\'',
        // A letter whose accents are marks of their own.
        c if c.is_ascii_graphic() => c,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn columns_stay_where_they_are() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 16, 1));
        buffer.set_string(0, 0, "Ñandu\u{301} 北京 · x", Style::new());
        only(&mut buffer);
        let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "Nandu ? ?  . x  ");
    }
}
