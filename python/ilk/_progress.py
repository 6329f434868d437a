"""How far long work is: bars by tqdm where it is installed, a callable of the user's, or nothing."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, Protocol

# progress(stage, done, total, unit): total is None where it is not known.
Callback = Callable[[str, int, "int | None", str], object]
Progress = bool | Callback | None


class Notice(UserWarning):
    """What a user should read: a transport that did not converge, a cache that was rebuilt."""


class Listener(Protocol):
    def update(self, stage: str, done: int, total: int | None, unit: str) -> None: ...
    def say(self, sentence: str) -> None: ...


class _Quiet:
    """Takes sentences alone. `mentions` are those that need no warning."""

    def __init__(self, warn: bool) -> None:
        self._warn = warn

    def update(self, stage: str, done: int, total: int | None, unit: str) -> None:
        pass

    def say(self, sentence: str) -> None:
        if self._warn:
            warnings.warn(sentence, Notice, stacklevel=4)

    def close(self) -> None:
        pass


class _Calls(_Quiet):
    def __init__(self, warn: bool, callback: Callback) -> None:
        super().__init__(warn)
        self._callback = callback

    def update(self, stage: str, done: int, total: int | None, unit: str) -> None:
        self._callback(stage, done, total, unit)


class _Bars(_Quiet):
    """A bar for each stage that takes more than a second."""

    def __init__(self, warn: bool, make: Any) -> None:
        super().__init__(warn)
        self._make = make
        self._stage = ""
        self._begin = 0.0
        self._bar: Any = None

    def update(self, stage: str, done: int, total: int | None, unit: str) -> None:
        if stage != self._stage:
            self.close()
            self._stage, self._begin = stage, time.monotonic()
        if self._bar is None and time.monotonic() - self._begin > 1:
            self._bar = self._make(total=total, desc=stage, unit=" " + unit, initial=done, leave=False)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None


class listening:
    """`with listening(progress) as listener:` what ilk._core tells how far it is; closes the bars at the end."""

    def __init__(self, progress: Progress, warn: bool = True) -> None:
        self._listener: _Quiet
        if callable(progress) and not isinstance(progress, bool):
            self._listener = _Calls(warn, progress)
        elif progress is False:
            self._listener = _Quiet(warn)
        else:
            try:
                from tqdm.auto import tqdm
            except ImportError:
                if progress is True:
                    raise ImportError("progress=True needs tqdm: pip install tqdm") from None
                self._listener = _Quiet(warn)
            else:
                self._listener = _Bars(warn, tqdm)

    def __enter__(self) -> Listener:
        return self._listener

    def __exit__(self, *_: object) -> None:
        self._listener.close()
