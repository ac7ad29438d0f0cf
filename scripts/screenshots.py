#!/usr/bin/env python3
"""Takes the pictures under assets/: starts the demo with a fixed seed in tmux, walks through the screens, and writes what
the cells hold as SVG. Needs tmux and nothing else that Python does not bring along.

    scripts/screenshots.py PROGRAM [NAME...]      PROGRAM is the built `domicilio`; NAMEs choose pictures
    scripts/screenshots.py --text PROGRAM         every screen at each size in both languages as text, to target/captures/

Every order, store and person in them is invented by the demo.
"""

import html
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
CAPTURES = ROOT / "target" / "captures"

# Seed of the demo's traffic: stores, orders and faults are the same each time, their times are not.
SEED = "11"

# Orders wait, fail and are given up only after a while; pictures of the first minute show little.
SETTLE_S = 75

# How long the program may take to show what a step waits for.
WAIT_S = 60

# Name, columns and rows, keys pressed from the overview, what the screen must say then. `tmux send-keys` names the keys.
SHOTS = [
    ("overview", (120, 40), ["1"], "Requiere atención"),
    ("overview-80x24", (80, 24), ["1"], "Requiere atención"),
    ("overview-200x60", (200, 60), ["1"], "Requiere atención"),
    ("orders", (120, 40), ["2"], "Pedidos"),
    ("order", (120, 40), ["3", "Enter", "Enter"], "codRestaurante|store"),
    ("queues", (120, 40), ["3"], "Colas"),
    ("not-injected", (120, 40), ["4"], "inyectados"),
    ("stores", (120, 40), ["5"], "Locales"),
    ("services", (120, 40), ["6"], "Servicios"),
    ("bus", (200, 60), ["7"], "Bus"),
    ("log", (120, 40), ["8"], "Registro"),
    ("filter", (120, 40), ["2", "/", "estado:no_inyectado edad>1m"], " de "),
    ("palette", (120, 40), ["1", ":", "cola"], "cola"),
    ("inject", (120, 40), ["5", "Down", "i", "Enter"], "Cancelar"),
    ("help", (120, 40), ["2", "?"], "Ayuda"),
    ("overview-en", (120, 40), ["1", "L"], "Needs attention|Requires|attention"),
]

# Every screen with its number key and what it says in either language, and the sizes at which each is captured as text.
SCREENS = [
    ("overview", "1", "Requiere atención|Needs attention"),
    ("orders", "2", "─ (Pedidos|Orders) "),
    ("queues", "3", "─ (Colas|Queues) "),
    ("not-injected", "4", "─ (No inyectados|Not injected) "),
    ("stores", "5", "─ (Locales|Stores) "),
    ("services", "6", "─ (Servicios|Services) "),
    ("bus", "7", "(Asuntos|Subjects) "),
    ("log", "8", "─ (Registro|Log) "),
]
SIZES = [(80, 24), (120, 40), (200, 60)]

# One cell, in pixels, and the colours of a terminal that has none of its own.
CELL = (8.4, 17)
FONT_PX = 14
INK, GROUND = "#d7dae0", "#14161b"
SIXTEEN = [
    "#1c1f26", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf",
    "#5c6370", "#ef8a92", "#b5d99b", "#f0d399", "#85c4f5", "#d79be6", "#7fcdd6", "#ffffff",
]


class Tmux:
    """A tmux server of its own, with one window."""

    def __init__(self, folder, program):
        self.base = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        env = {"HOME": folder, "XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder, "COLORTERM": "truecolor", "TZ": "America/Guayaquil"}
        settings = [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
        command = f"exec {program} demo --seed {SEED} --lang es"
        self.run("new-session", "-d", "-x", "120", "-y", "40", *settings, command, ";", "set", "status", "off",
                 ";", "set", "escape-time", "0", ";", "set", "window-size", "manual")

    def run(self, *arguments):
        done = subprocess.run([*self.base, *arguments], check=True, capture_output=True, text=True)
        return done.stdout

    def text(self):
        return self.run("capture-pane", "-p")

    def cells(self):
        return self.run("capture-pane", "-e", "-p", "-N")

    def size(self, columns, rows):
        self.run("resize-window", "-x", str(columns), "-y", str(rows))

    def press(self, key):
        named = len(key) > 1 and key in ("Enter", "Escape", "Down", "Up", "Tab", "BSpace")
        self.run("send-keys", *([] if named else ["-l"]), key)

    def until(self, what, wanted):
        """Waits for a condition; its failure shows the last screen."""
        deadline = time.monotonic() + WAIT_S
        while not wanted(text := self.text()):
            if time.monotonic() > deadline:
                sys.exit(f"waited {WAIT_S} s for {what}; last screen:\n{text}")
            time.sleep(0.1)

    def end(self):
        subprocess.run([*self.base, "kill-server"], check=False, capture_output=True)


def colour(codes):
    """The colour that `codes`, just after 38 or 48, names; takes them off."""
    if codes[0] == 2:
        red, green, blue = codes[1:4]
        del codes[:4]
        return f"#{red:02x}{green:02x}{blue:02x}"
    number = codes[1]
    del codes[:2]
    if number < 16:
        return SIXTEEN[number]
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    steps = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "#" + "".join(f"{steps[place]:02x}" for place in (number // 36, number // 6 % 6, number % 6))


def restyle(style, codes):
    """`style` after the SGR `codes`: ink, ground, and a set of attributes."""
    ink, ground, marks = style
    while codes:
        code = codes.pop(0)
        if code == 0:
            ink, ground, marks = None, None, frozenset()
        elif code in (1, 2, 3, 4, 7, 9):
            marks |= {code}
        elif code == 22:
            marks -= {1, 2}
        elif 23 <= code <= 29:
            marks -= {code - 20}
        elif code == 38:
            ink = colour(codes)
        elif code == 48:
            ground = colour(codes)
        elif code == 58:
            colour(codes)
        elif code == 39:
            ink = None
        elif code == 49:
            ground = None
        elif 30 <= code <= 37 or 90 <= code <= 97:
            ink = SIXTEEN[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            ground = SIXTEEN[code - 40 if code < 100 else code - 92]
    return ink, ground, marks


def width(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def runs(line):
    """The runs of one style in a captured line: column, columns, text, style. Tells of nothing but text and SGR."""
    style, column, found = (None, None, frozenset()), 0, []
    for part in re.split(r"(\x1b\[[0-9;:]*m)", line):
        if part.startswith("\x1b["):
            codes = [int(code or 0) for code in re.split("[;:]", part[2:-1])]
            style = restyle(style, codes)
            continue
        if "\x1b" in part:
            part = re.sub(r"\x1b[()][A-Z0-9]|\x0e|\x0f|\x1b\].*?(\x07|\x1b\\)", "", part)
        for character in part:
            columns = width(character)
            last = found[-1] if found else None
            # A wide character has a run of its own, so that the grid stays exact whatever the font makes of it.
            if last and last[3] == style and columns < 2 and last[1] == len(last[2]) and columns:
                found[-1] = (last[0], last[1] + 1, last[2] + character, style)
            elif columns == 0 and last:
                found[-1] = (last[0], last[1], last[2] + character, last[3])
            else:
                found.append((column, columns, character, style))
            column += columns
    return found


# Lines that are drawn, not written, so that they meet whatever the font: which sides of the cell they reach.
SIDES = {
    "─": "lr", "│": "ud", "┬": "lrd", "┴": "lru", "├": "udr", "┤": "udl", "┼": "lrud", "╭": "rd", "╮": "ld", "╰": "ru",
    "╯": "lu", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "╴": "l", "╶": "r",
}
BLOCKS = "▁▂▃▄▅▆▇█"


def drawn(character, count, left, top):
    """Left, top, width and height of what `count` of a drawn character are made of; nothing for a written one."""
    across, down = CELL
    if character in BLOCKS:
        part = down * (BLOCKS.index(character) + 1) / 8
        return [(left, top + down - part, count * across, part)]
    sides, rectangles = SIDES.get(character, ""), []
    middle, centre = top + down / 2 - 0.5, left + across / 2 - 0.5
    if "l" in sides or "r" in sides:
        begin = left if "l" in sides else centre
        end = left + count * across if "r" in sides else centre + 1
        rectangles.append((begin, middle, end - begin, 1))
    if "u" in sides or "d" in sides:
        begin = top if "u" in sides else middle
        end = top + down if "d" in sides else middle + 1
        rectangles.append((centre, begin, 1, end - begin))
    return rectangles


def px(number):
    return f"{number:.1f}".removesuffix(".0")


def pieces(text):
    """`text` cut into written pieces, and repetitions of one drawn character."""
    return re.findall(f"([{BLOCKS}]|[{''.join(SIDES)}])(\\1*)|([^{BLOCKS}{''.join(SIDES)}]+)", text)


def svg(captured, columns, rows, title):
    across, down = CELL
    wide, high = columns * across + 24, rows * down + 24
    grounds, texts, classes = [], [], {}
    for row, line in enumerate(captured.split("\n")[:rows]):
        for column, count, text, (ink, ground, marks) in runs(line):
            if 7 in marks:
                ink, ground = ground or GROUND, ink or INK
            left, top = 12 + column * across, 12 + row * down
            if ground:
                grounds.append(f'<rect x="{px(left)}" y="{top}" width="{px(count * across + 0.3)}" height="{down}" fill="{ground}"/>')
            for one, more, written in pieces(text):
                if one:
                    for rectangle in drawn(one, 1 + len(more), left, top):
                        x, y, w, h = map(px, rectangle)
                        grounds.append(f'<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{ink or INK}"/>')
                    left += (1 + len(more)) * across
                    continue
                start = left + (len(written) - len(written.lstrip(" "))) * across
                left += (count if len(text) == len(written) else len(written)) * across
                bare = written.strip(" ")
                if not bare:
                    continue
                name = classes.setdefault((ink or INK, marks - {7}), f"s{len(classes)}")
                columns_of_it = max(len(bare), count if len(written) == 1 else 0)
                place = f'x="{px(start)}" y="{top + 13}" textLength="{px(columns_of_it * across)}"'
                shown = html.escape(bare, quote=False).replace(" ", "\u00a0")
                texts.append(f'<text class="{name}" {place}>{shown}</text>')
    looks = {1: "font-weight:bold", 2: "opacity:.65", 3: "font-style:italic", 4: "text-decoration:underline", 9: "text-decoration:line-through"}
    rules = "".join(
        f".{name}{{fill:{ink};{';'.join(looks[mark] for mark in sorted(marks) if mark in looks)}}}"
        for (ink, marks), name in classes.items()
    )
    fonts = "ui-monospace,'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high}" width="{wide:g}" height="{high}" role="img">',
        f"<title>{html.escape(title)}</title>",
        f"<style>text{{font:{FONT_PX}px {fonts}}}{rules}</style>",
        f'<rect width="{wide:g}" height="{high}" rx="8" fill="{GROUND}"/>',
        *grounds,
        *texts,
        "</svg>",
        "",
    ])


def take(tmux, name, size, keys, wanted):
    tmux.size(*size)
    for key in keys:
        tmux.press(key)
        time.sleep(0.4)  # A frame or two: so that a key meets the screen that it is meant for.
    tmux.until(name, lambda text: re.search(wanted, text) and len(text.rstrip("\n").split("\n")) >= size[1] - 1)
    time.sleep(0.4)
    (ASSETS / f"{name}.svg").write_text(svg(tmux.cells(), *size, f"domicilio: {name}"), encoding="utf-8")
    print(f"assets/{name}.svg")
    # Back to where every walk begins.
    for _ in range(5):
        tmux.press("Escape")
        time.sleep(0.15)
    if "L" in keys:
        tmux.press("L")
    tmux.press("1")


def capture(tmux):
    """Every screen at each size in both languages, as text."""
    CAPTURES.mkdir(parents=True, exist_ok=True)
    for lang, mark in (("es", "Resum"), ("en", "Overv")):
        tmux.until(lang, lambda text: mark in text.split("\n")[1])
        for columns, rows in SIZES:
            tmux.size(columns, rows)
            for name, key, wanted in SCREENS:
                tmux.press(key)
                tmux.until(name, lambda text: re.search(wanted, text) and text.count("\n") >= rows - 1)
                time.sleep(0.6)  # What is asked for on first sight of a screen has come by then.
                path = CAPTURES / f"{name}-{lang}-{columns}x{rows}.txt"
                path.write_text(tmux.text(), encoding="utf-8")
                print(path.relative_to(ROOT))
        tmux.press("L")


def main():
    arguments = sys.argv[1:]
    as_text = arguments[:1] == ["--text"]
    arguments = arguments[as_text:]
    if not arguments:
        sys.exit(__doc__)
    if not shutil.which("tmux"):
        sys.exit("tmux is missing; install it (apt-get install tmux, brew install tmux)")
    chosen = [shot for shot in SHOTS if not arguments[1:] or shot[0] in arguments[1:]]
    ASSETS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tmux = Tmux(pathlib.Path(folder), pathlib.Path(arguments[0]).resolve())
        try:
            tmux.until("the connection", lambda text: "conectado" in text and "leyendo" not in text)
            time.sleep(SETTLE_S)
            if as_text:
                capture(tmux)
            else:
                for shot in chosen:
                    take(tmux, *shot)
            tmux.press("q")
        finally:
            tmux.end()


main()
