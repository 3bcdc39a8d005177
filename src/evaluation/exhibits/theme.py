"""How every figure looks: one theme, readable in print and in grey, and drawn to the same bytes every time.

Colours have contrast of at least 3:1 against white and differ in luminance; line pattern, marker and hatch say the same
again, so that no meaning rests on colour.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from evaluation.errors import InputError, Problem
from evaluation.language import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from evaluation.exhibits.figures import FigureSpec

WIDTH = 16.0
DPI = 150
CENTIMETRE = 1 / 2.54
INK, MUTED, FAINT = "#1a1a1a", "#595959", "#d4d4d4"
SIZE, SMALL = 8.5, 8.0


@dataclass(frozen=True)
class Look:
    """How one group is drawn: colour, line pattern, marker and hatch."""

    colour: str
    dash: Any
    marker: str
    hatch: str


LOOKS = (
    Look("#0b3c5d", "-", "o", ""),
    Look("#b8552b", (0, (5, 2)), "s", "////"),
    Look("#3f7f4f", (0, (1, 1.4)), "^", "...."),
    Look("#7a5195", (0, (6, 2, 1, 2)), "D", "\\\\\\\\"),
    Look("#8a7000", (0, (3, 1.2)), "v", "xxx"),
    Look("#6b6b6b", (0, (8, 2, 1, 2, 1, 2)), "P", "---"),
)
# Groups that recur keep their look from one figure to the next.
OWN_LOOK = {
    "participants": 0,
    "others": 1,
    "1": 2,
    "2": 3,
    "case": 0,
    "peers": 1,
    "country": 2,
    "synthetic": 3,
    "women": 0,
    "men": 1,
}


def looks(groups: list[Any]) -> list[Look]:
    """Return a look for each group: its own where it has one, otherwise the first that is free."""
    if len(groups) > len(LOOKS):
        remedy = f"Show at most {len(LOOKS)} in one figure, or use a table."
        raise InputError(Problem(f"{len(groups)} groups cannot be told apart in one figure", remedy))
    places: list[int | None] = []
    for group in groups:
        wanted = OWN_LOOK.get(str(group))
        places.append(None if wanted in places else wanted)
    free = iter([place for place in range(len(LOOKS)) if place not in places])
    return [LOOKS[next(free) if place is None else place] for place in places]


@contextmanager
def style() -> Iterator[None]:
    """Draw with the suite's settings, leaving the reader's own untouched."""
    import matplotlib as mpl
    import seaborn as sns

    settings: dict[str, Any] = {
        "font.family": ["DejaVu Sans"],
        "font.size": SIZE,
        "axes.titlesize": SIZE,
        "axes.labelsize": SIZE,
        "xtick.labelsize": SIZE,
        "ytick.labelsize": SIZE,
        "legend.fontsize": SIZE,
        "legend.frameon": False,
        "axes.titlelocation": "left",
        "axes.edgecolor": MUTED,
        "axes.linewidth": 0.7,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "grid.color": FAINT,
        "grid.linewidth": 0.6,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "ytick.left": False,
        "lines.linewidth": 1.5,
        "lines.markersize": 3.6,
        "hatch.linewidth": 0.6,
        # A name with two dollar signs is a name, not mathematics.
        "text.parse_math": False,
        "svg.fonttype": "path",
        "svg.hashsalt": "evaluation",
        "path.simplify": False,
    }
    with mpl.rc_context(), sns.axes_style("ticks"):
        mpl.rcParams.update(settings)  # type: ignore[arg-type]
        yield


def drawn(spec: FigureSpec, words: Words) -> Figure:
    """Return a figure drawn at the width of the report; to be called inside `style`.

    Not by pyplot: nothing is kept open, and the reader's backend is not touched.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH * CENTIMETRE, spec.height_cm(words) * CENTIMETRE), layout="constrained")
    FigureCanvasAgg(figure)
    spec.draw(figure, words)
    return figure


def rendered(spec: FigureSpec, words: Words, *, prefix: str) -> tuple[str, bytes]:
    """Return a figure as SVG (text as paths, ids beginning with `prefix`) and as PNG at 150 dots an inch."""
    with style():
        figure = drawn(spec, words)
        svg, png = io.StringIO(), io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(svg, format="svg", metadata=nothing)
        figure.set_layout_engine("none")  # the picture has the drawing's layout, which takes longer than to paint it
        figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
    return _own_ids(svg.getvalue(), prefix), png.getvalue()


def _own_ids(svg: str, prefix: str) -> str:
    """Keep the drawing alone, and make its ids its own, so that many drawings can stand in one page."""
    drawing = svg[svg.index("<svg") :].strip()
    own = f"{prefix}-{sha256(drawing.encode()).hexdigest()[:8]}"
    return re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{own}-", drawing)


def decimal_axis(axis: Any, words: Words, steps: tuple[float, ...] = (1, 2, 2.5, 5, 10)) -> None:
    """Number an axis in the report's language, with as many decimals as its steps need."""
    from matplotlib.ticker import Formatter, MaxNLocator

    class Decimals(Formatter):
        def __call__(self, x: float, _: int | None = None) -> str:
            return words.number(x, _places(axis.get_majorticklocs()))

        def format_ticks(self, values: Any) -> list[str]:
            places = _places(values)
            return [words.number(x, places) for x in values]

    axis.set_major_locator(MaxNLocator(nbins=6, steps=steps))
    axis.set_major_formatter(Decimals())


def _places(ticks: Any) -> int:
    """Return how many decimals tell the ticks of an axis apart."""
    step = min((abs(b - a) for a, b in pairwise(map(float, ticks))), default=1.0)
    return next((places for places in range(4) if abs(step - round(step, places)) < 1e-9 * max(step, 1)), 4)


def end_labels(axes: Axes, ends: list[tuple[float, float, str]], gap: float = 10.5) -> None:
    """Write the names of lines to the right of their ends (x, y, name), moved apart to `gap` points."""
    figure: Any = axes.figure
    figure.draw_without_rendering()
    heights = [float(axes.transData.transform((x, y))[1]) * 72 / figure.dpi for x, y, _ in ends]
    order = sorted(range(len(ends)), key=heights.__getitem__)
    for place, height in zip(order, apart([heights[place] for place in order], gap), strict=True):
        x, y, name = ends[place]
        beside: dict[str, Any] = {"xytext": (6, height - heights[place]), "textcoords": "offset points", "va": "center"}
        axes.annotate(name, (x, y), annotation_clip=False, **beside)


def apart(heights: list[float], gap: float) -> list[float]:
    """Return increasing heights moved as little as needed to stand at least `gap` apart."""
    clusters: list[list[float]] = []
    for height in heights:
        clusters.append([height])
        while len(clusters) > 1 and _top(clusters[-2], gap) + gap > _bottom(clusters[-1], gap):
            last = clusters.pop()
            clusters[-1] += last
    return [_bottom(cluster, gap) + gap * place for cluster in clusters for place in range(len(cluster))]


def _bottom(cluster: list[float], gap: float) -> float:
    return sum(cluster) / len(cluster) - gap * (len(cluster) - 1) / 2


def _top(cluster: list[float], gap: float) -> float:
    return _bottom(cluster, gap) + gap * (len(cluster) - 1)


def reference_lines(axes: Axes, marks: list[tuple[float, str]]) -> int:
    """Draw vertical lines with their labels above the axes, in as many rows as they need; return the rows."""
    figure: Any = axes.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    right_ends: list[float] = []
    for x, text in sorted(marks):
        axes.axvline(x, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
        written = axes.annotate(
            text, (x, 1), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points", fontsize=SMALL
        )
        written.set(ha="left", color=MUTED, annotation_clip=False)
        box = written.get_window_extent(renderer)
        row = next((row for row, end in enumerate(right_ends) if end < box.x0), len(right_ends))
        right_ends[row : row + 1] = [box.x1 + 6]
        written.xyann = (0, 3 + 11 * row)
    return len(right_ends)


def heading(axes: Axes, text: str, rows: int = 0) -> None:
    """Write what the values are above the axes, over `rows` rows of labels."""
    axes.set_title(text, loc="left", pad=6 + 11 * rows, x=0, color=INK)


def legend(figure: Figure, handles: list[Any], names: list[str]) -> None:
    """Write the legend above the axes, from the left and row by row, wrapped to the width of the figure."""
    columns = len(names)
    while columns > 1 and sum(max(map(len, names[place::columns])) + 7 for place in range(columns)) > 90:
        columns -= 1
    columns = -(-len(names) // -(-len(names) // columns))
    # Matplotlib fills column by column; this order makes the rows read in the order given.
    order = [place for column in range(columns) for place in range(column, len(names), columns)]
    figure.legend(
        [handles[place] for place in order],
        [names[place] for place in order],
        loc="outside upper left",
        ncols=columns,
        handlelength=2.3,
        columnspacing=1.3,
        borderaxespad=0.2,
    )


def readable_on(colour: Any) -> str:
    """Return black or white, whichever reads better on `colour`."""
    from matplotlib.colors import to_rgb

    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    return "#ffffff" if luminance < 0.179 else INK


def ramp(steps: int) -> list[Any]:
    """Return `steps` colours from light to dark, evenly spaced in luminance."""
    import seaborn as sns

    return list(sns.color_palette("blend:#dcebf2,#5b9fb8,#0b3c5d", n_colors=max(steps, 2)))[:steps]


def band_hatches(steps: int) -> list[str]:
    """Return a hatch for every other band, so that neighbours differ without colour."""
    return ["" if place % 2 == 0 else "////" for place in range(steps)]
