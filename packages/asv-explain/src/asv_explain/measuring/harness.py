"""Measures one benchmark in one process: `python harness.py REQUEST`, the request a JSON object.

The file stands alone: it runs inside a benchmark's environment, which has the standard library
and asv_runner and nothing else. What the benchmark prints does no harm, as the answer is one JSON
object written to the file that the request names. The request's keys:

- mode: "inspect" (limits, setup_cache, kind and unit), "cache" (run setup_cache), "time",
  "sample" (call the benchmark for so long, while another process reads this one's stacks), "value"
  (what a mem_, peakmem_ or track_ benchmark gives), "profile", "trace" (memory by line), or
  "result" (a digest of what the benchmark returns, or the check_ function of its name beside it);
- benchmark_dir, benchmark, param_index (or null), output (the file for the answer), cpu (or null);
- number (calls in one sample, 0: as asv chooses), samples and seconds (at most so many, so long);
  in mode "sample" seconds alone says when to stop;
- sampler (or left out): of mode "sample", two descriptors, to write this process's number to when
  all is set up, and to read from when the sampler is there;
- raw_sampler (or left out): of mode "sample" and a timeraw benchmark, the words that start a
  sampler, to be followed by "--output FILE --" and the program that it is to read;
- imported (or left out): whether to list which modules were imported from where;
- batches: how many samples' worth of calls the profile covers;
- turns (or left out): two descriptors, of the pipe at which to wait before each sample and of the
  pipe to write to after it, so that two processes take their samples in turns;
- frames (or left out): of a profile, a file with the [name, file, line] of each sampled frame, of
  which the profile is to tell the function: "frames" in it has the same with an index of functions;
- frames, peak, lines, late, loaded: of a trace, how many frames of each traceback to keep, near
  how many bytes to look for the peak (0: only learn it), whether to look at each line, and whether
  to begin when the benchmarks are imported, which take so many bytes ("loaded");
- stand_in (or left out): a file that names modules and the sources to run in place of their files'
  own: {"strict": ..., "modules": [{"path", "text", "digest"}, ...]}, the first of which has to be
  imported. The digest is that of the text which the file has to hold. No file is changed.

A round tells, besides what was measured per call, the setup's wall seconds per sample ("setup"),
the seconds per call in which other processes had the processor ("delayed"), how many samples went
before those that it lists, to warm up ("warmed"), and the most bytes that the process held
("memory", null where the system doesn't tell). In mode "sample" it tells for how many seconds the
process could be sampled ("looped"), in others whether other threads are alive ("threaded").
setup_cache leaves its pickle in the current folder, where later processes look for it, as in asv.

What a trace covers is what the value covers. A peak is that of the whole process, imports and setup
included; tracebacks within imports are dear, so what imports take can stand in one row. A mem_
benchmark's value is what a shallow copy of the object doesn't share with it; the trace holds the
blocks that are freed when the object goes while its copy stays, with the lines that allocated them.
"""

# ruff: noqa: E402, PTH100, PTH112, PTH113, PTH118, PTH119, PTH120, PTH123
# The imports follow the path's repair; the paths of code are texts, as the interpreter gives them.
from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
# The neighbours of this file bear names of the standard library's (profile, select).
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]

import builtins
import copy
import cProfile
import dis
import gc
import hashlib
import importlib
import itertools
import json
import math
import opcode
import pickle
import platform
import re
import statistics
import struct
import subprocess
import sysconfig
import tempfile
import textwrap
import threading
import time
import tokenize
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any

__all__ = [
    "SAMPLING",
    "TIMED_CALLS",
    "Homes",
    "builtin_name",
    "describe",
    "fingerprint",
    "main",
    "raw_child",
    "run",
]

SCHEMA = 1
CACHE_FILE = "cache.pickle"
TEXT_LIMIT = 500

TIMED_CALLS = "_timed_calls"
"""The function of this file below which sampled stacks are those of the benchmark."""

WARM_UP_SECONDS = 0.1
"""As long as asv calls a benchmark on CPython before it takes its first sample."""

SETTLING_SECONDS = 20e-6
"""As long as a process may go on before it stops for a sampler: some 10 µs on a virtual machine."""

SAMPLING = "Sampling process"
"""What py-spy says when it reads stacks."""

MOST_READINGS = 10_000
"""Of more samples than these, every second one is dropped."""

# Taken before any benchmark is imported, which may put others in their place.
_wall_clock, _cpu_clock = time.perf_counter, time.process_time
_collects, _collect, _do_not_collect = gc.isenabled, gc.enable, gc.disable
_dump, _replace, _end = json.dump, os.replace, os._exit
_read, _write = os.read, os.write

Reading = tuple[float, float, "int | None", float]
"""Wall seconds, CPU seconds, user instructions and delayed seconds of one sample."""


# --- what the code does, whatever its lines and wherever it lies ---

_CACHE = 0 if opcode.opname[0] == "CACHE" else -1
_EXTENDED_ARG = opcode.opmap["EXTENDED_ARG"]
_STORE_NAME = opcode.opmap["STORE_NAME"]
_CONSTANTS = frozenset(opcode.hasconst)
# From 3.14 on, flags say whether there is a docstring, and whether it was defined in a class body.
_FLAGS = ~(0x4000000 | 0x8000000)
_CLASS_LINE = "__firstlineno__"  # from 3.13 on, a class body stores its line under this name


def _constant(value: object) -> str:
    """Write a constant so that equal constants, and only they, give the same text."""
    if isinstance(value, CodeType):
        return "code:" + fingerprint(value)
    if isinstance(value, str):
        # Before 3.11 the qualified names of nested functions are constants of the one around them.
        return "str:" + repr(value.rsplit(".<locals>.", 1)[-1])
    if isinstance(value, tuple):
        return "(" + ",".join(_constant(item) for item in value) + ")"
    if isinstance(value, frozenset):
        return "{" + ",".join(sorted(_constant(item) for item in value)) + "}"
    return type(value).__name__ + ":" + repr(value)


def fingerprint(code: CodeType) -> str:
    """Digest everything the code does.

    Constants count where they are loaded, so that docstrings and the order of constants don't.

    Args:
        code: A function's code.

    Returns:
        A hexadecimal digest that lines, paths, the function's name and the hash seed don't touch.
    """
    stream: list[tuple[int, int | str]] = []
    raw = code.co_code
    extended = 0
    for position in range(0, len(raw), 2):
        operation, argument = raw[position], raw[position + 1] | extended
        if operation == _CACHE:
            continue
        if operation == _EXTENDED_ARG:
            extended = argument << 8
            continue
        extended = 0
        if operation in _CONSTANTS:
            stream.append((operation, _constant(code.co_consts[argument])))
        elif operation == _STORE_NAME and code.co_names[argument] == _CLASS_LINE and stream:
            stream[-1] = (operation, _CLASS_LINE)
        else:
            stream.append((operation, argument))
    content = (
        stream,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _FLAGS),
        getattr(code, "co_exceptiontable", b""),
    )
    text = repr(content).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


# --- names: home, path and qualified name ---

_METHOD = re.compile(r"<(?:method|slot wrapper) '([^']+)' of '([^']+)' objects>")
_OF_OBJECT = re.compile(r"(\S+) of (\S+) object$")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_PACKAGES = re.compile(r".*[\\/](?:site|dist)-packages[\\/](.+)", re.DOTALL)


def builtin_name(text: str) -> str:
    """Turn the profiler's text for a C function into a name such as "list.append"."""
    text = _ADDRESS.sub("", text)
    method = _METHOD.fullmatch(text)
    if method:
        return f"{method[2]}.{method[1]}"
    text = re.sub(r"^[<{](?:built-in (?:method|function) )?|[>}]$", "", text)
    owned = _OF_OBJECT.match(text)
    if owned:
        return f"{owned[2]}.{owned[1]}"
    return f"builtins.{text}" if hasattr(builtins, text) else text  # PyPy leaves it bare


def _below(path: str, folder: str) -> str | None:
    """Give the path below the folder, or None where it isn't below."""
    prefix = folder.rstrip(os.sep) + os.sep
    return path[len(prefix) :] if path.startswith(prefix) else None


def _spellings(folder: str) -> tuple[str, ...]:
    """Give the folder as written and with its links followed."""
    return tuple({os.path.abspath(folder): None, os.path.realpath(folder): None})


class Homes:
    """Where code lives, in words that are the same in every checkout and environment.

    Args:
        benchmark_dir: The folder of the benchmarks.
        search_path: sys.path as the environment sets it up, before any benchmark changes it.
    """

    def __init__(self, benchmark_dir: str, search_path: Sequence[str]) -> None:
        self._bench = _spellings(benchmark_dir)
        names = ("stdlib", "platstdlib")
        stdlib = [sysconfig.get_paths()[name] for name in names] + [os.path.dirname(os.__file__)]
        self._stdlib = [spelling for folder in stdlib for spelling in _spellings(folder)]
        sources = [entry for entry in search_path if entry and os.path.isdir(entry)]
        roots = [(root, root) for entry in sources for root in _spellings(entry)]
        self._roots = [root for root in roots if root[0] not in self._stdlib] + list(_editable())
        self._roots.sort(key=lambda root: -len(root[0]))
        self._found: dict[str, tuple[str, str]] = {}
        self._qualified: dict[str, dict[tuple[str, int], str]] = {}

    def locate(self, filename: str) -> tuple[str, str]:
        """Give the home of a file and its path below that home, with forward slashes."""
        found = self._found.get(filename)
        if found is None:
            home, path = self._locate(filename)
            found = self._found[filename] = (home, path.replace(os.sep, "/"))
        return found

    def _locate(self, filename: str) -> tuple[str, str]:
        if filename.startswith("<frozen ") and filename.endswith(">"):
            name = filename[len("<frozen ") : -1]
            package = hasattr(sys.modules.get(name), "__path__")
            return "stdlib", name.replace(".", "/") + ("/__init__.py" if package else ".py")
        if filename.startswith("<builtin>"):
            return "stdlib", filename.replace("<builtin>", "builtin")
        if filename.startswith("<"):
            # It names no file, and must not read like one above its home.
            return "generated", filename[1:].split(">", 1)[0].replace("..", "").lstrip("/\\")
        path = os.path.abspath(filename)
        for bench in self._bench:
            if _below(path, bench) is not None:
                return "bench", _below(path, os.path.dirname(bench)) or path
        packages = _PACKAGES.fullmatch(path)
        if packages:
            return "site", packages[1]
        for prefix, base in self._roots:
            if path == prefix or _below(path, prefix) is not None:
                return "site", _below(path, base) or os.path.basename(path)
        for folder in self._stdlib:
            rest = _below(path, folder)
            if rest is not None:
                return "stdlib", rest
        for bench in self._bench:
            rest = _below(path, os.path.dirname(bench))
            if rest is not None:
                return "bench", rest
        return "other", os.path.basename(path)

    def built_in(self, filename: str) -> bool:
        """Tell whether a file lies among the standard library's, also one written in C."""
        path = os.path.abspath(filename)
        below = any(_below(path, folder) is not None for folder in self._stdlib)
        return below and _PACKAGES.fullmatch(path) is None

    def qualified_name(self, code: CodeType) -> str:
        """Give the qualified name of a code, rebuilt from its file before Python 3.11."""
        name: str | None = getattr(code, "co_qualname", None)
        if name is not None:
            return name
        names = self._qualified.get(code.co_filename)
        if names is None:
            names = self._qualified[code.co_filename] = _names_in(code.co_filename)
        return names.get((code.co_name, code.co_firstlineno), code.co_name)


def _editable() -> Iterator[tuple[str, str]]:
    """Find the source folders that setuptools' editable finders map packages to."""
    for name, module in list(sys.modules.items()):
        mapping = getattr(module, "MAPPING", None)
        if name.startswith("__editable__") and isinstance(mapping, dict):
            for package, folder in mapping.items():
                for spelling in _spellings(str(folder)):
                    base = spelling
                    for _ in range(str(package).count(".") + 1):
                        base = os.path.dirname(base)
                    yield spelling, base


def _compiled(filename: str) -> CodeType | None:
    """Compile a file; None where it is none, or isn't Python."""
    try:
        with open(filename, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(file.read(), filename, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None


def _names_in(filename: str) -> dict[tuple[str, int], str]:
    """Compile a file again and give the qualified name of each code in it, by name and line."""
    module = _compiled(filename)
    if module is None:
        return {}
    names: dict[tuple[str, int], str] = {}

    def walk(code: CodeType, prefix: str) -> None:
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                name = prefix + constant.co_name
                names[constant.co_name, constant.co_firstlineno] = name
                function = constant.co_flags & 1  # CO_OPTIMIZED: class bodies don't have it
                walk(constant, name + (".<locals>." if function else "."))

    walk(module, "")
    return names


# --- the raw profile ---

_OWN_FILES = frozenset({__file__, os.path.abspath(__file__), "<asv-explain>"})


def _is_own(code: CodeType | str) -> bool:
    """Tell whether a profiled function belongs to the measuring rather than to the benchmark."""
    if isinstance(code, str):
        return "_lsprof.Profiler" in code
    return code.co_filename in _OWN_FILES


def _key(code: CodeType | str) -> int | str:
    """Tell functions apart: equal codes by identity, C functions by the name they have."""
    return builtin_name(code) if isinstance(code, str) else id(code)


def describe(
    stats: Sequence[Any],
    homes: Homes,
    number: int,
    seconds: float,
    frames: Sequence[Sequence[Any]] = (),
) -> dict[str, Any]:
    """Turn what the profiler counted into a raw profile.

    Args:
        stats: What `Profiler.getstats()` returned.
        homes: Where code lives.
        number: Calls of the benchmark in the profiled region.
        seconds: Wall time of that region, under the profiler.
        frames: The name, file and line of each frame that was sampled.

    Returns:
        The raw profile, ready for JSON. Generated functions of which it is known who made them have
        that as "generator", as `Generated.generator` gives it.
    """
    indices: dict[int | str, int] = {}
    functions: list[dict[str, Any]] = []
    edges: dict[tuple[int, int], list[Any]] = {}
    entries = [entry for entry in stats if not _is_own(entry.code)]
    for entry in entries:
        code = entry.code
        builtin = isinstance(code, str)
        key = _key(code)
        if key not in indices:
            indices[key] = len(functions)
            functions.append(_builtin(str(key)) if builtin else _function(code, homes))
        function = functions[indices[key]]
        function["calls"] += entry.callcount
        function["recursive"] += entry.reccallcount
        function["own"] += entry.inlinetime
        function["cumulative"] += entry.totaltime
    for entry in entries:
        caller = indices[_key(entry.code)]
        for called in entry.calls or ():
            callee = indices.get(_key(called.code))
            if callee is None:
                continue
            edge = edges.setdefault((caller, callee), [0, 0, 0.0, 0.0])
            edge[0] += called.callcount
            edge[1] += called.reccallcount
            edge[2] += called.inlinetime
            edge[3] += called.totaltime
    return {
        "schema": SCHEMA,
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "number": number,
        "seconds": seconds,
        "functions": functions,
        "edges": [[caller, callee, *edge] for (caller, callee), edge in edges.items()],
        **({"frames": _framed(frames, functions, entries, indices, homes)} if frames else {}),
    }


def _function(code: CodeType, homes: Homes) -> dict[str, Any]:
    """Say who a Python function is; nothing has been counted of it."""
    home, path = homes.locate(code.co_filename)
    name, line = homes.qualified_name(code), code.co_firstlineno
    who = _uncounted(home, path, name, line, code.co_flags, fingerprint(code))
    generator = _GENERATED.generator(code, homes)
    return {**who, "generator": generator} if generator else who


def _builtin(name: str) -> dict[str, Any]:
    return _uncounted("builtin", "", name, 0, 0, "")


def _uncounted(
    home: str, path: str, name: str, line: int, flags: int, print_: str
) -> dict[str, Any]:
    who = {"home": home, "path": path, "name": name, "line": line, "flags": flags}
    counts = {"calls": 0, "recursive": 0, "own": 0.0, "cumulative": 0.0}
    return {**who, "fingerprint": print_, **counts}


# --- who makes generated code ---

MOST_GENERATED = 20_000
"""So many codes are kept at most, with those who made them."""

MOST_GENERATOR_FRAMES = 60
"""So many frames are looked at for who made a code; attrs and the like have some ten."""

MOST_GENERATORS = 12
"""So many frames of packages are told of a generated function."""


class Generated:
    """Remembers who runs code that is in no file, which is how functions are generated.

    Dataclasses, attrs, namedtuples and templates all run such code with exec or eval. Beyond the
    libraries' frames is that of the class or module for which they do it.
    """

    def __init__(self) -> None:
        self._made: dict[int, tuple[CodeType, list[tuple[CodeType, int]]]] = {}

    def start(self) -> None:
        """Begin to remember, for as long as the process lives; where audit hooks exist."""
        if hasattr(sys, "addaudithook"):
            sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "exec" or not arguments or not isinstance(arguments[0], CodeType):
            return
        code = arguments[0]
        if not _in_no_file(code) or id(code) in self._made or len(self._made) >= MOST_GENERATED:
            return
        frame: Any = sys._getframe(1)
        frames: list[tuple[CodeType, int]] = []
        while frame is not None and len(frames) < MOST_GENERATOR_FRAMES:
            frames.append((frame.f_code, frame.f_lineno or 0))
            # Who imports a module has no part in what the module makes.
            if frame.f_code.co_name == "<module>" and not _in_no_file(frame.f_code):
                break
            frame = frame.f_back
        for each in _codes(code):
            # A code that is kept keeps its identity, too.
            self._made.setdefault(id(each), (each, frames))

    def generator(self, code: CodeType, homes: Homes) -> list[list[Any]]:
        """Give path, qualified name and running line of those who made a code, innermost first.

        They are the frames of what is installed below site-packages, up to the module that was
        being imported.
        """
        if id(code) not in self._made:
            return []
        found: list[list[Any]] = []
        for one, line in self._made[id(code)][1]:
            home, path = homes.locate(one.co_filename)
            ours = _is_own(one) or path.startswith("asv_runner/")
            if home == "site" and not ours:
                found.append([path, homes.qualified_name(one), line])
        return found[:MOST_GENERATORS]


def _in_no_file(code: CodeType) -> bool:
    """Tell whether a code has a made-up file name."""
    return code.co_filename.startswith("<") and not code.co_filename.startswith("<frozen")


_GENERATED = Generated()


# --- the functions of sampled frames ---


def _sampled_name(code: CodeType) -> str:
    """The name that a sampler gives to a frame of this code."""
    return getattr(code, "co_qualname", code.co_name)


def _framed(
    frames: Sequence[Sequence[Any]],
    functions: list[dict[str, Any]],
    entries: Sequence[Any],
    indices: dict[int | str, int],
    homes: Homes,
) -> list[list[Any]]:
    """Find the function of each sampled frame; what the profiler didn't see is appended to them."""
    known: dict[tuple[str, str], list[CodeType]] = {}
    for entry in entries:
        if not isinstance(entry.code, str):
            place = entry.code.co_filename, _sampled_name(entry.code)
            known.setdefault(place, []).append(entry.code)
    read: dict[str, dict[str, list[CodeType]]] = {}
    others: dict[tuple[str, str, int], int] = {}
    found = []
    for name, file, line in frames:
        code = _around(known.get((file, name), ()), line)
        if code is not None:
            found.append([name, file, line, indices[_key(code)]])
            continue
        if file not in read:
            read[file] = _codes_in(file)
        code = _around(read[file].get(name, ()), line)
        key = (file, name, 0 if code is None else code.co_firstlineno)
        if key not in others:
            others[key] = len(functions)
            functions.append(
                _uncounted(*homes.locate(file), name, 0, 0, "")
                if code is None
                else _function(code, homes)
            )
        found.append([name, file, line, others[key]])
    return found


def _around(codes: Sequence[CodeType], line: int) -> CodeType | None:
    """The innermost of some codes of one name that has a line."""
    best = None
    for code in codes:
        lines = [number for _, number in dis.findlinestarts(code) if number]
        within = code.co_firstlineno <= line <= max(lines, default=0)
        if (within or not line) and (best is None or code.co_firstlineno > best.co_firstlineno):
            best = code
    return best


def _codes_in(filename: str) -> dict[str, list[CodeType]]:
    """Compile a file again and give all code in it, by the name that a sampler gives."""
    found: dict[str, list[CodeType]] = {}
    module = _compiled(filename)
    waiting = [] if module is None else [module]
    for code in waiting:
        found.setdefault(_sampled_name(code), []).append(code)
        waiting.extend(each for each in code.co_consts if isinstance(each, CodeType))
    return found


# --- user instructions ---

_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}


def instruction_counter() -> Callable[[], int | None]:
    """Start counting this process's user instructions, threads included.

    Returns:
        A function that reads the count, or None where the kernel or the processor doesn't count.
    """
    call = _PERF_EVENT_OPEN.get(platform.machine())
    if not sys.platform.startswith("linux") or call is None or struct.calcsize("P") != 8:
        return lambda: None
    # Hardware event 1 (instructions); the times enabled and running tell whether it was shared;
    # inherit, exclude_kernel, exclude_hv.
    attributes = struct.pack("<IIQQQQQ", 0, 112, 1, 0, 0, 3, 1 << 1 | 1 << 5 | 1 << 6) + bytes(64)
    try:
        import ctypes

        descriptor = ctypes.CDLL(None).syscall(call, ctypes.c_char_p(attributes), 0, -1, -1, 8)
    except (ImportError, OSError, AttributeError):
        return lambda: None
    if descriptor < 0:
        return lambda: None

    def read() -> int | None:
        count, enabled, running = struct.unpack("<QQQ", os.read(descriptor, 24))
        return int(count) if enabled == running else None

    return read


def delay_clock() -> Callable[[], float]:
    """Start reading how long this process was ready to run while others had the processor.

    Returns:
        A function that gives seconds since some moment; always 0 where the kernel doesn't tell.
    """
    try:
        descriptor = os.open("/proc/self/schedstat", os.O_RDONLY)
    except OSError:
        return lambda: 0.0

    def read() -> float:
        fields = os.pread(descriptor, 100, 0).split()
        return int(fields[1]) * 1e-9 if len(fields) > 1 else 0.0

    return read


# --- sources that stand in for those of files ---

# A raw benchmark's process runs it as well, before it imports anything else.
_STAND_IN_CODE = """
import _frozen_importlib_external as external
codes = {file: compile(text, file, "exec", 0, True) for file, text in texts.items()}
read = external.SourceFileLoader.get_code
def get_code(loader, name):
    if loader.path not in codes:
        return read(loader, name)
    used.add(loader.path)
    return codes[loader.path]
external.SourceFileLoader.get_code = get_code
"""


class _Unswapped(Exception):
    """Sources can't stand in for those of files; the text says why."""


class StandIns:
    """Has modules imported from other sources than their files hold.

    Args:
        file: The file that names the modules, or None for none.
        search_path: sys.path as the environment sets it up.
    """

    def __init__(self, file: str | None, search_path: Sequence[str]) -> None:
        self.texts: dict[str, str] = {}
        self.used: set[str] = set()
        self._files: list[list[str]] = []
        self._unawaited: list[str] = []
        self._strict = False
        if file is None:
            return
        with open(file, encoding="utf-8") as source:
            wanted = json.load(source)
        self._strict = wanted["strict"]
        for module in wanted["modules"]:
            self._files.append(list(_files_of(module["path"], search_path)))
            for each in self._files[-1]:
                if _digest_of(each) != module["digest"]:
                    raise _Unswapped(f"{module['path']} is installed in another form than in git")
                self.texts[each] = module["text"]

    def start(self) -> None:
        """Exchange the sources in this process, before it imports any of the modules."""
        if not self._files:
            return
        try:
            exec(_STAND_IN_CODE, {"texts": self.texts, "used": self.used})  # noqa: S102 - ours
        except SyntaxError as error:
            raise _Unswapped(f"this interpreter can't read it: {error.msg}") from error
        if self._strict:
            # Called as before, what is a coroutine function would run nothing at all.
            warnings._warn_unawaited_coroutine = self._note_unawaited  # type: ignore[attr-defined]

    def _note_unawaited(self, coroutine: Any) -> None:
        self._unawaited.append(coroutine.__qualname__)

    def check(self) -> None:
        """See that the first module was imported, and that nothing was called in vain."""
        if self._files and not self.used.intersection(self._files[0]):
            raise _Unswapped("its module is not imported from the file in git")
        if self._unawaited:
            raise _Unswapped(f"{self._unawaited[0]} is called and never awaited")


def _files_of(path: str, search_path: Sequence[str]) -> Iterator[str]:
    """Give each spelling of a module's file by which the interpreter may import it."""
    folders = [entry for entry in search_path if entry] + [base for _, base in _editable()]
    for folder in dict.fromkeys(folders):
        for spelling in dict.fromkeys([os.path.abspath(folder), os.path.realpath(folder)]):
            file = os.path.join(spelling, *path.split("/"))
            if os.path.isfile(file):
                yield file


def _digest_of(file: str) -> str:
    """Digest the text of a source, whatever its encoding and its line ends."""
    with tokenize.open(file) as source:
        return hashlib.blake2b(source.read().encode("utf-8", "surrogatepass")).hexdigest()


# --- taking turns with another process ---


class Turns:
    """Lets samples be taken in turns with another process that does the same.

    Whoever is alone waits for nobody: where the other process has taken its last sample, or ended,
    or where the benchmark closed the pipes.

    Args:
        ends: The pipe to wait at and the pipe by which the other one waits; None to be alone.
    """

    _NEXT, _LAST = b"n", b"l"

    def __init__(self, ends: Sequence[int] | None) -> None:
        self._ends = ends
        self._process = os.getpid()

    def wait(self) -> None:
        """Wait for this process's turn."""
        if self._ends is None or os.getpid() != self._process:
            return
        try:
            if _read(self._ends[0], 1) != self._NEXT:
                self._ends = None
        except OSError:
            self._ends = None

    def give(self) -> None:
        """Let the other process have its turn."""
        self._tell(self._NEXT)

    def leave(self) -> None:
        """Let the other process go on alone."""
        self._tell(self._LAST)
        self._ends = None

    def _tell(self, word: bytes) -> None:
        # A fork of the benchmark's that comes back has no turn.
        if self._ends is None or os.getpid() != self._process:
            return
        try:
            _write(self._ends[1], word)
        except OSError:
            self._ends = None


# --- timing just what asv times ---


def _timed_calls(
    call: Callable[..., object], params: tuple[object, ...], turns: Iterator[None]
) -> None:
    """Call the benchmark. In sampled stacks its frames are those below this function's."""
    for _ in turns:
        call(*params)


def _warm_up_calls(
    call: Callable[..., object], params: tuple[object, ...], turns: Iterator[None]
) -> None:
    """Do the same under another name, so that what warms up is in no sampled stack."""
    for _ in turns:
        call(*params)


class Meter:
    """A timer with the interface of `timeit.Timer` that reads wall, CPU and instructions.

    Args:
        call: What is timed.
        params: Its arguments.
        prepare: Sets the benchmark up again, outside what is timed.
        timer: The benchmark's own wall clock.
        counter: Reads the instructions used so far.
        turns: With whom samples are taken in turns.
        each: Whether to prepare before each call rather than once per sample.
        settled: Whether the calls' stacks are sampled.
    """

    def __init__(
        self,
        call: Callable[..., object],
        params: tuple[object, ...],
        prepare: Callable[[], object],
        timer: Callable[[], float],
        counter: Callable[[], int | None],
        turns: Turns,
        each: bool = False,
        settled: bool = False,
    ) -> None:
        self._call = call
        self._params = params
        self._prepare = prepare
        self._timer = timer
        self._counter = counter
        self._delay = delay_clock()
        self._turns = turns
        self._each = each
        self._profiler: cProfile.Profile | None = None
        self.calls = _timed_calls
        self.sample = self._settled_sample if settled else self._plain_sample
        self.setup = 0.0
        self.readings: list[Reading] = []

    def timeit(self, number: int) -> float:
        """Take one sample of so many calls, without garbage collection, as timeit does.

        Returns:
            Wall seconds of all calls together.
        """
        wall, cpu, instructions, delayed = 0.0, 0.0, 0, 0.0
        counted = True
        self._turns.wait()
        collecting = _collects()
        _do_not_collect()
        try:
            for _ in range(number if self._each else 1):
                start = self._timer()
                self._prepare()
                self.setup += self._timer() - start
                one = self.sample(1 if self._each else number)
                wall, cpu = wall + one[0], cpu + one[1]
                counted = counted and one[2] is not None
                instructions += one[2] or 0
                delayed += one[3]
        finally:
            if collecting:
                _collect()
            self._turns.give()
        self.readings.append((wall, cpu, instructions if counted else None, delayed))
        return wall

    def _plain_sample(self, number: int) -> Reading:
        call, params, timer, counter = self._call, self._params, self._timer, self._counter
        turns = itertools.repeat(None, number)
        profiler = self._profiler
        delay = self._delay()
        count = counter()
        cpu = _cpu_clock()
        wall = timer()
        if profiler is not None:
            profiler.enable()
        self.calls(call, params, turns)
        if profiler is not None:
            profiler.disable()
        wall = timer() - wall
        cpu = _cpu_clock() - cpu
        end = counter()
        instructions = None if count is None or end is None else end - count
        return wall, cpu, instructions, self._delay() - delay

    def _settled_sample(self, number: int) -> Reading:
        """Take a sample with a pause between the last call of the kernel and the benchmark's.

        Who is to be stopped while it is in the kernel stops when it leaves it, and else only when
        the interrupt arrives. So no stack is seen in the first microseconds after a call of the
        kernel, and after those of the clocks that would be the beginning of the benchmark.
        """
        call, params, timer = self._call, self._params, self._timer
        turns = itertools.repeat(None, number)
        delay = self._delay()
        cpu = _cpu_clock()
        begun = _wall_clock()
        while (settled := _wall_clock() - begun) < SETTLING_SECONDS:
            pass
        wall = timer()
        self.calls(call, params, turns)
        wall = timer() - wall
        cpu = max(_cpu_clock() - cpu - settled, 0.0)
        return wall, cpu, None, self._delay() - delay

    def profile(
        self, number: int, batches: int, homes: Homes, frames: Sequence[Sequence[Any]]
    ) -> dict[str, Any]:
        """Profile so many samples of so many calls and return the raw profile."""
        self._profiler = cProfile.Profile()
        before = len(self.readings)
        wall = sum(self.timeit(number) for _ in range(batches))
        stats = self._profiler.getstats()
        if not _seen_to_the_end(stats, len(self.readings) - before):
            raise RuntimeError("the benchmark puts a profiler of its own in the profiler's place")
        return describe(stats, homes, number * batches, wall, frames)


def _seen_to_the_end(stats: Sequence[Any], samples: int) -> bool:
    """Tell whether the profiler was on whenever it was turned off, once a sample.

    Before CPython 3.12 there is one profiler to a thread: sys.setprofile, or a second one, replaces
    it without a word, and what runs from then on is in no profile.
    """
    if sys.implementation.name != "cpython" or sys.version_info >= (3, 12):
        return True
    own = (one for one in stats if isinstance(one.code, str) and _is_own(one.code))
    ended: int = sum(one.callcount for one in own if "'disable'" in one.code)
    return ended >= samples


_MARK = "asv-explain: timed"
_RAW_START = """
import sys
try:
    exec(compile(sys.stdin.read(), '<asv-explain>', 'exec'))
except BaseException as error:
    from traceback import format_exception_only
    with open(sys.argv[1], 'w', encoding='utf-8', errors='replace') as file:
        file.write(format_exception_only(type(error), error)[-1])
    sys.exit(1)
"""
_RAW_CODE = """
import sys
from timeit import default_timer as clock, timeit
from time import process_time
request = {request!r}
taken = []
stand_ins = {{"texts": request["stand_ins"], "used": set()}}
if stand_ins["texts"]:
    exec(request["stand_in_code"], stand_ins)
if request["cpu"] is not None:
    from os import sched_setaffinity
    sched_setaffinity(0, {{request["cpu"]}})
if request["profile"]:
    from _lsprof import Profiler
    profiler = Profiler()
    def timer():
        taken.append((clock(), process_time()))
        profiler.enable() if len(taken) == 1 else profiler.disable()
        return taken[-1][0]
elif request["marks"]:
    def timer():
        sys.stderr.write({mark!r} + "\\n")
        sys.stderr.flush()
        taken.append((clock(), process_time()))
        return taken[-1][0]
else:
    def timer():
        taken.append((clock(), process_time()))
        return taken[-1][0]
timeit(stmt=request["stmt"], setup=request["setup"], number=request["number"], timer=timer)
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("asv_explain_harness", request["harness"])
harness = module_from_spec(spec)
spec.loader.exec_module(harness)
request["stood_in"] = sorted(stand_ins["used"])
harness.raw_child(request, taken, profiler.getstats() if request["profile"] else None)
"""


def raw_child(request: dict[str, Any], taken: Sequence[Any], stats: Sequence[Any] | None) -> None:
    """Write what the process of a timeraw benchmark measured to the file its request names."""
    (wall, cpu), (wall_end, cpu_end) = taken
    answer: dict[str, Any] = {
        "wall": wall_end - wall,
        "cpu": cpu_end - cpu,
        "profile": None,
        "stood_in": request["stood_in"],
    }
    if stats is not None:
        homes = Homes(request["benchmark_dir"], request["search_path"])
        wall, frames = answer["wall"], request["frames"]
        answer["profile"] = describe(stats, homes, request["number"], wall, frames)
    with open(request["output"], "w", encoding="utf-8") as file:
        json.dump(answer, file)


class RawMeter:
    """The timer of a timeraw benchmark: each sample is a process of its own, its start-up untimed.

    Args:
        source: Gives the statement, or the statement and its setup.
        env: What the benchmark adds to the environment's variables.
        benchmark_dir: The folder of the benchmarks.
        search_path: sys.path as the environment sets it up.
        folder: Where its processes put what they measured.
        stand_ins: What the processes import in place of files.
        turns: With whom samples are taken in turns.
    """

    def __init__(
        self,
        source: Callable[[], str | tuple[str, str]],
        env: dict[str, str] | None,
        benchmark_dir: str,
        search_path: Sequence[str],
        folder: str,
        stand_ins: StandIns,
        turns: Turns,
    ) -> None:
        self._source = source
        self._folder = folder
        self._env = {**os.environ, **(env or {})}
        self._where = {
            "benchmark_dir": benchmark_dir,
            "search_path": list(search_path),
            "stand_ins": stand_ins.texts,
        }
        self._stand_ins = stand_ins
        self._turns = turns
        self.setup = 0.0
        self.readings: list[Reading] = []

    def timeit(self, number: int) -> float:
        """Take one sample of so many runs of the statement; returns wall seconds."""
        self._turns.wait()
        start = _wall_clock()
        try:
            answer = self._start(number, profiled=False)
        finally:
            self._turns.give()
        self.setup += _wall_clock() - start - answer["wall"]
        self.readings.append((answer["wall"], answer["cpu"], None, 0.0))
        return float(answer["wall"])

    def profile(
        self, number: int, batches: int, homes: Homes, frames: Sequence[Sequence[Any]]
    ) -> dict[str, Any]:
        """Profile one process: in another the same imports would be made once more."""
        del batches, homes
        profile: dict[str, Any] = self._start(number, profiled=True, frames=frames)["profile"]
        return profile

    def sample(self, number: int, sampler: Sequence[str], cpu: int | None) -> dict[str, Any]:
        """Take one sample in a process that a sampler reads, from before the statement begins.

        Args:
            number: So many runs of the statement.
            sampler: The sampler's words, to be followed by its output and by the program.
            cpu: The processor to which the process goes.

        Returns:
            "stacks", as the sampler writes them; "lines", the first and the last of the statement
            in the function of timeit that runs it; and what the sampler "said".
        """
        start = _wall_clock()
        answer = self._start(number, profiled=False, sampler=sampler, cpu=cpu)
        self.setup += _wall_clock() - start - answer["wall"]
        self.readings.append((answer["wall"], answer["cpu"], None, 0.0))
        return {name: answer[name] for name in ("stacks", "lines", "said")}

    def import_times(self, number: int) -> list[list[Any]]:
        """Give the modules that the statement imports, each with its own seconds."""
        shown = self._start(number, profiled=False, importtime=True)["said"]
        return _import_times(shown, number)

    def _start(
        self,
        number: int,
        profiled: bool,
        frames: Sequence[Sequence[Any]] = (),
        sampler: Sequence[str] = (),
        cpu: int | None = None,
        importtime: bool = False,
    ) -> dict[str, Any]:
        source = self._source()
        statement, setup = source if isinstance(source, tuple) else (source, "")
        statement, setup = textwrap.dedent(statement), textwrap.dedent(setup)
        # Below the answer's own folder, which goes even where this process is killed.
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            output = os.path.join(folder, "answer.json")
            request = {
                **self._where,
                "stmt": statement,
                "setup": setup,
                "number": number,
                "profile": profiled,
                "marks": importtime,
                "cpu": cpu,
                "frames": [list(frame) for frame in frames],
                "harness": os.path.abspath(__file__),
                "stand_in_code": _STAND_IN_CODE,
                "output": output,
            }
            program = _RAW_CODE.format(request=request, mark=_MARK)
            words = [sys.executable, *(["-X", "importtime"] if importtime else [])]
            words += ["-c", _RAW_START, output]
            stacks = os.path.join(folder, "stacks.txt")
            if sampler:
                words = [*sampler, "--output", stacks, "--", *words]
            status, said = _run_raw(words, program, self._env, bool(sampler))
            answer: dict[str, Any] = {}
            try:
                with open(output, encoding="utf-8") as file:
                    answer = json.load(file)
            except (OSError, ValueError):
                status = status or 1
            if status != 0:
                raise RuntimeError(_said(output) or f"exit status {status}")
            answer["said"] = said
            if sampler:
                with open(stacks, encoding="utf-8", errors="replace") as file:
                    answer["stacks"] = file.read()
                template = importlib.import_module("timeit").template
                first = template.partition("{stmt}")[0].count("\n") + setup.count("\n") + 1
                answer["lines"] = [first, first + statement.count("\n")]
        self._stand_ins.used.update(answer["stood_in"])
        return answer


def _run_raw(
    words: Sequence[str], program: str, env: dict[str, str], sampled: bool
) -> tuple[int, str]:
    """Run a program that reads its code from its input, which it gets when it is sampled, if so.

    Returns:
        The exit status, and what was said.
    """
    with subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if sampled else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if sampled else subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env=env,
    ) as process:
        said = ""
        while sampled and SAMPLING not in said:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            line = process.stdout.readline()
            if not line:
                process.kill()
                raise _Unsampled(said)
            said += line
        printed, errors = process.communicate(program)
        return process.returncode, said + (printed or "") + (errors or "")


_IMPORT_TIME = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)")


def _import_times(shown: str, number: int) -> list[list[Any]]:
    """Read what -X importtime shows between the two marks, in seconds of one run."""
    seconds: dict[str, float] = {}
    for line in shown.partition(_MARK)[2].partition(_MARK)[0].splitlines():
        found = _IMPORT_TIME.match(line)
        if found:
            seconds[found[2]] = seconds.get(found[2], 0.0) + int(found[1]) * 1e-6 / number
    return [[name, spent] for name, spent in seconds.items()]


def _said(output: str) -> str:
    """Give what went wrong in the process of a timeraw benchmark, where it could tell."""
    try:
        with open(output, encoding="utf-8", errors="replace") as file:
            return file.read(TEXT_LIMIT).strip()
    except OSError:
        return ""


# --- memory by line ---

NEAR_PEAK = 0.9
"""From this share of the expected peak on, what is alive is recorded."""

STEP = 1.01
"""By so much the memory must exceed the last record before the next: some 11 are made at most."""

Stack = Sequence[tuple[str, int]]
"""File and line of each frame, the most recent first."""


class _Untraceable(Exception):
    """This interpreter doesn't tell what allocates."""


def _tracing() -> Any:
    """Give tracemalloc, which PyPy doesn't have."""
    try:
        return importlib.import_module("tracemalloc")
    except ImportError:
        raise _Untraceable from None


class Places:
    """Lines of files as lines of functions, which tracemalloc doesn't name.

    Args:
        homes: Where code lives.
    """

    def __init__(self, homes: Homes) -> None:
        self._homes = homes
        self._spans: dict[str, dict[int, tuple[str, int, int]]] = {}
        self._texts: dict[str, list[str]] = {}
        self._indices: dict[tuple[str, str, int], int] = {}
        self.functions: list[dict[str, Any]] = []

    def stack(self, frames: Stack) -> list[list[int]]:
        """Give the allocating frame, and those outside it that are no library's of Python's."""
        kept = []
        for depth, (filename, line) in enumerate(frames):
            if filename in _OWN_FILES:
                continue
            if not depth or self._homes.locate(filename)[0] in ("site", "bench"):
                kept.append([self._function(filename, line), line])
        return kept

    def _function(self, filename: str, line: int) -> int:
        home, path = self._homes.locate(filename)
        named = home in ("site", "bench")
        name, first, last = self._span(filename, line) if named else ("", 0, 0)
        key = (filename, name, first)
        if key not in self._indices:
            self._indices[key] = len(self.functions)
            source = self._texts[filename][max(first - 1, 0) : last] if named else []
            self.functions.append(
                {"home": home, "path": path, "name": name, "line": first, "source": source}
            )
        return self._indices[key]

    def _span(self, filename: str, line: int) -> tuple[str, int, int]:
        """Give the name, first and last line of the innermost named function around a line."""
        if filename not in self._spans:
            self._spans[filename], self._texts[filename] = {}, []
            try:
                with tokenize.open(filename) as file, warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    text = file.read()
                    module = compile(text, filename, "exec", dont_inherit=True)
            except (OSError, SyntaxError, ValueError):
                return "<module>", 1, 0
            # A form feed, which many sources hold, breaks no line.
            self._texts[filename] = text.split("\n")[: -1 if text.endswith("\n") else None]
            self._walk(self._spans[filename], module, "<module>", "")
        return self._spans[filename].get(line, ("<module>", 1, len(self._texts[filename])))

    def _walk(
        self, spans: dict[int, tuple[str, int, int]], code: CodeType, name: str, prefix: str
    ) -> None:
        own: set[int] = set()
        inner, named = [code], list[CodeType]()
        while inner:
            one = inner.pop()
            own.update(line for _, line in dis.findlinestarts(one) if line)
            for constant in one.co_consts:
                if isinstance(constant, CodeType):
                    # Lambdas and comprehensions count with the function that holds them.
                    (inner if constant.co_name.startswith("<") else named).append(constant)
        span = (name, 1, len(self._texts[code.co_filename]))
        if name != "<module>":
            own.add(code.co_firstlineno)
            deepest = [line for one in _codes(code) for _, line in dis.findlinestarts(one) if line]
            span = (name, code.co_firstlineno, max([code.co_firstlineno, *deepest]))
        spans.update(dict.fromkeys(own, span))
        for one in named:
            is_function = one.co_flags & 1  # CO_OPTIMIZED: class bodies don't have it
            whole = prefix + one.co_name
            self._walk(spans, one, whole, whole + (".<locals>." if is_function else "."))


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Give a code and all codes written inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _sums(tracing: Any, snapshot: Any) -> dict[tuple[tuple[str, int], ...], list[int]]:
    """Add up a snapshot by stack, the measuring's own memory left out.

    This is for when tracing has ended: until then each object made here would be traced. For the
    same reason the rows are read as the interpreter gives them, not through tracemalloc's objects.
    """
    own = {*_OWN_FILES, tracing.__file__}
    sums: dict[tuple[tuple[str, int], ...], list[int]] = {}
    for row in [] if snapshot is None else snapshot.traces._traces:
        stack = row[2]
        if stack[0][0] not in own:
            held = sums.setdefault(stack, [0, 0])
            held[0] += row[1]
            held[1] += 1
    return sums


class PeakWatch:
    """Keeps what is alive when the traced memory is at its highest.

    It is asked at each call and return, of Python's functions and C's, and at each line if wanted.
    When the memory has passed the last record by a per cent since it was asked last, what is alive
    is recorded anew. What has been freed again by then lay between two questions, and so
    within one function or line: it counts as temporary memory of that one.

    Args:
        tracing: tracemalloc.
        expected: Bytes of the peak, as a run without questions had it.
        lines: Whether to ask at each line.
        frames: So many frames of a traceback are kept.
    """

    def __init__(self, tracing: Any, expected: int, lines: bool, frames: int) -> None:
        self._tracing = tracing
        self._read = tracing.get_traced_memory
        self._threshold = NEAR_PEAK * expected
        self._lines = lines
        self._frames = frames
        self._own = 0  # bytes of the record itself, which are traced like any
        self._busy = False
        self._last: dict[int, int] = {}
        self.peak = 0
        self.snapshot: Any = None
        self.temporary: tuple[int, list[tuple[str, int]]] = (0, [])

    def start(self) -> None:
        """Begin to ask, in this thread and those that start later."""
        threading.setprofile(self)
        sys.setprofile(self)
        if self._lines:
            threading.settrace(self)
            sys.settrace(self)

    def watches(self) -> bool:
        """Tell whether it is still asked, as nobody else took its place."""
        asked: tuple[object, object] = (sys.getprofile(), sys.gettrace())
        return asked[0] is self and (asked[1] is self or not self._lines)

    def stop(self) -> None:
        """Ask once more, and then no longer."""
        sys.setprofile(None)
        threading.setprofile(None)
        if self._lines:
            sys.settrace(None)
            threading.settrace(None)
        self._record_above(None, "")

    def __call__(self, frame: Any, event: str, argument: object) -> PeakWatch:
        """Ask once; the signature is that of a profile or trace function."""
        self._record_above(frame, event)
        if event == "line":
            self._last[id(frame)] = frame.f_lineno
        elif event == "return":
            self._last.pop(id(frame), None)
        return self

    def _record_above(self, frame: Any, event: str) -> None:
        current, peak = self._read()
        if peak - self._own < self._threshold or self._busy:
            return
        self._busy = True
        current, peak = current - self._own, peak - self._own
        stack: list[tuple[str, int]] = []
        here = frame.f_back if event == "call" else frame
        while here is not None and len(stack) < self._frames:
            # At a line's start, the line before it is the one that ran.
            line = self._last.get(id(here), here.f_lineno) if not stack else here.f_lineno
            stack.append((here.f_code.co_filename, line or 0))
            here = here.f_back
        self.snapshot = None  # two at once would take twice the room
        self.snapshot = self._tracing.take_snapshot()
        self.peak, self.temporary = peak, (peak - current, stack)
        self._threshold = peak * STEP
        self._tracing.reset_peak()
        self._own = self._read()[0] - current
        self._busy = False


def _rows(places: Places, sums: dict[tuple[tuple[str, int], ...], list[int]]) -> list[list[Any]]:
    """Give bytes, blocks and stack of each sum, with what is the same stack now in one row."""
    rows: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for frames, (size, count) in sums.items():
        stack = tuple((function, line) for function, line in places.stack(frames))
        row = rows.setdefault(stack, [0, 0])
        row[0] += size
        row[1] += count
    return [[size, count, list(stack)] for stack, (size, count) in rows.items()]


def _trace_object(tracing: Any, call: Callable[[], object]) -> dict[str, Any]:
    """Look before and after the benchmark's object goes, while its copy stays."""
    held = call()
    twin = copy.copy(held)
    gc.collect()
    before = tracing.take_snapshot()
    maker = tracing.get_object_traceback(held)
    origin = [] if maker is None else [(one.filename, one.lineno) for one in reversed(maker)]
    held = None
    gc.collect()
    left = tracing.take_snapshot()
    del twin
    return {"before": before, "left": left, "origin": origin}


def _freed(tracing: Any, before: Any, left: Any) -> dict[tuple[tuple[str, int], ...], list[int]]:
    """Give what of one snapshot is gone in another."""
    after = _sums(tracing, left)
    freed = {}
    for stack, (size, count) in _sums(tracing, before).items():
        size_left, count_left = after.get(stack, (0, 0))
        if size > size_left:
            freed[stack] = [size - size_left, max(count - count_left, 0)]
    return freed


# --- one process ---


class _Skipped(Exception):
    """The benchmark says that it doesn't apply here."""


class _Unsampled(Exception):
    """The benchmark can't be sampled; the text says why."""


def _load(request: dict[str, Any]) -> Any:
    """Find the benchmark as asv does, with its parameters chosen."""
    discovery = importlib.import_module("asv_runner.discovery")
    name, index = request["benchmark"], request["param_index"]
    root = os.path.abspath(request["benchmark_dir"])
    return discovery.get_benchmark_from_name(root, name if index is None else f"{name}-{index}")


def _restore_cache(benchmark: Any) -> None:
    """Hand the benchmark what setup_cache returned, as the installed asv_runner wants it."""
    cache = None
    if benchmark.setup_cache_key is not None:
        with open(CACHE_FILE, "rb") as file:
            cache = pickle.load(file)  # noqa: S301 - written by this benchmark's own setup_cache
    if hasattr(benchmark, "set_cache"):
        benchmark.set_cache(cache)
    elif cache is not None:
        benchmark.insert_param(cache)


def _limits(repeat: Any, samples: int, seconds: float) -> tuple[int, int, float]:
    """Bound the samples that the benchmark asks for by those that the request allows."""
    if isinstance(repeat, (tuple, list)):
        fewest, most, longest = repeat
        most = min(int(most), samples)
        return min(int(fewest), most), most, min(float(longest), seconds)
    most = min(int(repeat), samples) if repeat else samples
    return 1, most, seconds


def _kind(benchmark: Any) -> str:
    """Tell what asv measures of the benchmark."""
    kinds = importlib.import_module("asv_runner.benchmarks")
    for module, name, kind in (
        ("time", "TimeBenchmark", "time"),
        ("timeraw", "TimerawBenchmark", "time"),
        ("mem", "MemBenchmark", "mem"),
        ("peakmem", "PeakMemBenchmark", "peakmem"),
    ):
        # Without pympler the runner has no mem_ benchmarks at all.
        if isinstance(benchmark, getattr(getattr(kinds, module, None), name, ())):
            return kind
    return "track"


def _is_raw(benchmark: Any) -> bool:
    """Tell whether the benchmark is a statement that runs in processes of its own."""
    kinds = importlib.import_module("asv_runner.benchmarks")
    return isinstance(benchmark, kinds.timeraw.TimerawBenchmark)


def _result(benchmark: Any) -> Any:
    """Run the benchmark once, as asv does, and give what it yields."""
    skips = importlib.import_module("asv_runner.benchmarks.mark").SkipNotImplemented
    run, results = benchmark.run, []
    benchmark.run = lambda *params: results.append(run(*params))
    try:
        benchmark.do_run()
    except skips as skip:
        raise _Skipped from skip
    if not results:  # asv_runner doesn't run a combination that is to be left out
        raise _Skipped
    return results[0]


def _value(benchmark: Any) -> dict[str, Any]:
    """Give the value of a mem_, peakmem_ or track_ benchmark."""
    result = _result(benchmark)
    if result is None or isinstance(result, (str, bytes)) or not hasattr(result, "__float__"):
        raise TypeError(f"{benchmark.name} gives {result!r:.80}, which is no number")
    value = float(result)
    if math.isnan(value):
        raise _Skipped
    if math.isinf(value):
        raise ValueError(f"{benchmark.name} gives {value}, which can't be compared")
    return {"schema": SCHEMA, "value": value, "number": 1, "error": None}


def _digested(benchmark: Any) -> dict[str, Any]:
    """Give a digest of what the benchmark returns; null where that can't be compared."""
    check = "check_" + benchmark.name.rpartition(".")[2].partition("_")[2]
    for source in benchmark._attr_sources:
        if hasattr(source, check):
            result = getattr(source, check)(*_arguments(benchmark))
            break
    else:
        result = benchmark.func(*_arguments(benchmark))
    made = hashlib.blake2b(digest_size=16)
    try:
        _add_to(made, result, {})
    except _Incomparable:
        return {"schema": SCHEMA, "result": None, "error": None}
    return {"schema": SCHEMA, "result": None if result is None else made.hexdigest(), "error": None}


_PLAIN = (bool, int, float, complex, str, bytes, bytearray, range)


class _Incomparable(Exception):
    """A value that looks different in each process, or can't be looked at."""


def _add_to(made: Any, value: Any, seen: dict[int, int]) -> None:
    """Add a value to a digest: equal ones of two processes add the same.

    Args:
        made: The digest.
        value: What to add.
        seen: Numbers of the objects that were added, as objects may hold each other.

    Raises:
        _Incomparable: It holds something of which no process can tell whether it is the same.
    """
    kind = type(value)
    made.update(f"{kind.__module__}.{kind.__qualname__}(".encode("utf-8", "surrogatepass"))
    if value is None or isinstance(value, _PLAIN):
        made.update(repr(value).encode("utf-8", "surrogatepass"))
    elif id(value) in seen:
        made.update(str(seen[id(value)]).encode())
    else:
        seen[id(value)] = len(seen)
        for part in _parts(value):
            _add_to(made, part, seen)
    made.update(b")")


def _parts(value: Any) -> Iterable[Any]:
    """Give what makes up an object, in an order that doesn't depend on its address."""
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, dict):
        return [part for item in value.items() for part in item]
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except TypeError:
            raise _Incomparable from None
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        return [value.__module__, value.__qualname__]
    slots = [name for base in type(value).__mro__ for name in _slots(base)]
    state = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    state.update(getattr(value, "__dict__", {}))
    if not state and type(value).__module__ != "builtins":
        # What is written in C says what it holds, if at all, by how it is pickled.
        try:
            return [pickle.dumps(value, 4)]
        except Exception:  # noqa: BLE001 - whatever its code does
            raise _Incomparable from None
    if not state:
        raise _Incomparable
    return [part for item in state.items() for part in item]


def _slots(kind: type) -> Sequence[str]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _traced(request: dict[str, Any]) -> dict[str, Any]:
    """Load, set up and run a benchmark with what is allocated traced."""
    tracing = _tracing()
    places = Places(Homes(request["benchmark_dir"], request["search_path"]))
    frames, late = request["frames"], request["late"]
    watch = None
    if request["peak"]:
        watch = PeakWatch(tracing, request["peak"], request["lines"], frames)
    found: dict[str, Any] = {"before": None, "left": None, "origin": [], "imports": [0, 0]}

    def begin() -> None:
        tracing.start(frames)
        if watch is not None:
            watch.start()

    def one_object(func: Callable[..., object], params: tuple[object, ...]) -> None:
        found.update(_trace_object(tracing, lambda: func(*params)))

    def run_it(benchmark: Any) -> dict[str, Any]:
        if _kind(benchmark) == "mem":
            benchmark.run = lambda *params: one_object(benchmark.func, params)
        _result(benchmark)
        if not tracing.is_tracing() or (watch is not None and not watch.watches()):
            raise RuntimeError("the benchmark ends the trace, or puts its own in the trace's place")
        if watch is not None:
            watch.stop()
        # The teardown that follows is no part of a peak as asv reads it.
        found["peak"] = max(found["imports"][1], tracing.get_traced_memory()[1])
        return found

    for own in ("discovery", "benchmarks", "benchmarks.mark"):
        importlib.import_module(f"asv_runner.{own}")  # no part of the benchmark
    if not late:
        begin()
    benchmark = _load(request)
    if late:
        begin()
    elif watch is None:
        found["imports"] = list(tracing.get_traced_memory())
        tracing.reset_peak()
    try:
        _set_up(benchmark, run_it)
    finally:
        if watch is not None:
            watch.stop()
    tracing.stop()
    temporary: list[Any] = [0, []]
    sums = _freed(tracing, found["before"], found["left"])
    if watch is not None:
        found["peak"] = watch.peak
        sums = _sums(tracing, watch.snapshot)
        temporary = [watch.temporary[0], places.stack(watch.temporary[1])]
    rows = _rows(places, sums)
    if request["loaded"] and found["peak"]:
        found["peak"] += request["loaded"]
        rows.append([request["loaded"], 1, []])
    trace = {
        "peak": found["peak"],
        "imports": found["imports"],
        "rows": rows,
        "temporary": temporary,
        "origin": places.stack(found["origin"]),
        "functions": places.functions,
    }
    return {"schema": SCHEMA, "number": 1, "trace": trace, "error": None}


def _measure(
    benchmark: Any,
    request: dict[str, Any],
    counter: Callable[[], int | None],
    stand_ins: StandIns,
) -> dict[str, Any]:
    """Time a benchmark that is set up, and profile it if asked to."""
    kinds = importlib.import_module("asv_runner.benchmarks")
    skips = importlib.import_module("asv_runner.benchmarks.mark").SkipNotImplemented
    homes = Homes(request["benchmark_dir"], request["search_path"])
    turns = Turns(request.get("turns"))
    frames = _read_frames(request)
    meters: list[Any] = []
    profile = None

    def meter(*params: Any, each: bool = False) -> Any:
        if _is_raw(benchmark):
            meters.append(_raw_meter(benchmark, params, request, stand_ins, turns))
        else:
            timer = getattr(benchmark, "timer", _wall_clock)
            meters.append(
                Meter(benchmark.func, params, benchmark.redo_setup, timer, counter, turns, each)
            )
        return meters[-1]

    try:
        if isinstance(benchmark, kinds.time.TimeBenchmark):
            # asv's own loop decides on warm-up and samples; only its stop-watch is exchanged.
            # A timer asked for setups between calls is one of newer runners alone.
            benchmark._get_timer = meter
            benchmark._get_interleaved_timer = lambda *params: meter(*params, each=True)
            benchmark.number = request["number"] or benchmark.number
            benchmark.repeat = _limits(benchmark.repeat, request["samples"], request["seconds"])
            result = benchmark.do_run()
            if result is None:
                raise _Skipped
            number, taken = int(result["number"]), len(result["samples"])
        elif request["mode"] == "profile":
            # Its first call is profiled: only that one finds the process as asv's does.
            number, taken = request["number"] or 1, 1
            profile = meter(*_arguments(benchmark)).profile(
                number, request["batches"], homes, frames
            )
        else:
            raise TypeError(f"{benchmark.name} has no time: not a time_ or timeraw_ benchmark")
    except skips as skip:
        raise _Skipped from skip
    warmed = len(meters[-1].readings) - taken
    setup = meters[-1].setup / len(meters[-1].readings)
    readings: list[Reading] = meters[-1].readings[-taken:]
    if request["mode"] == "profile" and profile is None:
        profile = meters[-1].profile(number, request["batches"], homes, frames)
    turns.leave()
    if profile is not None and isinstance(meters[-1], Meter):
        profile["prepared"] = _prepared(benchmark, homes)
    answer = _answer(readings, number, setup, warmed)
    answer["profile"] = profile
    answer["threaded"] = len(sys._current_frames()) > 1
    if request.get("imported"):
        answer["imported"] = _imported(homes)
    return answer


def _read_frames(request: dict[str, Any]) -> list[list[Any]]:
    """Read which frames a profile is to find the functions of."""
    if request["mode"] != "profile" or not isinstance(request.get("frames"), str):
        return []
    with open(request["frames"], encoding="utf-8") as file:
        frames: list[list[Any]] = json.load(file)
    return frames


def _answer(readings: Sequence[Reading], number: int, setup: float, warmed: int) -> dict[str, Any]:
    """Give the times per call of samples of so many calls each."""
    instructions = [count for _, _, count, _ in readings if count is not None]
    return {
        "schema": SCHEMA,
        "wall": statistics.median(wall for wall, *_ in readings) / number,
        "cpu": statistics.median(cpu for _, cpu, *_ in readings) / number,
        "instructions": round(statistics.median(instructions) / number)
        if len(instructions) == len(readings)
        else None,
        "delayed": statistics.median(delay for *_, delay in readings) / number,
        "number": number,
        "setup": setup,
        "samples": [wall / number for wall, *_ in readings],
        "cpu_samples": [cpu / number for _, cpu, *_ in readings],
        "warmed": warmed,
        "memory": _peak_memory(),
        "profile": None,
        "error": None,
    }


def _imported(homes: Homes) -> list[list[str]]:
    """Give the path below its home and the file of each module but the standard library's."""
    found = []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file not in _OWN_FILES:
            home, path = homes.locate(file)
            if (
                home != "stdlib"
                and not homes.built_in(file)
                and path.split("/")[0] not in ("asv_runner", "asv")
            ):
                found.append([_encodable(path), _encodable(os.path.abspath(file))])
    return sorted(found)


def _let_others_trace() -> None:
    """Let any process of this user read this one, where Linux reserves that for its parents."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        # PR_SET_PTRACER and PR_SET_PTRACER_ANY; without Yama, which reserves it, an error.
        ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return


def _arguments(benchmark: Any) -> tuple[Any, ...]:
    """What a benchmark is called with: what setup_cache gave, and its parameters."""
    build = getattr(benchmark, "_build_params", lambda: benchmark._current_params)
    return tuple(build())


def _raw_meter(
    benchmark: Any,
    params: tuple[Any, ...],
    request: dict[str, Any],
    stand_ins: StandIns,
    turns: Turns,
) -> RawMeter:
    env = getattr(benchmark, "_timeraw_env", None)
    place = os.path.dirname(request["output"])
    where = request["benchmark_dir"], request["search_path"], place
    return RawMeter(lambda: benchmark.func(*params), env, *where, stand_ins, turns)


def _sample_raw(benchmark: Any, request: dict[str, Any], stand_ins: StandIns) -> dict[str, Any]:
    """Sample one process after another that runs the statement of a timeraw benchmark."""
    meter = _raw_meter(benchmark, _arguments(benchmark), request, stand_ins, Turns(None))
    number = request["number"] or benchmark.number or 1
    until = _wall_clock() + request["seconds"]
    raw = [meter.sample(number, request["raw_sampler"], request["cpu"])]
    while _wall_clock() < until:
        raw.append(meter.sample(number, request["raw_sampler"], request["cpu"]))
    answer = _answer(meter.readings, number, meter.setup / len(raw), 0)
    answer["looped"] = sum(wall for wall, *_ in meter.readings)
    return {**answer, "raw": raw, "importtime": meter.import_times(number)}


class Sampling:
    """A benchmark that is set up and warm, to be called while another process reads the stacks.

    The loop is `main`'s own: each frame above the benchmark's costs the sampler time.

    Args:
        benchmark: The benchmark, set up.
        request: As this module's docstring says.
        stand_ins: What is imported in place of files.
    """

    def __init__(self, benchmark: Any, request: dict[str, Any], stand_ins: StandIns) -> None:
        kinds = importlib.import_module("asv_runner.benchmarks")
        if not isinstance(benchmark, kinds.time.TimeBenchmark):
            raise TypeError(f"{benchmark.name} has no time: not a time_ or timeraw_ benchmark")
        self._benchmark = benchmark
        self._stand_ins = stand_ins
        self.number: int = request["number"] or benchmark.number or 1
        # Newer runners set up before each call of a sample where there is anything to set up.
        isolates = getattr(benchmark, "_setup_isolates_timed_calls", False) and benchmark._setups
        self.meter = Meter(
            benchmark.func,
            _arguments(benchmark),
            benchmark.redo_setup,
            benchmark.timer,
            lambda: None,
            Turns(None),
            each=bool(isolates) and self.number > 1,
            settled=True,
        )
        self._warm_up(WARM_UP_SECONDS if benchmark.warmup_time < 0 else benchmark.warmup_time)
        self.meter.setup, self._taken = 0.0, 0
        self._seconds = request["seconds"]
        self._begun = self._looped = 0.0
        self._sampler: Sequence[int] | None = request.get("sampler")

    def _warm_up(self, seconds: float) -> None:
        until = _wall_clock() + seconds
        self.meter.calls = _warm_up_calls
        while _wall_clock() < until:
            if not self._benchmark._setups:
                self._benchmark._redo_setup_next = False
            self.meter.timeit(self.number)
        self.meter.calls = _timed_calls
        self.meter.readings.clear()

    def begin(self) -> None:
        """Wait until the sampler reads this process."""
        if self._sampler is not None:
            _let_others_trace()
            ready, go = self._sampler
            _write(ready, b"%d\n" % os.getpid())
            _read(go, 1)
        self._begun = _wall_clock()

    def over(self) -> bool:
        """Count one more sample, and tell whether it was the last."""
        self._taken += 1
        if len(self.meter.readings) > MOST_READINGS:
            del self.meter.readings[::2]
        self._looped = _wall_clock() - self._begun
        return bool(self._looped >= self._seconds)

    def answer(self) -> dict[str, Any]:
        """Give the times of the calls, in the form of a round."""
        self._stand_ins.check()
        readings = self.meter.readings
        answer = _answer(readings, self.number, self.meter.setup / self._taken, 0)
        return {**answer, "looped": self._looped}

    def end(self) -> None:
        """Tear the benchmark down."""
        self._benchmark.do_teardown()


def _peak_memory() -> int | None:
    """The most bytes that this process held at once, or None where the system doesn't tell."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)


def _prepared(benchmark: Any, homes: Homes) -> list[list[str]]:
    """Set the benchmark up once more and tell which functions of packages that runs.

    They make the data that the benchmark works on, and none of them need be in its profile.
    """
    profiler = cProfile.Profile()
    profiler.runcall(benchmark.redo_setup)
    functions = describe(profiler.getstats(), homes, 1, 0.0)["functions"]
    return sorted(
        [one["path"], one["name"]]
        for one in functions
        if one["home"] == "site" and not one["path"].startswith("asv_runner/")
    )


def _encodable(text: str) -> str:
    """Give a text as UTF-8 can hold it: file names may have what is no character."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _failure(kind: str, text: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "wall": None,
        "cpu": None,
        "instructions": None,
        "number": 0,
        "setup": 0.0,
        "samples": [],
        "cpu_samples": [],
        "warmed": 0,
        "memory": None,
        "profile": None,
        "error": {"kind": kind, "text": _encodable(text[:TEXT_LIMIT])},
    }


def run(request: dict[str, Any]) -> dict[str, Any] | Sampling:
    """Do what the request asks for.

    Args:
        request: As this module's docstring says, and search_path, sys.path as it was at the start.

    Returns:
        The answer: a round, or what "inspect" and "cache" found. It holds an error rather than
        raising one, whatever the benchmark does. In mode "sample" what is to be called.
    """
    mode = request["mode"]
    counter = instruction_counter() if mode in ("time", "profile") else lambda: None
    try:
        if request["cpu"] is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {request["cpu"]})
        if mode == "trace":
            return _traced(request)
        stand_ins = StandIns(request.get("stand_in"), request["search_path"])
        stand_ins.start()
        if mode == "profile":
            _GENERATED.start()
        benchmark = _load(request)
        if mode == "inspect":
            return {
                "schema": SCHEMA,
                "setup_cache": benchmark.setup_cache_key is not None,
                "timeout": _seconds(benchmark.timeout),
                "setup_cache_timeout": _seconds(benchmark.setup_cache_timeout),
                "kind": _kind(benchmark),
                "unit": str(benchmark.unit),
                "implementation": sys.implementation.name,
                "raw": _is_raw(benchmark),
                "error": None,
            }
        if mode == "cache":
            with open(CACHE_FILE, "wb") as file:
                pickle.dump(benchmark.do_setup_cache(), file)
            return {"schema": SCHEMA, "error": None}
        if mode in ("value", "result"):
            taken = _set_up(benchmark, _value if mode == "value" else _digested)
            stand_ins.check()
            if request.get("imported"):
                homes = Homes(request["benchmark_dir"], request["search_path"])
                taken["imported"] = _imported(homes)
            return taken
        if mode == "sample" and _is_raw(benchmark):
            return _set_up(benchmark, lambda one: _sample_raw(one, request, stand_ins))
        if mode == "sample":
            return _set_up_to_stay(benchmark, request, stand_ins)
        taken = _set_up(benchmark, lambda one: _measure(one, request, counter, stand_ins))
        stand_ins.check()
        return taken
    except BaseException as error:  # noqa: BLE001 - sys.exit in a benchmark is a failure too
        return _failed(error)


def _failed(error: BaseException) -> dict[str, Any]:
    """Give the answer that an exception makes."""
    if isinstance(error, _Unswapped):
        return _failure("unswapped", str(error))
    if isinstance(error, _Unsampled):
        return _failure("unsampled", str(error))
    if isinstance(error, _Skipped):
        return _failure("skipped", "the benchmark's setup says that it does not apply")
    if isinstance(error, _Untraceable):
        return _failure("untraceable", "this interpreter has no tracemalloc")
    last = traceback.format_exception_only(type(error), error)[-1]
    return _failure("failed", last.strip())


def _set_up_to_stay(benchmark: Any, request: dict[str, Any], stand_ins: StandIns) -> Sampling:
    """Set the benchmark up for samples; who gets it tears it down."""
    _restore_cache(benchmark)
    if benchmark.do_setup():
        benchmark.do_teardown()
        raise _Skipped
    try:
        return Sampling(benchmark, request, stand_ins)
    except BaseException:
        benchmark.do_teardown()
        raise


def _set_up(benchmark: Any, then: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Set the benchmark up, do something with it, and tear it down."""
    _restore_cache(benchmark)
    skipped = benchmark.do_setup()
    try:
        if skipped:
            raise _Skipped
        return then(benchmark)
    finally:
        benchmark.do_teardown()


def _seconds(value: Any) -> float | None:
    """Give a limit in seconds, or None where the benchmark sets none that a clock can tell."""
    return float(value) if value is not None and math.isfinite(value) else None


def _fork() -> None:
    """Go on in a fork, and end as the fork ends.

    On Linux a program's peak memory includes that of the process that started it, as it stood when
    the program's file was loaded; a fork counts from what it itself holds.
    """
    child = os.fork() if hasattr(os, "fork") else 0
    if child:
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(os.WEXITSTATUS(status))


def main(argv: Sequence[str]) -> None:
    """Answer the one request on the command line, then end at once, whatever threads are left."""
    search_path = list(sys.path)
    request = {"search_path": search_path, **json.loads(argv[1])}
    if request["mode"] == "value":
        _fork()
    process = os.getpid()
    answer = run(request)
    if isinstance(answer, Sampling):
        sampling, skips = answer, importlib.import_module("asv_runner.benchmarks.mark")
        try:
            try:
                sampling.begin()
                while True:
                    sampling.meter.timeit(sampling.number)
                    if sampling.over():
                        break
            finally:
                sampling.end()
            answer = sampling.answer()
        except skips.SkipNotImplemented:
            answer = _failed(_Skipped())
        except BaseException as error:  # noqa: BLE001 - sys.exit in a benchmark is a failure too
            answer = _failed(error)
    if os.getpid() != process:
        _end(1)  # a fork of the benchmark's came back: only the parent may answer
    part = request["output"] + ".part"
    with open(part, "w", encoding="utf-8") as file:
        _dump(answer, file)
    _replace(part, request["output"])
    _end(0)


if __name__ == "__main__":
    main(sys.argv)
