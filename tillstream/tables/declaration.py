"""How a table is declared: columns, their types, and the statements that are rendered from them."""

from dataclasses import dataclass, field

from tillstream.money import DIGITS, PLACES

ID = "VARCHAR(64)"
EVENT_ID = "VARCHAR(160)"
NAME = "VARCHAR(200)"
MONEY = f"DECIMAL({DIGITS},{PLACES})"
COUNT = "BIGINT"
NUMBER = "INT"
CURRENCY = "CHAR(3)"
DAY = "DATE"
HOUR = "DATETIME"
INSTANT = "DATETIME(3)"
MONTH = "CHAR(7)"
TOPIC = "VARCHAR(100)"
REASON = "VARCHAR(40)"
FLAG = "TINYINT"
TEXT = "VARCHAR(1000)"
RUN = "VARCHAR(250)"
WORD = "VARCHAR(20)"
PIECES = "DECIMAL(20,3)"  # of a forecast: what is expected need not be whole
SHARE = "DECIMAL(9,6)"
DOCUMENT = "MEDIUMTEXT"

# Begins a SELECT that groups very many rows: the server sorts them then. Left to itself it looks each one up by its
# long key in a temporary table on the disk, which takes twice as long.
GROUPING = "SELECT SQL_BIG_RESULT"


@dataclass(frozen=True)
class Column:
    """One column: its SQL type, what it means, and whether it may be NULL or has a default."""

    name: str
    type: str
    meaning: str
    nullable: bool = False
    default: str | None = None

    @property
    def ddl(self) -> str:
        default = f" DEFAULT {self.default}" if self.default is not None else ""
        return f"`{self.name}` {self.type}{'' if self.nullable else ' NOT NULL'}{default}"


@dataclass(frozen=True)
class Table:
    """One table. Every key column is compared byte by byte, without padding."""

    name: str
    meaning: str
    key: tuple[Column, ...]
    values: tuple[Column, ...]
    indexes: tuple[tuple[str, ...], ...] = field(default=())
    unique: tuple[str, ...] = ()  # columns that no two rows have alike, besides the key

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.key + self.values

    @property
    def key_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.key)

    @property
    def value_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.values)

    def ddl(self, collation: str) -> str:
        """CREATE TABLE for MySQL 8.4, 9 and MariaDB; the binary NO PAD collation has another name on each."""
        lines = [column.ddl for column in self.columns]
        lines.append(f"PRIMARY KEY ({_names(self.key_names)})")
        lines += [f"UNIQUE KEY `{name}` (`{name}`)" for name in self.unique]
        lines += [f"KEY `{'_'.join(index)}` ({_names(index)})" for index in self.indexes]
        body = ",\n  ".join(lines)
        options = f"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation}"
        return f"CREATE TABLE IF NOT EXISTS `{self.name}` (\n  {body}\n) {options}"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def adding_upsert(table: Table) -> str:
    """INSERT that adds the values onto an existing row."""
    return f"{_insert(table)} {adding_tail(table)}"


def adding_tail(table: Table) -> str:
    """The end of an INSERT that adds its values onto an existing row; `VALUES()` because MariaDB has no row alias."""
    updates = ", ".join(f"`{name}` = `{name}` + VALUES(`{name}`)" for name in table.value_names)
    return f"ON DUPLICATE KEY UPDATE {updates}"


def replacing_upsert(table: Table) -> str:
    """INSERT that puts the values in the place of an existing row's."""
    return f"{_insert(table)} {replacing_tail(table)}"


def replacing_tail(table: Table) -> str:
    """The end of an INSERT that puts its values in the place of an existing row's."""
    updates = ", ".join(f"`{name}` = VALUES(`{name}`)" for name in table.value_names)
    return f"ON DUPLICATE KEY UPDATE {updates}"


def insert_head(table: Table) -> str:
    """The begin of an INSERT of all columns, up to the values."""
    return f"INSERT INTO `{table.name}` ({_names(tuple(column.name for column in table.columns))}) VALUES"


def _insert(table: Table) -> str:
    return f"{insert_head(table)} ({', '.join(['%s'] * len(table.columns))})"
