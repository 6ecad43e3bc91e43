"""The command line: ``symgeo derive``, ``symgeo source`` and ``symgeo catalogue``.

Everything typed is read by the grammar of symgeo.grammar; nothing is evaluated as a program. Errors of symgeo
are printed to standard error and end with exit code 2.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symgeo.codegen.source import LANGUAGES
from symgeo.derivation.objects import OBJECTS, module_of
from symgeo.errors import ArgumentError, ParameterListError, SymgeoError

if TYPE_CHECKING:
    import sympy as sp

    from symgeo.models.statistical_model import StatisticalModel

WIDTH = 100
# Options whose value may begin with a minus sign.
_VALUED = ("--density", "--log-density", "--variable", "--parameter", "--constraint", "--alpha", "--name")

_EXAMPLES = """examples:
  symgeo derive gamma
  symgeo derive "categorical(4)" --latex categorical.tex
  symgeo derive --density "r**k*x**(k-1)*exp(-r*x)/gamma(k)" --variable "x > 0" --parameter "
  ""k > 0" --parameter "r > 0"
  symgeo source gamma metric --language numpy
  symgeo catalogue
"""
_DERIVE_EXAMPLES = """examples:
  symgeo derive normal
  symgeo derive von_mises --latex von_mises.tex --markdown von_mises.md
  symgeo derive binomial --option n=5
  symgeo derive gamma --alpha 1/2
  symgeo derive gamma --source numpy > gamma_geometry.py
  symgeo derive --density "p**x*(1-p)**(1-x)" --variable "x in {0, 1}" --parameter "0 < p < 1"
  symgeo derive --log-density "-(x-m)**2/(2*s**2) - log(s) - log(2*pi)/2" --variable "x real" \\
                --parameter "m real" --parameter "s > 0" --name normal
"""
_SOURCE_EXAMPLES = """examples:
  symgeo source gamma metric
  symgeo source "dirichlet(3)" christoffel --alpha 0
  symgeo source gamma metric --language c > metric.c
  symgeo source all --density "k*exp(-k*x)" --variable "x > 0" --parameter "k > 0"

Functions take theta of shape (..., n), the parameters in the order of their declaration, and give arrays of
shape (..., n, n) and the like. The order of a connection is a keyword, alpha unless a parameter is called so;
the variables of a density are keywords too. In C each object has a function of one point and one of many.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 for an error that the message explains."""
    try:
        arguments = _parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
        arguments.run(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except SymgeoError as error:
        _say(f"symgeo: error: {error}", sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of a pipe has closed it: what is left unwritten goes nowhere, and without a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _joined(argv: Sequence[str]) -> list[str]:
    """``--alpha -1/2`` as ``--alpha=-1/2``: argparse would take a value with a minus sign for an option."""
    out: list[str] = []
    for argument in argv:
        if out and out[-1] in _VALUED:
            out[-1] += f"={argument}"
        else:
            out.append(argument)
    return out


def _parser() -> argparse.ArgumentParser:
    style: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    parser = argparse.ArgumentParser(
        prog="symgeo",
        description="Symbolic information geometry of parametric families.",
        epilog=_EXAMPLES,
        **style,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    derive = commands.add_parser(
        "derive",
        help="write down the geometry of a family, step by step",
        description="Write down the geometry of a family, from its density to curvature and geodesics.",
        epilog=_DERIVE_EXAMPLES,
        **style,
    )
    derive.add_argument(
        "family",
        nargs="?",
        metavar="NAME",
        help='a family of the catalogue, such as gamma or "categorical(4)"',
    )
    _model_options(derive)
    derive.add_argument("--alpha", metavar="A", help="the order of the connection, a number; by default a symbol")
    derive.add_argument("--latex", metavar="FILE", help="write a LaTeX document to FILE (- for standard output)")
    derive.add_argument("--markdown", metavar="FILE", help="write Markdown to FILE (- for standard output)")
    derive.add_argument(
        "--source",
        metavar="LANGUAGE",
        choices=LANGUAGES,
        help=f"print a module of functions instead: {', '.join(LANGUAGES)}",
    )
    derive.set_defaults(run=_derive)

    source = commands.add_parser(
        "source",
        help="print a function as source code that stands alone",
        description="Print an object of a family's geometry as source code that stands alone.\n\n"
        f"OBJECT is one of {', '.join(OBJECTS)}, all.",
        epilog=_SOURCE_EXAMPLES,
        **style,
    )
    source.add_argument(
        "what", nargs="+", metavar="[NAME] OBJECT", help="a family (not with --density), then the object"
    )
    _model_options(source)
    source.add_argument("--alpha", metavar="A", help="the order of the connection, a number; by default a keyword")
    source.add_argument("--language", default="numpy", choices=LANGUAGES, help="the language; default numpy")
    source.set_defaults(run=_source)

    catalogue = commands.add_parser("catalogue", help="list the families that have a name", **style)
    catalogue.set_defaults(run=_catalogue)
    return parser


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a known value of the named family, such as k=4",
    )
    group = parser.add_argument_group("a family of your own")
    group.add_argument("--density", metavar="TEXT", help="its density or probability, such as k*exp(-k*x)")
    group.add_argument("--log-density", metavar="TEXT", help="its logarithm instead")
    group.add_argument(
        "--variable",
        action="append",
        default=[],
        metavar="TEXT",
        help='a variable with its range: "x > 0", "0 < x < 1", "x real", "x in {0, 1}", "x in 0..10"; repeat',
    )
    group.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="TEXT",
        help='a parameter with its range: "k > 0", "mu real"; repeat',
    )
    group.add_argument(
        "--constraint",
        action="append",
        default=[],
        metavar="TEXT",
        help='an inequality among parameters: "p1 + p2 < 1"',
    )
    group.add_argument("--name", metavar="TEXT", help="the name of the family in headings")


# Models from arguments


def _model(arguments: argparse.Namespace, family: str | None) -> StatisticalModel:
    """The model that the arguments name or declare."""
    own = [o for o in ("density", "log_density") if getattr(arguments, o) is not None]
    if len(own) > 1:
        raise ArgumentError("both --density and --log-density are given; give one of them")
    declared = arguments.variable or arguments.parameter or arguments.constraint or own
    if family is not None:
        if declared:
            raise ArgumentError(f"the family {family} is given together with a density of your own; give one of them")
        return _named(family, arguments.option)
    if not own:
        raise ArgumentError(
            "name a family of the catalogue (symgeo catalogue lists them), or declare one with --density, "
            "--variable and --parameter"
        )
    if arguments.option:
        raise ArgumentError("--option belongs to a family of the catalogue; write known values into the density")
    return _declared(arguments)


def _named(family: str, options: Sequence[str]) -> StatisticalModel:
    from symgeo import catalogue

    if options:
        if "(" in family:
            raise ArgumentError(f"give the known values of {family} in the brackets or as --option, not both")
        for option in options:
            if "=" not in option:
                raise ArgumentError(f"the option {option} is no KEY=VALUE, such as k=4")
        family = f"{family}({', '.join(options)})"
    return catalogue.get(family)


def _declared(arguments: argparse.Namespace) -> StatisticalModel:
    from symgeo.algebra.sets import assumed_set
    from symgeo.grammar import parse_constraint, parse_expression
    from symgeo.models.statistical_model import StatisticalModel

    for what in ("variable", "parameter"):
        if not getattr(arguments, what):
            raise ParameterListError(f'no {what} is declared; add --{what}, such as --{what} "x > 0"')
    variables = _declarations(arguments.variable)
    parameters = _declarations(arguments.parameter)
    both = {s.name for s in variables} & {s.name for s in parameters}
    if both:
        raise ParameterListError(f"{', '.join(sorted(both))} is declared both as --variable and as --parameter")
    symbols = {s.name: s for s in (*variables, *parameters)}
    text = arguments.density if arguments.density is not None else arguments.log_density
    density = parse_expression(text, symbols)
    options: dict[str, Any] = {
        "support": {v: assumed_set(v) if given is None else given for v, given in variables.items()},
        "domain": {p: given for p, given in parameters.items() if given is not None},
        "constraints": [parse_constraint(c, {p.name: p for p in parameters}) for c in arguments.constraint],
        "name": arguments.name,
    }
    build = StatisticalModel if arguments.density is not None else StatisticalModel.from_log_density
    return build(density, tuple(variables), tuple(parameters), **options)


def _declarations(texts: Sequence[str]) -> dict[sp.Symbol, sp.Set | None]:
    from symgeo.grammar import parse_declaration

    found: dict[sp.Symbol, sp.Set | None] = {}
    for text in texts:
        symbol, given = parse_declaration(text, {s.name: s for s in found})
        found[symbol] = given
    return found


def _alpha(text: str | None) -> sp.Expr | None:
    from symgeo.grammar import parse_expression

    if text is None:
        return None
    value = parse_expression(text, {})
    if not (value.is_number and value.is_extended_real and value.is_finite):
        raise ArgumentError(f"the order of a connection is a real number such as 0, -1 or 1/3, not {text}")
    return value


# Commands


def _derive(arguments: argparse.Namespace) -> None:
    from symgeo.derivation import derivation

    model = _model(arguments, arguments.family)
    alpha = _alpha(arguments.alpha)
    if arguments.source is not None:
        _say(module_of(model, list(OBJECTS), alpha, arguments.source))
        if arguments.latex is None and arguments.markdown is None:
            return
    written = derivation(model, alpha)
    if arguments.latex is not None:
        _write(arguments.latex, written.latex())
    if arguments.markdown is not None:
        _write(arguments.markdown, written.markdown())
    if arguments.source is arguments.latex is arguments.markdown is None:
        _say(written.text(_columns(), use_unicode=_unicode()))


def _source(arguments: argparse.Namespace) -> None:
    *names, wanted = arguments.what
    if len(names) > 1:
        raise ArgumentError(f"{' '.join(arguments.what)} is more than a family and an object; quote a name with spaces")
    if wanted != "all" and wanted not in OBJECTS:
        raise ArgumentError(f"there is no object {wanted}; choose one of {', '.join(OBJECTS)}, all")
    model = _model(arguments, names[0] if names else None)
    objects = list(OBJECTS) if wanted == "all" else [wanted]
    _say(module_of(model, objects, _alpha(arguments.alpha), arguments.language))


def _catalogue(arguments: argparse.Namespace) -> None:
    from symgeo import catalogue
    from symgeo.derivation.notation import Notation
    from symgeo.derivation.text_printer import LinePrinter

    rows = [("family", "parameters", "density")]
    for name in catalogue.names():
        model = catalogue.get(name)
        printer = LinePrinter(Notation((*model.variables, *model.parameters)), _unicode())
        parameters = ", ".join(map(printer.doprint, model.parameters))
        rows.append((model.name or name, parameters, printer.doprint(model.density)))
    first, second = (max(len(row[n]) for row in rows) for n in (0, 1))
    for row in rows:
        line = f"{row[0]:{first}}  {row[1]:{second}}  {row[2]}"
        limit = _columns() if sys.stdout.isatty() else len(line)
        _say(line if len(line) <= limit else f"{line[: limit - 3]}...")


# Output


def _unicode() -> bool:
    """Whether standard output can show mathematics beyond ASCII."""
    try:
        "∂θ ∈ ψ₁ √─⎝ℓ".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _columns() -> int:
    """The width of the terminal, at most the default, which also holds where there is no terminal."""
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns) if sys.stdout.isatty() else WIDTH


def _say(text: str, stream: Any = None) -> None:
    stream = sys.stdout if stream is None else stream
    encoding = getattr(stream, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding).rstrip("\n"), file=stream)


def _write(path: str, text: str) -> None:
    """The text into the file, and the path to standard output; ``-`` writes the text there."""
    if path == "-":
        _say(text)
        return
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ArgumentError(f"cannot write {path}: {error.strerror}; choose another file") from error
    _say(path)
