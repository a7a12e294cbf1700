"""What an author is told while an assignment is generated.

`NameUnsuitableTests` is one of nbgrader's steps (``c.GenerateAssignment.preprocessors``). It
changes nothing and stops nothing: its warnings stand in the log, which formgrader's button shows.
"""

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_locked, is_solution

from millwright_grader.split.canaries import TAG
from millwright_grader.split.suitability import Page, collisions, reasons


class NameUnsuitableTests(NbGraderPreprocessor):
    """Warn of test cells that cannot run apart from the student's code."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Look at every test cell, as long as hidden tests and solutions are in the notebook."""
        notebook = (resources.get("nbgrader") or {}).get("notebook", "notebook")
        try:
            self._look_at(nb, notebook)
        except (ValueError, RuntimeError, MemoryError) as error:
            # What Python's own parser cannot bear is no reason to keep an assignment back.
            self.log.debug("%s was not looked at: %s", notebook, error)
        return nb, resources

    def _look_at(self, nb: NotebookNode, notebook: str) -> None:
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        page = Page.of(
            [cell.source for cell in code if is_solution(cell)],
            [cell.source for cell in code if is_locked(cell) and not is_grade(cell)],
        )
        for cell in code:
            if not is_grade(cell) or is_solution(cell) or TAG in cell.metadata.get("tags", []):
                continue
            name = cell.metadata.nbgrader.get("grade_id", "without a name")
            if found := reasons(cell.source, page):
                self.log.warning(
                    "%s: cell %s cannot be checked apart from the student's code: %s. "
                    "Rewrite it, or give it the tag `%s` (lower trust).",
                    notebook,
                    name,
                    "; ".join(found),
                    TAG,
                )
            if unclear := collisions(cell.source, page):
                self.log.warning(
                    "%s: cell %s uses what both a locked cell and the solution bind: %s. "
                    "The tests see the student's; give yours another name.",
                    notebook,
                    name,
                    ", ".join(unclear),
                )
