"""Results on disk: shards of finished points, and a manifest that says what they mean.

    DIR/manifest.json           schema, the sweeps that ran here, what each setting depends on
    DIR/shards/HASH.parquet     finished points; HASH is that of the file's content
    DIR/lock                    held while somebody writes

A shard is written once and never changed, so a killed process loses what it was computing and nothing else. A row belongs to the
results while what it depended on (`depends`) is what its setting depends on now.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.sweep.columns import DEPENDS, KEY, SETTING
from narrowgauge.experiments.sweep.durable import sweep_up, write_bytes

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA = 2  # 2: a column for the unit in each slot
MANIFEST, SHARDS, SUFFIX, DAMAGED = "manifest.json", "shards", ".parquet", ".damaged"
_META = b"narrowgauge.sweep.schema"
_HASH_DIGITS = 32


@dataclass
class Scan:
    """What a folder's shards hold: tables of the columns asked for, and what is wrong with the others."""

    tables: list[pa.Table] = field(default_factory=list)
    damaged: dict[Path, str] = field(default_factory=dict)
    foreign: dict[Path, str] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """One line for each shard that was not read."""
        found = [f"{path.name}: {what}; its points are computed again by the next run" for path, what in self.damaged.items()]
        return found + [f"{path.name}: {what}; left as it is and not read" for path, what in self.foreign.items()]


@dataclass(frozen=True)
class Store:
    """A folder of results."""

    folder: Path

    @property
    def shards(self) -> Path:
        """Folder of the shards."""
        return self.folder / SHARDS

    def prepare(self) -> None:
        """Make it ready for writing; the caller holds its lock."""
        try:
            self.shards.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError([Problem(str(self.shards), f"cannot be made: {error.strerror}")]) from None
        sweep_up(self.folder)
        sweep_up(self.shards)

    def add(self, rows: pd.DataFrame) -> Path:
        """Write finished points as a shard; raises InputError if the disk refuses."""
        import pyarrow as pa
        from pyarrow import parquet

        table = pa.Table.from_pandas(rows, preserve_index=False)
        table = table.replace_schema_metadata({_META: str(SCHEMA).encode()})
        buffer = io.BytesIO()
        parquet.write_table(table, buffer, compression="zstd")
        data = buffer.getvalue()
        path = self.shards / f"{hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]}{SUFFIX}"
        write_bytes(data, path)
        return path

    def scan(self, columns: list[str] | None = None) -> Scan:
        """Read all shards, or some of their columns. A shard whose content is not what its name says is damaged, one of another
        schema version foreign."""
        found = Scan()
        for path in sorted(self.shards.glob(f"*{SUFFIX}")):
            self._read(path, columns, found)
        return found

    def _read(self, path: Path, columns: list[str] | None, found: Scan) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            data = path.read_bytes()
        except OSError as error:
            found.damaged[path] = f"cannot be read: {error.strerror}"
            return
        if hashlib.sha256(data).hexdigest()[:_HASH_DIGITS] != path.stem:
            found.damaged[path] = "is truncated or changed"
            return
        try:
            file = parquet.ParquetFile(pa.BufferReader(data))
            version = (file.schema_arrow.metadata or {}).get(_META, b"none").decode()
            if version != str(SCHEMA):
                found.foreign[path] = f"has schema {version}, this version reads {SCHEMA}"
                return
            present = [name for name in columns if name in file.schema_arrow.names] if columns else None
            found.tables.append(file.read(columns=present))
        except (pa.ArrowException, OSError, ValueError) as error:
            found.damaged[path] = f"is no Parquet file: {str(error).splitlines()[0] if str(error) else type(error).__name__}"

    def set_aside(self, scan: Scan) -> None:
        """Rename damaged shards, so that they are not read again and can be looked at."""
        for path in scan.damaged:
            try:
                path.rename(path.with_name(path.name + DAMAGED))
            except OSError as error:
                raise InputError([Problem(str(path), f"is damaged and cannot be set aside: {error.strerror}")]) from None

    def finished(self, scan: Scan) -> set[bytes]:
        """Keys of the points that the scan holds."""
        return {key for table in scan.tables for key in table.column(KEY).to_pylist()}

    def frame(self, scan: Scan, depends: Mapping[str, str]) -> pd.DataFrame:
        """The rows of a scan whose setting still depends on the same, each point once."""
        import pandas as pd
        import pyarrow as pa

        if not scan.tables:
            return pd.DataFrame()
        table = pa.concat_tables(_plain(scan.tables), promote_options="default")
        frame = table.to_pandas(strings_to_categorical=True)
        current = frame[SETTING].astype(object).map(depends) == frame[DEPENDS].astype(object)
        kept: pd.DataFrame = frame[current].drop_duplicates(KEY).reset_index(drop=True)
        return kept

    def read_manifest(self) -> dict[str, Any]:
        """The manifest, an empty one in a new folder; raises InputError for one that cannot be used."""
        path = self.folder / MANIFEST
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {"schema": SCHEMA, "settings": {}, "runs": []}
        except (OSError, UnicodeDecodeError) as error:
            raise InputError([Problem(str(path), f"cannot be read: {error}")]) from None
        try:
            data = json.loads(text)
            if data["schema"] != SCHEMA:
                what = f"has schema {data['schema']}, this version reads {SCHEMA}; choose another folder"
                raise InputError([Problem(str(path), what)])
            _ = data["settings"].items(), data["runs"][-1:]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError([Problem(str(path), f"is no manifest of a sweep: {error}; move it away, shards are kept")]) from None
        return dict(data)

    def write_manifest(self, data: Mapping[str, Any]) -> None:
        """Replace the manifest; raises InputError if the disk refuses."""
        write_bytes(json.dumps(data, indent=1, ensure_ascii=False).encode(), self.folder / MANIFEST)


def _plain(tables: list[pa.Table]) -> Iterator[pa.Table]:
    """Texts as plain columns: shards list their categories in different orders."""
    import pyarrow as pa

    for table in tables:
        fields = [
            pa.field(each.name, each.type.value_type if pa.types.is_dictionary(each.type) else each.type) for each in table.schema
        ]
        yield table.cast(pa.schema(fields))
