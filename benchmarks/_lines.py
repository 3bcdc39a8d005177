"""Straight lines through measurements, and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Line:
    """Measurements along x with the least-squares line through them; `exponent` is the slope of their logarithms."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    slope: float
    intercept: float
    r_squared: float
    exponent: float

    @classmethod
    def through(cls, label: str, x: Sequence[float], y: Sequence[float]) -> Line:
        import numpy as np

        slope, intercept = np.polyfit(x, y, 1)
        rest = np.asarray(y) - (slope * np.asarray(x) + intercept)
        spread = np.var(y)
        r_squared = 1 - float(np.var(rest) / spread) if spread > 0 else 1.0
        exponent = float(np.polyfit(np.log(x), np.log(y), 1)[0])
        return cls(label, tuple(x), tuple(y), float(slope), float(intercept), r_squared, exponent)


@dataclass(frozen=True)
class Panel:
    """Lines over one x axis; `limit` is a claim not to be passed."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    fitted: bool = True
    limit: float | None = None


def picture(name: str, panels: Sequence[Panel]) -> None:
    """Write benchmarks/results/<name>.svg: measurements as points, fitted lines, claims dashed."""
    import matplotlib as mpl
    import numpy as np
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(3.4 * len(panels), 2.9), layout="constrained")
        for panel, axes in zip(panels, np.atleast_1d(figure.subplots(1, len(panels))), strict=True):
            for line, marker in zip(panel.lines, "osD^v", strict=False):
                (points,) = axes.plot(line.x, line.y, marker, ms=4, label=line.label)
                ends = np.array([0, max(line.x)])
                if panel.fitted:
                    axes.plot(ends, line.slope * ends + line.intercept, color=points.get_color(), lw=1)
            if panel.limit is not None:
                axes.axhline(panel.limit, ls="--", lw=1, color="0.4", label=f"claim: under {panel.limit:g}")
            axes.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label, ylim=(0, None))
            axes.legend(frameon=False, fontsize=8)
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(RESULTS / f"{name}.svg", metadata={"Date": None})
