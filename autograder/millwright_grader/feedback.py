"""What students and teachers get to see: no hidden test, no script of a student's.

`HideTests` makes of a graded notebook what may be shown to the student it belongs to;
`FitPhones` makes the page readable on narrow screens.
`markdown_to_safe_html` and `safe_html` are the filters with which every page is made, for
feedback and for formgrader.

As long as tests run in the student's own process, a student who sets out to can still copy
a hidden test's text, encoded, into an output; plain copies are found and removed.
"""

import re
from collections.abc import Iterable
from typing import Any

import bleach
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from millwright_grader.released import ReleasedNotebook, load

# A cell's head is as high as it needs to be; the score slides out of one of fixed height.
_NARROW = """
@media (max-width: 600px) {
  body div.nbgrader_cell .panel-heading { height: auto; }
  body div.nbgrader_cell .panel-heading .pull-right { float: none !important; display: block; }
  body .container { padding: 0 4px; }
}
"""

# A shorter line says nothing that needs hiding.
_SECRET_CHARACTERS = 10
_MESSAGE_CHARACTERS = 2000
_SHOWN_TYPES = frozenset(
    {
        *("text/plain", "text/html", "text/markdown", "text/latex"),
        *("image/png", "image/jpeg", "image/svg+xml"),
    }
)

_TAGS = frozenset(
    {
        *("a", "abbr", "b", "blockquote", "br", "cite", "code", "del", "div", "em", "hr", "i"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "ins", "kbd", "mark", "p", "pre", "q", "s", "samp"),
        *("small", "span", "strong", "sub", "sup", "u", "var"),
        *("dd", "dl", "dt", "li", "ol", "ul", "figure", "figcaption", "img"),
        *("details", "summary"),
        *("caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    }
)
# Pygments' classes have one to three letters; nothing here names a control of formgrader.
_CLASS = re.compile(r"(highlight|hl-[a-z]+|dataframe|[a-z][a-z0-9]{0,2})")
# Pictures inside the page or beside it; no address that a browser would call by itself.
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,|(?![/\\])[^:]*$")
_WITH_CONTENT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)


class HideTests(NbGraderPreprocessor):
    """Reduce a graded notebook to what the student may see of it."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Show locked cells as released, failed checks by their message, outputs if safe."""
        coursedir = self.parent.parent.coursedir
        released = load(coursedir, resources["nbgrader"]["assignment"], self.config)
        notebook = released.notebooks[resources["nbgrader"]["notebook"]]
        secrets = _secrets(nb, notebook)
        for cell in nb.cells:
            known = notebook.by_name.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
            if known and known.is_locked:
                cell.source = known.shown
            if cell.cell_type != "code":
                continue
            if known and known.is_test:
                cell.outputs = _verdict(cell.outputs)
            cell.outputs = [_cleared(output, secrets) for output in cell.outputs]
        nb.metadata.pop("widgets", None)
        return nb, resources


class FitPhones(NbGraderPreprocessor):
    """Add what nbgrader's page lacks to be read on a phone; follows nbconvert's own styles."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Leave the notebook as it is."""
        resources["inlining"]["css"].append(_NARROW)
        return nb, resources


@pass_context
def markdown_to_safe_html(context: Context, source: str) -> str:
    """Render Markdown as nbconvert does, then keep only what `safe_html` keeps."""
    cell = context.get("cell") or {}
    renderer = IPythonRenderer(
        escape=False, attachments=cell.get("attachments", {}), exclude_anchor_links=True
    )
    return safe_html(MarkdownWithMath(renderer=renderer).render(source))


def safe_html(element: Any) -> str:
    """Return HTML without scripts, styles, forms, ids and addresses that load by themselves."""
    text = element.decode("utf-8", "replace") if isinstance(element, bytes) else str(element)
    return str(
        bleach.clean(
            _WITH_CONTENT.sub("", text),
            tags=_TAGS,
            attributes=_keep_attribute,
            protocols={"http", "https", "mailto", "data"},
            strip=True,
        )
    )


def _keep_attribute(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return all(_CLASS.fullmatch(token) for token in value.split())
    if name == "src":
        return tag == "img" and _IMAGE.match(value) is not None
    if name == "href":
        return tag == "a" and not value.strip().lower().startswith("data:")
    if name in ("colspan", "rowspan", "scope", "align"):
        return tag in ("td", "th", "col", "colgroup")
    return name in ("alt", "title", "lang") or (tag == "img" and name in ("width", "height"))


def _secrets(nb: NotebookNode, notebook: ReleasedNotebook) -> list[str]:
    """Return the lines of hidden tests, without spaces, that nobody else has written."""
    public = _squeezed(
        "\n".join(
            [cell.shown for cell in notebook.cells]
            + [cell.source for cell in nb.cells if not _is_locked(cell, notebook)]
        )
    )
    lines = {
        _squeezed(line)
        for cell in notebook.cells
        if cell.is_locked
        for line in cell.source.splitlines()
    }
    return [line for line in lines if len(line) >= _SECRET_CHARACTERS and line not in public]


def _is_locked(cell: NotebookNode, notebook: ReleasedNotebook) -> bool:
    known = notebook.by_name.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
    return known is not None and known.is_locked


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", strip_ansi(text))


def _verdict(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Return what a test cell says to the student: the author's message, or nothing."""
    for output in outputs:
        if output.output_type == "error":
            message = output.evalue.strip() or "A check in this cell failed."
            if output.ename != "AssertionError":
                message = f"{output.ename}: {message}"
            return [_message(message)]
        if output.output_type == "stream" and output.name == "stderr":
            return [
                _message(
                    "Running this check wrote to the error stream, for example a warning. "
                    "That counts as failed."
                )
            ]
    return []


def _message(text: str) -> NotebookNode:
    return new_output("stream", name="stdout", text=text[:_MESSAGE_CHARACTERS])


def _cleared(output: NotebookNode, secrets: list[str]) -> NotebookNode:
    """Return an output without types that run, or a notice if it copies a hidden test."""
    if "data" in output:
        output.data = {mime: data for mime, data in output.data.items() if mime in _SHOWN_TYPES}
        texts = [str(data) for mime, data in output.data.items() if mime.startswith("text/")]
        texts.append(str(output.data.get("image/svg+xml", "")))
        output.metadata = {}
    elif output.output_type == "error":
        texts = [output.ename, output.evalue, *output.traceback]
    else:
        texts = [output.get("text", "")]
    squeezed = _squeezed("".join(texts))
    if any(secret in squeezed for secret in secrets):
        return _message("This output is not shown: it held text of a test.")
    return output
