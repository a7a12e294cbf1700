"""nbgrader's exchange with receipts: hand in, list, collect.

The classes keep nbgrader's folders and names, so that submissions made with and without
them can live in the same exchange.  Whatever lies in the inbound folder was written by
students: names, times, files and receipts are read as claims.
"""

import os
import shutil
import stat
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange.default import ExchangeCollect, ExchangeList, ExchangeSubmit
from nbgrader.utils import check_mode, get_username, parse_utc
from traitlets import Any as AnyTrait
from traitlets import Bool, Unicode

from millwright_grader.errors import ReceiptError
from millwright_grader.flags import Flag, flag, one_line
from millwright_grader.intake import (
    MAX_DEPTH,
    Contents,
    admit,
    is_student_name,
    take,
    write_atomically,
)
from millwright_grader.receipts import FILE_NAME, differences, make_receipt, read_receipt

# How long a submission may be on its way: from its time stamp to its last file.
TRANSFER = timedelta(minutes=10)


class MillwrightSubmit(ExchangeSubmit):
    """Hand in: a frozen copy, and a receipt for the student."""

    receipts = Unicode(
        "receipts", help="Folder for receipts, beside the student's assignments."
    ).tag(config=True)

    def init_dest(self) -> None:
        """Find out who hands in: on JupyterHub the hub's user, whatever the account is called.

        nbgrader asks the operating system, whose answer is the same for all students where
        their servers share one account.
        """
        if self.coursedir.student_id == "*":
            self.coursedir.student_id = os.environ.get("JUPYTERHUB_USER") or get_username()
        super().init_dest()

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy what the door will let pass; name what stays behind."""
        self._contents = take(Path(src), self.coursedir, Path(dest))
        for path, reason in self._contents.refused:
            self.log.warning("Not handed in: %s (%s)", one_line(path), reason)
        if self.coursedir.groupshared:
            _share(Path(dest))

    def copy_files(self) -> None:
        """Hand in as nbgrader does, then write the receipt for what has arrived."""
        super().copy_files()
        inbound = Path(self.inbound_path) / self.assignment_filename
        arrived = take(inbound, self.coursedir)
        receipt = make_receipt(
            self.coursedir.course_id,
            self.coursedir.assignment_id,
            self.coursedir.student_id,
            datetime.now(UTC),
            Contents(arrived.handed_in, self._contents.refused),
        )
        name = self.assignment_filename
        cached = Path(self.cache_path) / (
            name.rsplit("+", 1)[0] if self.add_random_string else name
        )
        for folder in (inbound, cached):
            write_atomically(folder / FILE_NAME, receipt.to_json(), mode=0o444)
        for file in arrived.files:
            (inbound / file.path).chmod(0o444)

        shelf = Path(self.assignment_dir).absolute() / self.receipts
        when = receipt.time[:19].replace(":", "-")
        page = shelf / f"{receipt.assignment} {when} {receipt.code}.html"
        try:
            shelf.mkdir(parents=True, exist_ok=True)
            write_atomically(page, receipt.to_html())
        except OSError as error:
            # The submission has arrived; a full home folder must not look like a failure.
            self.log.warning("Receipt %s: its page cannot be written (%s)", receipt.code, error)
        else:
            self.log.info("Receipt %s: %s", receipt.code, page)


class MillwrightList(ExchangeList):
    """List; a student's own submissions show the code of their receipt."""

    def parse_assignments(self) -> list[dict[str, Any]]:
        """Add the receipt's code to the line that nbgrader and JupyterLab show."""
        assignments = super().parse_assignments()
        if self.cached and not self.remove:
            for assignment in assignments:
                for submission in assignment["submissions"]:
                    try:
                        receipt = read_receipt(Path(submission["path"]) / FILE_NAME)
                    except (FileNotFoundError, ReceiptError):
                        continue
                    # The page shows this text; everything that it is a key for is done.
                    submission["timestamp"] += f" \N{MIDDLE DOT} receipt {receipt.code}"
        return list(assignments)


@dataclass(frozen=True)
class Inbound:
    """A folder in the exchange: who handed in when, as its name and the clock say."""

    path: Path
    student: str
    claimed: datetime
    arrived: datetime
    server_clock: bool

    @property
    def misdated(self) -> bool:
        """Whether what it says is so far from when it arrived that the clock decides."""
        return self.server_clock and abs(self.arrived - self.claimed) > TRANSFER

    @property
    def time(self) -> datetime:
        """The time that counts, UTC without time zone as nbgrader keeps it."""
        return self.arrived if self.misdated else self.claimed


class MillwrightCollect(ExchangeCollect):
    """Collect: every submission on its own, checked against receipt, owner and clock."""

    owners = AnyTrait(
        None,
        allow_none=True,
        help="Who may hand in for whom; see millwright_grader.configure.",
    ).tag(config=True)

    server_clock = Bool(
        True,
        help="Whether a submission that did not arrive when its folder's name says counts as "
        "handed in when it arrived. Switch off if the exchange was moved or restored.",
    ).tag(config=True)

    def init_src(self) -> None:
        """Choose one folder per student, as nbgrader does, and pass over what is none."""
        if self.coursedir.course_id == "":
            self.fail("No course id specified. Re-run with --course flag.")
        self.inbound_path = f"{self.root}/{self.coursedir.course_id}/inbound"
        if not Path(self.inbound_path).is_dir():
            self.fail(f"Course not found: {self.inbound_path}")
        if not check_mode(self.inbound_path, read=True, execute=True):
            self.fail(f"You don't have read permissions for the directory: {self.inbound_path}")
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                row = gradebook.find_assignment(self.coursedir.assignment_id)
            except MissingEntry:
                duedate, self._notebooks = None, []
            else:
                duedate = row.duedate
                self._notebooks = [notebook.name for notebook in row.notebooks]

        by_student: dict[str, list[Inbound]] = defaultdict(list)
        for path in sorted(Path(self.inbound_path).iterdir()):
            found = self._read(path)
            if found is None:
                continue
            # Before choosing: nobody's folder may stand in front of the student's own.
            refusal = self._owner_refusal(found)
            if refusal:
                self.log.error("Not collected: %s (%s)", refusal.message, found.path.name)
            else:
                by_student[found.student].append(found)
        self._chosen = []
        for candidates in by_student.values():
            candidates.sort(key=lambda found: found.time)
            in_time = [found for found in candidates if duedate and found.time <= duedate]
            pick = in_time if self.before_duedate and in_time else candidates
            self._chosen.append(pick[-1])

    def copy_files(self) -> None:
        """Collect the chosen folders; what is wrong with one stays with that one."""
        assignment = self.coursedir.assignment_id
        self.log.info("Processing %d submissions of '%s'", len(self._chosen), assignment)
        for found in self._chosen:
            if not self._wanted(found):
                continue
            try:
                self._collect(found)
            except (OSError, ValueError) as error:
                self.log.error(
                    "Not collected: %s of %s (%s). The folder is %s",
                    assignment,
                    found.student,
                    error,
                    found.path,
                )

    def _read(self, path: Path) -> Inbound | None:
        """Read a folder's name, which its owner chose; None if it is not for us."""
        # nbgrader: <student>+<assignment>+<time>[+<random>], a student's name may hold a +.
        parts = path.name.rsplit("+", 3)
        if len(parts) == 3:
            student, assignment, stamp = parts
        elif len(parts) == 4 and parts[1] == self.coursedir.assignment_id:
            student, assignment, stamp, _ = parts
        elif len(parts) == 4:
            student, assignment, stamp = f"{parts[0]}+{parts[1]}", parts[2], parts[3]
        else:
            return None
        if assignment != self.coursedir.assignment_id:
            return None
        if not fnmatchcase(student, self.coursedir.student_id or "*"):
            return None
        try:
            if not is_student_name(student):
                raise ValueError("no name for a student")
            if not stat.S_ISDIR(path.lstat().st_mode):
                raise ValueError("not a folder")
            claimed = parse_utc(stamp)
            newest = _last_change(path)
        except (ValueError, OverflowError, OSError) as error:
            self.log.error("Passed over: %s (%s)", one_line(path.name), one_line(error))
            return None
        return Inbound(path, student, claimed, newest, self.server_clock)

    def _owner_refusal(self, found: Inbound) -> Flag | None:
        """Return the flag for a folder that belongs to somebody else."""
        if self.owners is None:
            return None
        uid = os.lstat(found.path).st_uid
        if self.owners == "accounts":
            expected = _account(found.student)
        elif callable(self.owners):
            expected = self.owners(found.student)
        else:
            expected = self.owners.get(found.student)
        if uid == expected:
            return None
        return flag("owner", owner=uid, student=found.student)

    def _wanted(self, found: Inbound) -> bool:
        """Return whether to collect, by nbgrader's rules for --update and --before-duedate."""
        name = f"{found.student} {self.coursedir.assignment_id}"
        folder = self._submitted(found.student)
        if not folder.exists():
            self.log.info("Collecting submission: %s", name)
            return True
        existing = self.coursedir.get_existing_timestamp(str(folder))
        newer = existing is None or found.time > existing
        if (self.update and newer) or (self.before_duedate and existing != found.time):
            self.log.info("Updating submission: %s", name)
            return True
        if self.update:
            self.log.info("No newer submission to collect: %s", name)
        else:
            self.log.info("Submission already exists, use --update to update: %s", name)
        return False

    def _collect(self, found: Inbound) -> None:
        """Put a checked copy in the place of what was collected before."""
        folder = self._submitted(found.student)
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".collect-", dir=folder.parent))
        try:
            copy = draft / "files"
            contents = take(found.path, self.coursedir, copy)
            flags = [*self._clock_flags(found), *self._receipt_flags(found, copy, contents)]
            if contents.refused:
                names = [f"{path} ({reason})" for path, reason in contents.refused[:5]]
                flags.append(flag("refused", names=names, kept=found.path))
            stamp = copy / "timestamp.txt"
            stamp.unlink(missing_ok=True)
            stamp.write_text(found.time.strftime("%Y-%m-%d %H:%M:%S.%f UTC"))
            if folder.exists():
                self._admit(found)  # so that what is replaced is kept
                folder.rename(draft / "before")
            copy.rename(folder)
        finally:
            shutil.rmtree(draft)
        if self.coursedir.groupshared:
            _share(folder)
        self._admit(found, flags)
        for item in flags:
            if item.attention:
                self.log.warning("%s: %s", found.student, item.message)

    def _admit(self, found: Inbound, flags: list[Flag] | None = None) -> None:
        assignment = self.coursedir.assignment_id
        admit(self.coursedir, found.student, assignment, self._notebooks, flags)

    def _clock_flags(self, found: Inbound) -> list[Flag]:
        if not found.misdated:
            return []
        claimed, arrived = (
            time.strftime("%Y-%m-%d %H:%M:%S") for time in (found.claimed, found.arrived)
        )
        return [flag("clock", claimed=claimed, arrived=arrived)]

    def _receipt_flags(self, found: Inbound, copy: Path, contents: Contents) -> list[Flag]:
        try:
            receipt = read_receipt(copy / FILE_NAME)
        except FileNotFoundError:
            return [flag("no-receipt")]
        except ReceiptError as error:
            return [flag("bad-receipt", reason=error.reason)]
        owner = (self.coursedir.course_id, self.coursedir.assignment_id, found.student)
        if (receipt.course, receipt.assignment, receipt.student) != owner:
            made_out = f"{receipt.student} for {receipt.assignment} in {receipt.course}"
            return [flag("bad-receipt", reason=f"it is made out to {made_out}")]
        changes = differences(receipt, contents)
        if not changes:
            return []
        return [flag("changed-after-submission", code=receipt.code, changes=changes)]

    def _submitted(self, student: str) -> Path:
        return Path(
            self.coursedir.format_path(
                self.coursedir.submitted_directory, student, self.coursedir.assignment_id
            )
        )


def _last_change(folder: Path) -> datetime:
    """Return when anything in a folder was last written, by the clock of its file system.

    The time of a file's last status change cannot be set by its owner, unlike the time of
    its last modification.
    """
    newest = folder.lstat().st_ctime
    for top, folders, names in os.walk(folder):
        here = Path(top)
        for name in (*folders, *names):
            newest = max(newest, (here / name).lstat().st_ctime)
        if len(here.relative_to(folder).parts) >= MAX_DEPTH:
            folders.clear()
    return datetime.fromtimestamp(newest, UTC).replace(tzinfo=None)


def _account(student: str) -> int | None:
    import pwd

    try:
        return pwd.getpwnam(student).pw_uid
    except KeyError:
        return None


def _share(folder: Path) -> None:
    """Let the other instructors of a group-shared course in, as nbgrader does."""
    for top, _, names in os.walk(folder):
        os.chmod(top, os.lstat(top).st_mode & 0o777 | 0o2770)  # noqa: PTH101
        for name in names:
            path = Path(top, name)
            path.chmod(path.stat().st_mode & 0o777 | 0o660)
