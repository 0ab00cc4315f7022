"""The rules of the house as functions: each takes parsed files and returns what is wrong, in words.

test_architecture.py asks them of the program, and of small broken examples, so that each is seen to fail.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOTS = ("monitor", "models")
PLUGIN_ROOMS = ("collectors", "detectors", "notifiers", "exporters")
LONGEST_FUNCTION, LONGEST_FILE, LONGEST_PLUGIN = 60, 400, 250
DOC = "docs/architecture.md"
SQL = re.compile(
    r"\s*(select\s.+\sfrom\s|insert\s+(or\s+\w+\s+)?into\s|update\s+\w+\s+set\s|delete\s+from\s"
    r"|(create|drop|alter)\s+(table|index|trigger|view|virtual)\s|pragma\s+\w+)",
    re.IGNORECASE | re.DOTALL,
)
CLOCKS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns")


@dataclass(frozen=True)
class File:
    """One file of the program, with its path from the root."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def module(self) -> str:
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def is_plugin(self) -> bool:
        room = self.path.parts[1:2]
        return (
            bool(room) and room[0] in PLUGIN_ROOMS and not self.path.stem.startswith("_") and len(self.path.parts) == 3
        )


@dataclass(frozen=True)
class Room:
    """A row of the table: which files it holds, and what they may import beside the standard library."""

    name: str
    paths: tuple[str, ...]
    may: frozenset[str]

    def holds(self, path: Path) -> int:
        """How exactly the room names this path: the length of the match; 0 for none."""
        fits = (each for each in self.paths if str(path) == each or (each.endswith("/") and str(path).startswith(each)))
        return max((len(each) for each in fits), default=0)


def files(root: Path) -> list[File]:
    """Every Python file of the program."""
    found = [path for folder in ROOTS for path in sorted((root / folder).rglob("*.py"))]
    found += [path for path in [root / "run_monitor.py"] if path.is_file()]
    return [File(path.relative_to(root), path.read_text("utf-8")) for path in found]


def rows(text: str, heading: str) -> list[list[str]]:
    """The rows of the table under a heading of a Markdown text."""
    _, _, rest = text.partition(f"\n{heading}\n")
    lines = rest.split("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines if line.startswith("|")]
    return cells[2:]


def quoted(cell: str) -> tuple[str, ...]:
    """What stands in `code` in a cell."""
    return tuple(re.findall(r"`([^`]+)`", cell))


def rooms(text: str) -> list[Room]:
    """The table of rooms in docs/architecture.md."""
    return [
        Room(quoted(name)[0], quoted(where), frozenset(quoted(may))) for name, where, _, may in rows(text, "## Rooms")
    ]


def libraries(text: str) -> Mapping[str, tuple[str, ...]]:
    """The table of libraries that are kept in one place: name → paths."""
    return {name: quoted(where) for names, where, _ in rows(text, "## Libraries") for name in quoted(names)}


def banned_words(text: str) -> Mapping[str, tuple[str, ...]]:
    """The words that mean nothing here: word → places where it is another program's own word."""
    return {word: quoted(but) for word, _, but in rows(text, "## Words not used") for word in quoted(word)}


# Imports


def imports(file: File, modules: set[str]) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, a module wherever there is one."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = _start(file, node)
            for alias in node.names:
                whole = f"{start}.{alias.name}"
                yield node.lineno, whole if whole in modules else start
        elif isinstance(node, ast.Call) and _name(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield from ((node.lineno, text) for text in _texts_of(node.args[:1]))


def _start(file: File, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = file.module.split(".") if file.path.stem == "__init__" else file.module.split(".")[:-1]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _texts_of(nodes: Sequence[ast.AST]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def room_of(path: Path, table: Sequence[Room]) -> Room | None:
    """The room that names a path most exactly."""
    best = max(table, key=lambda room: room.holds(path), default=None)
    return best if best is not None and best.holds(path) else None


def wrong_imports(program: Sequence[File], table: Sequence[Room]) -> list[str]:
    """Every import that the table of rooms does not allow, and every file that is in no room."""
    known = {file.module: file.path for file in program}
    problems = []
    for file in program:
        room = room_of(file.path, table)
        if room is None:
            problems.append(f"{file.path} is in no room. Add its row to {DOC}, or move it into one.")
            continue
        for line, name in imports(file, set(known)):
            said = _refusal(room, name, known, table)
            if said:
                problems.append(f"{file.path}:{line} imports {name}, {said}")
    return problems


def _refusal(room: Room, name: str, known: Mapping[str, Path], table: Sequence[Room]) -> str | None:
    top = name.split(".")[0]
    if "everything" in room.may or top in sys.stdlib_module_names or name == "monitor":
        return None
    if top not in (*ROOTS, "run_monitor"):
        if top in room.may:
            return None
        return (
            f"a library that the room `{room.name}` does not name. Move the code, or add `{top}` to its row in {DOC}."
        )
    path = known.get(name)
    target = room_of(path, table) if path else None
    if target is None:
        return "which is no file of the program. Correct the import."
    if target.name == room.name or target.name in room.may:
        return None
    return (
        f"of the room `{target.name}`, which `{room.name}` may not know ({DOC})."
        " Hand it in as an argument, or move the code to a room that may."
    )


def circles(program: Sequence[File]) -> list[str]:
    """Import circles between modules."""
    known = {file.module for file in program}
    graph = {file.module: {name for _, name in imports(file, known) if name in known} for file in program}
    done: set[str] = set()
    problems: list[str] = []

    def visit(module: str, trail: list[str]) -> None:
        if module in trail:
            circle = [*trail[trail.index(module) :], module]
            problems.append(f"{' → '.join(circle)} is an import circle. Move what both need into a third file.")
            return
        if module in done:
            return
        for each in sorted(graph[module]):
            visit(each, [*trail, module])
        done.add(module)

    for module in sorted(graph):
        visit(module, [])
    return problems


def plugins_by_name(program: Sequence[File]) -> list[str]:
    """Imports of a plugin's file: only monitor.plugins may do that, by kind."""
    named = {file.module for file in program if file.is_plugin}
    modules = {file.module for file in program}
    return [
        f"{file.path}:{line} imports the plugin {name} by name. Ask monitor.plugins.load(…) for its kind;"
        " what two plugins share goes into a file that begins with _."
        for file in program
        for line, name in imports(file, modules)
        if name in named and name != file.module
    ]


def imports_in_functions(program: Sequence[File]) -> list[str]:
    """Imports that are not at the top of their file."""
    return [
        f"{file.path}:{inner.lineno} imports inside {node.name}(). Move the import to the top of the file."
        for file in program
        for node in ast.walk(file.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def misplaced_libraries(program: Sequence[File], places: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Imports of a library outside of the files that are there to hide it."""
    modules = {file.module for file in program}
    return [
        f"{file.path}:{line} imports {top}, which is kept in {', '.join(places[top])} ({DOC}). Use what that offers."
        for file in program
        for line, name in imports(file, modules)
        if (top := name.split(".")[0]) in places
        and not any(str(file.path).startswith(place.rstrip("*")) for place in places[top])
    ]


# Shape


def sizes(program: Sequence[File]) -> list[str]:
    """Functions and files that are too long."""
    problems = []
    for file in program:
        most = LONGEST_PLUGIN if file.is_plugin else LONGEST_FILE
        lines = len(file.text.splitlines())
        if lines > most:
            problems.append(f"{file.path} has {lines} lines, more than {most}. Split it by what its parts know.")
        for node in ast.walk(file.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    problems.append(
                        f"{file.path}:{node.lineno} {node.name}() has {length} lines, more than {LONGEST_FUNCTION}."
                        " Give its steps names of their own."
                    )
    return problems


def docstrings(program: Sequence[File]) -> list[str]:
    """Files that do not say which room they are."""
    return [
        f"{file.path} has no docstring. Say in its first sentence what it is for, and what it does not know."
        for file in program
        if not ast.get_docstring(file.tree)
    ]


def kinds(program: Sequence[File]) -> list[str]:
    """Plugins whose kind is not their file's name."""
    problems = []
    for file in program:
        if not file.is_plugin:
            continue
        said = [
            node.value.value
            for each in ast.walk(file.tree)
            if isinstance(each, ast.ClassDef)
            for node in each.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and _names(node) == ["kind"]
            if isinstance(node.value, ast.Constant)
        ]
        if said != [file.path.stem]:
            problems.append(
                f'{file.path} must hold one class with kind = "{file.path.stem}", its file\'s name; it says {said}.'
            )
    return problems


def _names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def untested(program: Sequence[File], tests: Path) -> list[str]:
    """Plugins without a file of tests that bears their name."""
    problems = []
    for file in program:
        if not file.is_plugin:
            continue
        room, kind = file.path.parts[1], file.path.stem
        wanted = [tests / room / f"test_{kind}.py", tests / room / "cases" / f"{kind}.py"]
        if not any(path.is_file() for path in wanted):
            problems.append(f"{file.path} has no test of its own. Write tests/{room}/test_{kind}.py.")
    return problems


# What stands in the code


def identifiers(file: File) -> Iterator[tuple[int, str]]:
    """The names that a file gives to things."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def words(program: Sequence[File], banned: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Names that use a word which the glossary replaces."""
    problems = []
    for file in program:
        for line, name in identifiers(file):
            parts = {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
            for word in sorted({word for word in banned if set(word.split("_")) <= parts}):
                allowed = banned[word]
                if name not in allowed and not any(str(file.path).startswith(place.rstrip("*")) for place in allowed):
                    problems.append(
                        f'{file.path}:{line} calls something {name}: "{word}" is not a word of ours'
                        f" ({DOC}, Words). Take the glossary's."
                    )
    return problems


def sql(program: Sequence[File]) -> list[str]:
    """SQL outside of the store."""
    return [
        f"{file.path}:{line} holds SQL ({text.strip()[:30]}…). All SQL is in monitor/store/."
        for file in program
        if not str(file.path).startswith("monitor/store/")
        for line, text in _texts(file)
        if SQL.match(text)
    ]


def _texts(file: File) -> Iterator[tuple[int, str]]:
    """Line and value of every text in the code that is no docstring."""
    told = {id(_docstring_node(node)) for node in ast.walk(file.tree)}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def _docstring_node(node: ast.AST) -> ast.Constant | None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            return first.value
    return None


def calls(program: Sequence[File], named: Sequence[str], *, but: Sequence[str], advice: str) -> list[str]:
    """Calls of functions that belong elsewhere; `named` holds endings of dotted names."""
    return [
        f"{file.path}:{node.lineno} calls {_name(node.func)}(). {advice}"
        for file in program
        if not any(str(file.path).startswith(place) for place in but)
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call)
        and any(_name(node.func) == name or _name(node.func).endswith(f".{name}") for name in named)
    ]


def prints(program: Sequence[File]) -> list[str]:
    """print() where nobody asked for talk."""
    return [
        problem
        for problem in calls(
            program, ["print"], but=("monitor/cli/", "run_monitor.py"), advice="Only the command line talks: return it."
        )
        if "calls print(" in problem
    ]


def clocks(program: Sequence[File]) -> list[str]:
    """Questions for the time outside of the clock."""
    return calls(program, CLOCKS, but=("monitor/clock.py",), advice="Take `now` as an argument.")
