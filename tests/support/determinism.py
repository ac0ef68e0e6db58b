"""The determinism lint: finds, in a module's syntax, what two honest machines could compute differently.

Each ban names its replacement. A line that must break a ban says so and why, in a comment on that line:
`# tidy: hash - only Python's own dictionaries see it`; an allowance without a reason, or without use, is
refused. Sets may be built, asked `in`, compared and counted; their order is what differs between processes,
so whatever would show it is refused. The lint follows the names and attributes that a module itself builds or
annotates as sets.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

CLOCK = "the block's number, or Timestamp's now"
DICE = "the Beacon interface, or a hash of what is on chain"
WORLD = "a value passed in: node/ talks to the world"

MODULES = {
    "asyncio": WORLD,
    "cmath": "integers and runtime.types.fixed",
    "concurrent": WORLD,
    "datetime": CLOCK,
    "locale": "explicit formats",
    "multiprocessing": WORLD,
    "os": WORLD,
    "platform": WORLD,
    "random": DICE,
    "secrets": DICE,
    "select": WORLD,
    "shutil": WORLD,
    "signal": WORLD,
    "socket": WORLD,
    "statistics": "integers and runtime.types.fixed",
    "subprocess": WORLD,
    "tempfile": WORLD,
    "threading": WORLD,
    "time": CLOCK,
    "trio": WORLD,
    "uuid": DICE,
}
CALLS = {
    "float": ("float", "integers and runtime.types.fixed"),
    "complex": ("float", "integers and runtime.types.fixed"),
    "round": ("float", "`//` with its rounding named, or runtime.types.fixed"),
    "hash": ("hash", "a hash of runtime.crypto.hashing: this one changes with the process"),
    "id": ("id", "a key made of values: addresses change with the process"),
    "open": ("world", WORLD),
    "input": ("world", WORLD),
    "print": ("world", "an event, or an error: node/ shows them"),
}
MATH_ALLOWED = frozenset({"isqrt", "gcd", "lcm", "comb", "perm", "prod", "factorial"})
SET_TYPES = frozenset({"set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet"})
SET_METHODS = frozenset({"union", "difference", "intersection", "symmetric_difference", "copy"})
SET_OPERATORS = (ast.BitOr, ast.BitAnd, ast.BitXor, ast.Sub)
ORDER_SHOWING = frozenset(
    {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "deque", "next"}
)
ORDER_SHOWING_METHODS = frozenset({"join", "extend", "fromkeys", "extendleft"})
KEYED = frozenset({"sorted", "min", "max"})
IN_ORDER = "sorted(...) by the whole value, a tuple, or a dict"

ALLOWANCE = re.compile(r"#\s*tidy:\s*(?P<ban>[a-z]+)(?:\s+-\s+(?P<reason>\S.*))?")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line that may differ between two honest machines."""

    line: int
    ban: str
    message: str


def lint(source: str) -> list[Finding]:
    """Everything in a module that the deterministic half may not do, in line order."""
    tree = ast.parse(source)
    visitor = Visitor(tree)
    visitor.visit(tree)
    return sorted(
        settle(source, visitor.findings), key=lambda finding: (finding.line, finding.ban, finding.message)
    )


def settle(source: str, findings: list[Finding]) -> Iterator[Finding]:
    """What remains once the allowances are taken off, and the allowances that do not hold."""
    allowed: dict[tuple[int, str], str | None] = {}
    for number, line in enumerate(source.splitlines(), start=1):
        if found := ALLOWANCE.search(line):
            allowed[number, found["ban"]] = found["reason"]
    for finding in findings:
        if not allowed.get((finding.line, finding.ban)):
            yield finding
    used = {(finding.line, finding.ban) for finding in findings}
    for (line, ban), reason in allowed.items():
        if (line, ban) not in used:
            yield Finding(line, "allowance", f"this allowance of `{ban}` allows nothing; remove it")
        elif reason is None:
            yield Finding(line, "allowance", f"an allowance gives its reason: `# tidy: {ban} - why`")


class Visitor(ast.NodeVisitor):
    """Walks one module with the names that are known to be sets, scope by scope."""

    def __init__(self, tree: ast.Module) -> None:
        self.findings: list[Finding] = []
        self.attributes = set_attributes(tree)
        self.scopes: list[dict[str, bool]] = [{}]

    def ban(self, node: ast.expr | ast.stmt, ban: str, what: str, instead: str) -> None:
        self.findings.append(Finding(node.lineno, ban, f"{what}; use {instead}"))

    # Names, numbers, imports.

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, float | complex):
            self.ban(node, "float", f"float literal {node.value!r}", "integers and runtime.types.fixed")

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Div):
            self.ban(node, "float", "true division", "`//` with its rounding named, or runtime.types.fixed")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.op, ast.Div):
            self.ban(node, "float", "true division", "`//=` with its rounding named, or runtime.types.fixed")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == "float" and isinstance(node.ctx, ast.Load):
            self.ban(node, "float", "float", "integers and runtime.types.fixed")

    def visit_Global(self, node: ast.Global) -> None:
        self.ban(node, "global", f"global {', '.join(node.names)}", "storage, or a value passed in")

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self.imported(node, name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        self.imported(node, module)
        if module == "math":
            for name in node.names:
                if name.name not in MATH_ALLOWED:
                    self.ban(node, "float", f"math.{name.name}", "integers and runtime.types.fixed")

    def imported(self, node: ast.stmt, module: str) -> None:
        if instead := MODULES.get(module.split(".")[0]):
            self.ban(node, "world", f"import of {module}", instead)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id == "math" and node.attr not in MATH_ALLOWED:
            self.ban(node, "float", f"math.{node.attr}", "integers and runtime.types.fixed")
        self.generic_visit(node)

    # What shows the order of a set.

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func
        if isinstance(called, ast.Name):
            if (banned := CALLS.get(called.id)) and called.id != "float":
                self.ban(node, banned[0], f"{called.id}()", banned[1])
            if called.id in ORDER_SHOWING:
                self.ordered(*node.args)
            if called.id in KEYED and any(word.arg == "key" for word in node.keywords):
                for argument in node.args[:1]:
                    if self.is_set(argument):
                        self.ban(
                            argument,
                            "set",
                            f"{called.id}(key=) of a set: equals keep the set's order",
                            IN_ORDER,
                        )
        elif isinstance(called, ast.Attribute):
            if called.attr in ORDER_SHOWING_METHODS:
                self.ordered(*node.args)
            if called.attr == "pop" and not node.args and self.is_set(called.value):
                self.ban(node, "set", "pop() of a set", IN_ORDER)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self.ordered(node.iter)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.ordered(node.iter)
        self.generic_visit(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        """A set made from a set shows no order."""
        for part in (node.elt, *(part for comprehension in node.generators for part in comprehension.ifs)):
            self.visit(part)
        for comprehension in node.generators:
            self.visit(comprehension.iter)

    def visit_Starred(self, node: ast.Starred) -> None:
        self.ordered(node.value)
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> None:
        for part in node.elts:
            self.visit(part.value if isinstance(part, ast.Starred) else part)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        self.ordered(node.value)
        self.generic_visit(node)

    def ordered(self, *parts: ast.expr) -> None:
        for part in parts:
            if self.is_set(part):
                self.ban(part, "set", "the order of a set", IN_ORDER)

    # Which expressions are sets.

    def is_set(self, node: ast.expr) -> bool:
        match node:
            case ast.Set() | ast.SetComp():
                return True
            case ast.Call(func=ast.Name(id="set" | "frozenset")):
                return True
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in SET_METHODS:
                return self.is_set(value)
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, SET_OPERATORS):
                return any(self.is_set(side) or is_dict_view(side) for side in (left, right))
            case ast.IfExp(body=body, orelse=orelse):
                return self.is_set(body) or self.is_set(orelse)
            case ast.NamedExpr(value=value):
                return self.is_set(value)
            case ast.Name(id=name):
                return next((scope[name] for scope in reversed(self.scopes) if name in scope), False)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr):
                return attr in self.attributes
            case _:
                return False

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scopes[-1][target.id] = self.is_set(node.value)
            else:
                self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            self.scopes[-1][node.target.id] = is_set_type(node.annotation)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.scopes[-1][node.target.id] = self.is_set(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.ban(node, "world", "async def", WORLD)
        self.function(node)

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        self.scopes.append({argument.arg: is_set_type(argument.annotation) for argument in arguments})
        self.generic_visit(node)
        self.scopes.pop()


def set_attributes(tree: ast.Module) -> frozenset[str]:
    """The attributes that the module annotates as sets, or gives a set to, on `self` or in a class body."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=ast.Attribute(attr=name), annotation=annotation) if is_set_type(
                annotation
            ):
                found.add(name)
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=value) if is_plain_set(value):
                found.add(name)
            case ast.ClassDef(body=body):
                for statement in body:
                    match statement:
                        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                            if is_set_type(annotation):
                                found.add(name)
                        case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_plain_set(value):
                            found.add(name)
                        case _:
                            pass
            case _:
                pass
    return frozenset(found)


def is_plain_set(node: ast.expr) -> bool:
    return isinstance(node, ast.Set | ast.SetComp) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("set", "frozenset")
    )


def is_dict_view(node: ast.expr) -> bool:
    """`mapping.keys()` and `.items()` behave as sets under set operators."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("keys", "items")
        and not node.args
    )


def is_set_type(annotation: ast.expr | None) -> bool:
    match annotation:
        case ast.Subscript(value=value):
            return is_set_type(value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in SET_TYPES
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return is_set_type(left) or is_set_type(right)
        case _:
            return False
