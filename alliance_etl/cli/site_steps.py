"""The steps of `site add`: read, propose, ask, write, check; what is shown of each."""

import shlex
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from alliance_etl.cli.check import print_report
from alliance_etl.cli.console import notes, print_document, print_table
from alliance_etl.cli.dialogue import ask, ask_site, ask_title, ask_what_next, is_interactive
from alliance_etl.cli.outcome import INTERRUPTED, MISUSED
from alliance_etl.cli.site_shown import choices_of, counted, doubt_as_document, proposal_as_document
from alliance_etl.errors import ConfigurationError
from alliance_etl.proposal.model import FLAGS, NONE, Answers, Choice, Doubt, Proposal

if TYPE_CHECKING:
    from alliance_etl.check import CheckReport
    from alliance_etl.instruments.registry import Registry
    from alliance_etl.proposal.fits import Fitting
    from alliance_etl.proposal.table import Table
    from alliance_etl.study.model import Study

_COLUMNS = ("participant", "session", "date", "therapist", "rater")
_CROSSED = "does not find its columns in this one: it would be told as lacking them; let `files` of the two differ"
_WHOLE = (*_COLUMNS, "date_format", "preset")


@dataclass
class SiteAdd:
    """One call of the verb."""

    file: Path
    path: Path
    site: str | None
    title: str | None
    answers: Answers
    today: date
    as_json: bool
    yes: bool
    dry_run: bool
    study: "Study | None" = None
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        return is_interactive() and not self.as_json

    def run(self) -> None:
        """Everything, in order. A person who stops it midway has written nothing."""
        try:
            self._run()
        except typer.Abort:
            notes().print("nothing is written")
            raise typer.Exit(INTERRUPTED) from None

    def _run(self) -> None:
        from alliance_etl.proposal.table import read_tables
        from alliance_etl.study.add import study_to_add_to
        from alliance_etl.study.source import study_file

        self.study = study_to_add_to(self.path)
        registry = self._registry(study_file(self.path).parent)
        given = self.answers
        tables = read_tables(
            self.file, delimiter=given.of("delimiter"), encoding=given.of("encoding"), sheet=given.of("sheet")
        )
        self.document = {"file": self.file.name, "site": self.site, "written": False, "exports": {}, "fits": []}
        fits = self._fits(tables, registry)
        if fits is None:
            return
        proposal = self._settled(tables, registry, fits)
        assert self.site is not None
        self.document |= {"site": self.site, "exports": {draft.name: draft.entry for draft in proposal.drafts}}
        self._write(proposal, registry)

    def _registry(self, folder: Path) -> "Registry":
        from alliance_etl.deployment import use_deployment
        from alliance_etl.instruments.registry import load_registry
        from alliance_etl.study.load import check_against

        use_deployment()
        registry = load_registry(folder / "instruments")
        if self.study is not None:
            check_against(self.study, registry)
        return registry

    # whether there is anything to do

    def _fits(self, tables: "list[Table]", registry: "Registry") -> "Fitting | None":
        """How the file stands to the site's exports; None where nothing is left to add, which has been told then."""
        from alliance_etl.proposal.fits import Fitting, fitting

        sites = self.study.sites if self.study else {}
        every = {name: fitting(known, tables, registry) for name, known in sites.items()}
        if self.site is None:
            reading = [name for name, fits in every.items() if fits.reading]
            if len(reading) == 1:
                self.site = reading[0]
            elif self.asks:
                from alliance_etl.proposal.naming import slug_of

                self.site = ask_site([name for name in sites if name != self._example()], slug_of(tables[0].stem))
                self.title = self.title or (None if self.site in sites else ask_title(self.site))
        found = every.get(self.site or "", Fitting())
        if found.by_columns and not self.answers.instruments and not self.answers.per_form:
            raise ConfigurationError(self._of_another_name(found))
        return found

    def _example(self) -> str | None:
        """The site of what `init` wrote."""
        from alliance_etl.study.template import example_of

        found = example_of(self.study.path.read_text(encoding="utf-8")) if self.study else None
        return found[0] if found else None

    def _of_another_name(self, found: "Fitting") -> str:
        assert self.study is not None
        name = found.by_columns[0]
        globs = ", ".join(self.study.sites[self.site or ""].exports[name].files)
        return (
            f"{self.file.name} has the columns of export {name} of site {self.site}, whose `files` ({globs}) is "
            f"another name: add this one to `files` there, or describe it anew with --export and --items; "
            "nothing is written"
        )

    def _settled(self, tables: "list[Table]", registry: "Registry", fits: "Fitting") -> Proposal:
        """The proposal when all its doubts are answered, or as far as it goes without anybody to ask."""
        while True:
            proposal = self._proposal(tables, registry, fits)
            if self._nothing_to_add(proposal, fits):
                self._tell_that_it_fits(fits)
            if not proposal.doubts:
                if not self.asks or self.yes or self.dry_run or not self._changes(proposal, tables):
                    break
            elif not self.asks:
                break
            else:
                for doubt in proposal.doubts[:1]:
                    self.answers.give(doubt, ask(doubt))
        if self.site is None or proposal.doubts:
            self._leave_open(proposal)
        return proposal

    def _proposal(self, tables: "list[Table]", registry: "Registry", fits: "Fitting") -> Proposal:
        from alliance_etl.proposal.propose import propose

        sites = self.study.sites if self.study else {}
        taken = sites[self.site].exports if self.site in sites else ()
        proposal = propose(tables, registry, self.answers, today=self.today, taken=taken, read_already=fits.items)
        crossed = (f"export {name} reads files of this name, too, and {_CROSSED}" for name in fits.strangers)
        return replace(proposal, remarks=(*proposal.remarks, *crossed))

    def _nothing_to_add(self, proposal: Proposal, fits: "Fitting") -> bool:
        return bool(fits.reading) and not proposal.drafts

    def _tell_that_it_fits(self, fits: "Fitting") -> None:
        self.document["fits"] = list(fits.reading)
        self.document["site"] = self.site
        assert self.study is not None
        report = self._check(self.study)
        if self.as_json:
            print_document({**self.document, "check": report.as_dict()})
        else:
            named = ", ".join(fits.reading)
            print(
                f"{self.file.name} fits export {named} of site {self.site}: nothing to add, study.yaml stays as it is."
            )
            self._print_check(report)
        raise typer.Exit

    # what is open

    def _changes(self, proposal: Proposal, tables: "list[Table]") -> bool:
        """Show the proposal and let a person change a key; False where it is right as it stands."""
        self._print(proposal)
        self._print_text(proposal)
        several = len(proposal.drafts) > 1
        keys = [
            key for key in FLAGS if key not in ("site", "sheet", "reversed") and not (several and key in _per_form())
        ]
        key = ask_what_next(keys)
        if key is None:
            return False
        choices = _columns(tables, proposal) if key in _COLUMNS else ()
        form = None if key in _WHOLE else 0
        doubt = Doubt(key, f"{key.replace('_', ' ')}:", choices, form)
        self.answers.give(doubt, ask(doubt))
        return True

    def _leave_open(self, proposal: Proposal) -> None:
        doubts = list(proposal.doubts)
        if self.site is None:
            names = tuple(Choice(name) for name in (self.study.sites if self.study else ()))
            doubts.insert(0, Doubt("site", "Which site is the file from? One of study.yaml, or a new name.", names))
        if self.as_json:
            print_document(
                {
                    **self.document,
                    **proposal_as_document(proposal),
                    "doubts": [doubt_as_document(each) for each in doubts],
                }
            )
        else:
            self._print(proposal)
        told = "\n".join(f"  {doubt.asks}{choices_of(doubt)}\n    answer with {doubt.shown}" for doubt in doubts)
        notes().print(
            f"Nothing is written: the file leaves {counted(doubts)} open.\n{told}", soft_wrap=True, markup=False
        )
        raise typer.Exit(MISUSED)

    # writing

    def _write(self, proposal: Proposal, registry: "Registry") -> None:
        from alliance_etl.study.add import make_drop_folder, text_with, write_text
        from alliance_etl.study.load import load_study
        from alliance_etl.study.template import example_of

        assert self.site is not None
        exports = {draft.name: dict(draft.entry) for draft in proposal.drafts}
        if len(exports) < len(proposal.drafts):
            raise ConfigurationError("two forms of the file have one name for their exports; give --export for each")
        text = text_with(self.path, self.site, self.title, exports, registry)
        if not self.as_json and (self.dry_run or self.yes or not self.asks):
            self._print(proposal)
            self._print_text(proposal)
        document = {**self.document, **proposal_as_document(proposal)}
        if self.dry_run:
            if self.as_json:
                print_document(document)
            else:
                print("Nothing is written: --dry-run.")
            return
        write_text(self.path, text)
        study = load_study(self.path)
        folder = make_drop_folder(study, self.site)
        report = self._check(study)
        if self.as_json:
            print_document({**document, "written": True, "drop": str(folder), "check": report.as_dict()})
            return
        place = f"; its files go into {folder}" if folder else ""
        print(f"Written to {study.path}, site {self.site}{place}.")
        self._print_check(report)
        if example := example_of(text):
            name, first, last = example
            print(f"\n{name} is the example that init wrote: delete it, lines {first} to {last} of {study.path.name}.")

    def _check(self, study: "Study") -> "CheckReport":
        from alliance_etl.check import check_file
        from alliance_etl.cli.study import promises_of_schemas

        assert self.site is not None
        return check_file(study, self._registry(study.folder), promises_of_schemas(), self.file, self.site)

    # what is shown

    def _print_check(self, report: "CheckReport") -> None:
        print(f"\nWhat check says of it now (alliance-etl check {shlex.quote(str(self.file))} --site {self.site}):")
        print_report(report.drop.as_dict(), report.findings)

    def _print(self, proposal: Proposal) -> None:
        for draft in proposal.drafts:
            rows = [[reason.key, reason.value, reason.why] for reason in draft.reasons]
            print(f"\n{self.file.name}: export {draft.name}")
            if rows:
                print_table(["key", "is", "because"], rows)
        for remark in (*proposal.remarks, *(remark for draft in proposal.drafts for remark in draft.remarks)):
            print(f"Mind: {remark}.")

    def _print_text(self, proposal: Proposal) -> None:
        from alliance_etl.study.insert import lines_of

        print("\nFor study.yaml:")
        exports = {draft.name: dict(draft.entry) for draft in proposal.drafts}
        print("\n".join(f"    {line}" for line in lines_of(exports)))


def _per_form() -> tuple[str, ...]:
    return tuple(key for key in FLAGS if key not in _WHOLE)


def _columns(tables: "list[Table]", proposal: Proposal) -> tuple[Choice, ...]:
    items = {name for draft in proposal.drafts for name in draft.columns}
    names = [column for table in tables for column in table.columns.values() if column.name not in items]
    told = (Choice(column.name, f"{len(column.counts):,} different values") for column in names)
    return (*told, Choice(NONE, "no column"))
