"""Make the README's pictures from the project's own report: `make picture`.

Writes docs/images/report-page.png (three pages of the English midterm report side by side) and
docs/images/sick-leave.png (one of its figures).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import typst
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
BESIDE = ("The chapter answers two questions", "Effect on sick leave by quarters since the start")
"""What stands on the pages shown beside the first."""
SOURCE = """
#set page(width: auto, height: auto, margin: 6pt, fill: luma(215))
#grid(columns: {count}, gutter: 6pt, {pictures})
"""


def main() -> None:
    """Make the report in English and take the pictures from it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report"
        evaluation = Path(sys.executable).with_name("evaluation")
        subprocess.run(
            [str(evaluation), "report", "midterm", "--language", "en", "--out", str(out)], cwd=ROOT, check=True
        )
        texts = [" ".join(page.extract_text().split()) for page in PdfReader(out / "report.pdf").pages]
        pages = [1, *(next(number for number, text in enumerate(texts, 1) if shown in text) for shown in BESIDE)]
        pictures = ", ".join(f'box(fill: white, image("report.pdf", page: {page}, width: 300pt))' for page in pages)
        source = out / "pages.typ"
        source.write_text(SOURCE.format(count=len(pages), pictures=pictures), encoding="utf-8")
        IMAGES.mkdir(exist_ok=True)
        picture = typst.compile(source, root=out, format="png", ppi=120.0)
        (IMAGES / "report-page.png").write_bytes(picture)
        shutil.copy(out / "figures" / "02_sick_leave-rolling.png", IMAGES / "sick-leave.png")


if __name__ == "__main__":
    main()
