//! From what is drawn to what is written, without writing it.

use std::io;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::backend::Tty;
use super::encoder::{Encoder, Written};

/// Turns frames into bytes for one terminal.
#[derive(Debug)]
pub struct Painter {
    terminal: Terminal<Tty>,
    encoder: Encoder,
    /// A screen whose turn it is to be drawn on.
    spare: Buffer,
}

impl Painter {
    /// For the terminal that this program runs in, as large as it is at each frame.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self::on(Terminal::new(Tty::default())?))
    }

    /// For a terminal of so many columns and rows, which need not be there.
    pub fn sized(size: Size) -> io::Result<Self> {
        let viewport = Viewport::Fixed(Rect::from((Position::ORIGIN, size)));
        Ok(Self::on(Terminal::with_options(Tty::default(), TerminalOptions { viewport })?))
    }

    fn on(terminal: Terminal<Tty>) -> Self {
        Self { terminal, encoder: Encoder::new(), spare: Buffer::default() }
    }

    /// Draws a frame; tells what is to be written so that the terminal shows it.
    pub fn paint(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<Written> {
        let Self { terminal, encoder, spare } = self;
        terminal.draw(|frame| {
            render(frame);
            let drawn = frame.buffer_mut();
            if spare.area != drawn.area {
                *spare = Buffer::empty(drawn.area);
            }
            std::mem::swap(drawn, spare);
        })?;
        Ok(encoder.frame(spare, terminal.backend().cursor()))
    }

    /// Forgets what the terminal shows: the next frame is drawn in full.
    pub fn forget(&mut self) {
        self.encoder = Encoder::new();
    }
}
