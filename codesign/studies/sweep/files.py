"""What a sweep leaves in its folder."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

from codesign.studies.sweep.configuration import SweepConfiguration, sweep_configuration_to_toml
from codesign.studies.sweep.results import SweepResults, study_to_json, study_to_rows
from codesign.terminal.console import plain
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import SWEEP_OUTCOME

RECORD_FILE = "points.jsonl"
TABLE_FILE = "sweep.csv"
JSON_FILE = "sweep.json"
FIGURE_FILE = "sweep.png"
CONFIGURATION_FILE = "config.toml"
SAMPLES_FOLDER = "samples"
"""Beside the record: the samples of each point that ngspice simulates."""


def write_sweep(folder: Path, configuration: SweepConfiguration, study: SweepResults) -> None:
    """Write configuration, table, JSON document and picture into ``folder``.

    Raises:
        InputError: one cannot be written.
    """
    # matplotlib takes as long to import as several points: not before they are done
    from codesign.pictures.plots import save_figure
    from codesign.studies.sweep.picture import sweep_figure

    write_atomically(folder / CONFIGURATION_FILE, sweep_configuration_to_toml(configuration))
    write_atomically(folder / TABLE_FILE, csv_text(study))
    document = SWEEP_OUTCOME.json_text(plain(study_to_json(study)))
    write_atomically(folder / JSON_FILE, document)
    save_figure(sweep_figure(study), folder / FIGURE_FILE)


def csv_text(study: SweepResults) -> str:
    """The rows of :func:`study_to_rows` as CSV; empty where there is no number, true and false as
    JSON has them."""
    columns, rows = study_to_rows(study)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([str(v).lower() if isinstance(v, bool) else v for v in row])
    return buffer.getvalue()


def forget(folder: Path) -> None:
    """Remove the record of ``folder``, and the samples that go with it.

    Raises:
        InputError: it cannot be removed.
    """
    try:
        (folder / RECORD_FILE).unlink(missing_ok=True)
        if (folder / SAMPLES_FOLDER).is_dir():
            shutil.rmtree(folder / SAMPLES_FOLDER)
    except OSError as error:
        raise InputError(f"{folder}: cannot be emptied ({error.strerror or error}).") from error
