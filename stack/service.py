"""What the embedded stack knows about a service: everything else treats all of them alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tillstream.settings import Settings


@dataclass(frozen=True)
class Launch:
    """How a service's process begins. No secret belongs into command or environment, which others can read."""

    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)  # configuration, by name in the directory; private
    niceness: int = 0  # above 0 it stands back for the others while the processors are busy


def nothing(_settings: Settings) -> None:
    """The step of a service that has nothing to do there."""


@dataclass(frozen=True)
class Service:
    """One service of the stack.

    `prepare` makes what the process needs on disk, before it starts; `initialise` makes what it needs inside, as soon
    as it `answers`, and again whenever the text given by `initialised_by` changes. Both may be cut off at any point and
    are then run again. One that runs elsewhere is initialised by `tillstream servers prepare`. A service starts when
    those that it comes `after` are healthy, and stops before them.
    """

    name: str
    launch: Callable[[Settings], Launch]
    is_healthy: Callable[[Settings], bool]
    answers: Callable[[Settings], bool]
    external: Callable[[Settings], str] = lambda _settings: ""  # the address, if it runs elsewhere
    ports: Callable[[Settings], Mapping[int, str]] = lambda _settings: {}  # port: the setting that moves it
    secrets: tuple[str, ...] = ()  # names of password files, made before the first start
    administrator: str = ""  # the one of them that the data cannot do without
    external_secrets: tuple[str, ...] = ()  # those that `initialise` wants of one that runs elsewhere
    prepare: Callable[[Settings], None] = nothing
    initialise: Callable[[Settings], None] = nothing
    initialised_by: Callable[[Settings], str] = lambda _settings: ""
    after: tuple[str, ...] = ()
    part_of: str = ""  # the service whose name stands for this one too
    start_seconds: int = 60
    stop_seconds: int = 30
    stop_signal: str = "TERM"
    final_exits: tuple[int, ...] = ()  # exit codes after which another start would be in vain
