"""The database of a package: in its canonical form, and with rows of an earlier one.

The canonical form is written row by row, in order, into a fresh database without indexes: what
SQLite leaves in free pages, in its header and in index pages differs between versions and would
make the file irreproducible and larger.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from builder.archive import DAMAGES, member

#: The name of the database in a package.
NAME = "collection.anki2"
#: What may be raised for a file that is no package of ours.
NOT_OURS = (*DAMAGES, KeyError, sqlite3.Error)

#: Table -> its rows, in order of their ids: of `notes` and `cards`.
Rows: TypeAlias = Mapping[str, Iterable[tuple[Any, ...]]]


def joined(
    connection: sqlite3.Connection, earlier: bytes, kept: Mapping[int, int], rows: Rows
) -> str:
    """Put rows beside those of an earlier package.

    Args:
        connection: Any database; the earlier one is attached to it.
        earlier: The earlier package.
        kept: Ids of the notes whose rows are to come from there -> how many cards they have.
        rows: Those of all other notes.

    Returns:
        Where all rows now are, for `written`.

    Raises:
        ValueError: It lacks some of the notes or cards.
        Exception: One of `NOT_OURS`: it is no package of ours.
    """
    connection.commit()
    connection.execute("attach ':memory:' as earlier")
    connection.deserialize(member(earlier, NAME), name="earlier")
    had = {id_ for (id_,) in connection.execute("select id from earlier.notes")}
    connection.executescript("pragma temp_store=memory; create temp table gone (id integer);")
    connection.executemany(
        "insert into temp.gone values (?)", ((id_,) for id_ in had - kept.keys())
    )
    connection.executescript(
        "delete from earlier.notes where id in (select id from temp.gone);"
        "delete from earlier.cards where nid in (select id from temp.gone);"
    )
    for table, wanted in (("notes", len(kept)), ("cards", sum(kept.values()))):
        (found,) = connection.execute(f"select count(*) from earlier.{table}").fetchone()  # noqa: S608 - our own tables
        if found != wanted:
            raise ValueError(f"the earlier package lacks {table}")
        _insert(connection, f"earlier.{table}", rows[table])
    return "earlier"


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    (columns,) = connection.execute(
        "select count(*) from pragma_table_info(?, ?)", table.split(".")[::-1]
    ).fetchone()
    connection.executemany(f"insert into {table} values ({','.join('?' * columns)})", rows)  # noqa: S608 - only `?`


#: Bytes of a database page.
_PAGE = 4096


def written(connection: sqlite3.Connection, rows: Rows | str) -> bytes:
    """A fresh database with these rows; its gaps may hold anything: see `cleared`.

    Args:
        connection: The database that genanki wrote: all else.
        rows: What `notes` and `cards` hold, or where those are, as `joined` says.
    """
    connection.commit()
    # Without secure_delete, free space keeps old bytes, which differ between SQLite versions. What
    # is attached later takes the setting of the main database: `clean`, and vacuum's own.
    connection.executescript(
        f"pragma main.secure_delete=on; attach ':memory:' as clean;pragma clean.page_size={_PAGE};"
    )
    tables = connection.execute(
        "select name, sql from main.sqlite_master where type = 'table' order by rowid"
    ).fetchall()
    # The SQL is built of genanki's table names alone: no text of the deck gets into it.
    for name, sql in tables:
        connection.execute(sql.replace("CREATE TABLE ", "CREATE TABLE clean.", 1))
        if name in ("notes", "cards"):
            if isinstance(rows, str):
                connection.execute(
                    f"insert into clean.{name} select * from {rows}.{name} order by rowid"  # noqa: S608 - see above
                )
            else:
                _insert(connection, f"clean.{name}", rows[name])
        elif name == "col":
            row = list(connection.execute("select * from main.col").fetchone())
            columns = [column[1] for column in connection.execute("pragma main.table_info(col)")]
            for column in ("conf", "models", "decks", "dconf"):
                at = columns.index(column)
                row[at] = json.dumps(
                    json.loads(row[at]), ensure_ascii=False, sort_keys=True, separators=(",", ":")
                )
            connection.execute(f"insert into clean.col values ({','.join('?' * len(row))})", row)  # noqa: S608 - only `?`
    connection.commit()
    if isinstance(rows, str):
        connection.execute(f"detach {rows}")  # it is as large as what follows
    return connection.serialize(name="clean")


def cleared(copy: bytes) -> bytearray:
    """Make what SQLite reads past the same everywhere (fileformat2.html, 1.3 and 1.6).

    The file change counter, the version it was valid for, the version of the library; and what
    stands between a page's list of cells and its cells, where some versions leave entries that a
    page lost when it was split.
    """
    data = bytearray(copy)
    data[24:28] = data[92:96] = (1).to_bytes(4, "big")
    data[96:100] = (3_040_000).to_bytes(4, "big")
    for page in range(0, len(data), _PAGE):
        header = page + 100 if page == 0 else page
        size = {5: 12, 13: 8}.get(data[header])
        if size is not None:  # a page of a table, not one of a long row's continuation
            cells = int.from_bytes(data[header + 3 : header + 5], "big")
            start = header + size + 2 * cells
            end = page + int.from_bytes(data[header + 5 : header + 7], "big")
            data[start:end] = bytes(end - start)
    return data
