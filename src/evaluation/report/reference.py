"""The Word file whose styles, page and header the report takes: pandoc's own, edited the same way each time."""

from __future__ import annotations

import io
import os
import re
import subprocess
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

STYLES = Path(__file__).parent / "templates" / "word_styles.xml"
_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_PAGE = """<w:sectPr>
<w:headerReference w:type="default" r:id="rIdheader"/><w:footerReference w:type="default" r:id="rIdfooter"/>
<w:pgSz w:w="11906" w:h="16838"/>
<w:pgMar w:top="1701" w:right="1418" w:bottom="1418" w:left="1418" w:header="567" w:footer="567" w:gutter="0"/>
</w:sectPr>"""
_BODY_TEXT = (
    '<w:rPr><w:rFonts w:ascii="Cambria" w:hAnsi="Cambria" w:cs="Cambria"/><w:sz w:val="21"/><w:szCs w:val="21"/>'
    '<w:lang w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA" /></w:rPr>'
)


def write_reference(path: Path, *, header: str, banner: str, page: str, pandoc: str, epoch: int) -> None:
    """Write the reference file to `path`: `banner` (or "") and `header` on every page, `page` before its number.

    `pandoc` is the program whose own reference file is edited, `epoch` its clock.
    """
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    command = [pandoc, "--data-dir", str(path.parent / "none"), "--print-default-data-file", "reference.docx"]
    own = subprocess.run(command, capture_output=True, check=True, env=environment).stdout
    with zipfile.ZipFile(io.BytesIO(own)) as source:
        parts = {name: source.read(name).decode("utf-8") for name in source.namelist()}
    parts["word/styles.xml"] = _styled(parts["word/styles.xml"])
    parts["word/document.xml"] = _replaced(r"<w:sectPr>.*?</w:sectPr>", _PAGE, parts["word/document.xml"])
    for part, content in {"header": _header(header, banner), "footer": _footer(page)}.items():
        parts[f"word/{part}1.xml"] = content
        relation = f'<Relationship Id="rId{part}" Type="{_RELATION}/{part}" Target="{part}1.xml"/>'
        kind = f'<Override PartName="/word/{part}1.xml" ContentType="{_CONTENT}.{part}+xml"/>'
        for name, added, end in (
            ("word/_rels/document.xml.rels", relation, "</Relationships>"),
            ("[Content_Types].xml", kind, "</Types>"),
        ):
            parts[name] = _replaced(end, added + end, parts[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in parts.items():
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode("utf-8"))


def _styled(xml: str) -> str:
    """Return pandoc's styles with ours in the place of those with the same id, and the others added."""
    styles = re.findall(r"<w:style .*?</w:style>", STYLES.read_text(encoding="utf-8"), re.DOTALL)
    for style in styles:
        identifier = re.search(r'w:styleId="(\w+)"', style)
        assert identifier is not None
        xml = re.sub(rf'<w:style [^>]*w:styleId="{identifier[1]}">.*?</w:style>', "", xml, flags=re.DOTALL)
    xml = _replaced("</w:styles>", "".join(styles) + "</w:styles>", xml)
    return _replaced(r"(?<=<w:rPrDefault>)\s*<w:rPr>.*?</w:rPr>", _BODY_TEXT, xml)


def _replaced(pattern: str, by: str, text: str) -> str:
    changed, count = re.subn(pattern, lambda _: by, text, count=1, flags=re.DOTALL)
    if not count:
        raise RuntimeError(f"pandoc's reference file has changed: it holds no {pattern}")
    return changed


def _header(title: str, banner: str) -> str:
    return _part("hdr", *([_paragraph("Banner", banner)] if banner else []), _paragraph("Header", title))


def _footer(page: str) -> str:
    number = '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    return _part("ftr", _paragraph("Header", f"{page} ", '<w:jc w:val="center"/>', number))


def _paragraph(style: str, text: str, properties: str = "", after: str = "") -> str:
    run = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{properties}</w:pPr>{run}{after}</w:p>'


def _part(tag: str, *paragraphs: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><w:{tag} {_NAMESPACES}>{"".join(paragraphs)}</w:{tag}>'
