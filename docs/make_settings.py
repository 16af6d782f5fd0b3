"""docs/settings.md from the code: ``python docs/make_settings.py``; ``--check`` only compares it."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [
    *sorted((ROOT / "docendo" / "config").glob("*.py")),
    ROOT / "docendo" / "asking" / "people.py",
    ROOT / "docendo" / "asking" / "personas.py",
    ROOT / "docendo" / "datasets" / "file_source.py",
    ROOT / "docendo" / "problems" / "gym.py",
    ROOT / "docendo" / "problems" / "user_function.py",
    *sorted((ROOT / "docendo" / "graders").glob("*.py")),
    ROOT / "docendo" / "judges" / "judge.py",
    ROOT / "docendo" / "humans" / "rating.py",
    ROOT / "docendo" / "humans" / "simulated.py",
]
PAGE = ROOT / "docs" / "settings.md"
SECTIONS = {
    "Config": "the top of the file",
    "EngineConfig": "`[engine]`",
    "DomainConfig": "`[domains.NAME]`",
    "AgentConfig": "`[agents.NAME]`",
    "ExpertsConfig": "`[experts]`",
    "TeachingConfig": "`[teaching]`",
    "LeagueConfig": "`[league]`",
    "DuelsConfig": "`[duels]`",
    "LearningConfig": "`[learning]`",
    "EvaluationConfig": "`[evaluation]`",
    "MonitorsConfig": "`[monitors]`",
    "PersonaAskerConfig": '`[askers.NAME]` with `type = "persona"`',
    "FileAskerConfig": '`[askers.NAME]` with `type = "file"`',
    "FunctionAskerConfig": '`[askers.NAME]` with `type = "function"`',
    "GymAskerConfig": '`[askers.NAME]` with `type = "gym"`',
    "PersonAskerConfig": '`[askers.NAME]` with `type = "person"`',
    "PersonConfig": "`[people.NAME]`",
    "NumericConfig": '`[evaluators.NAME]` with `type = "numeric"`',
    "SymbolicConfig": '`[evaluators.NAME]` with `type = "symbolic"`',
    "UnitTestConfig": '`[evaluators.NAME]` with `type = "tests"`',
    "CompilerConfig": '`[evaluators.NAME]` with `type = "compiler"`',
    "SpellingConfig": '`[evaluators.NAME]` with `type = "spelling"`',
    "FormatConfig": '`[evaluators.NAME]` with `type = "format"`',
    "FunctionEvaluatorConfig": '`[evaluators.NAME]` with `type = "function"`',
    "JudgeConfig": '`[evaluators.NAME]` with `type = "judge"`',
    "PersonEvaluatorConfig": '`[evaluators.NAME]` with `type = "person"`',
    "HumanRaterConfig": '`[evaluators.NAME]` with `type = "human"`',
    "AllConfig": '`[evaluators.NAME]` with `type = "all"`',
    "AnyConfig": '`[evaluators.NAME]` with `type = "any"`',
    "WeightedConfig": '`[evaluators.NAME]` with `type = "weighted"`',
    "FirstApplicableConfig": '`[evaluators.NAME]` with `type = "first"`',
    "GateEvaluatorConfig": '`[evaluators.NAME]` with `type = "gate"`',
    "EndpointConfig": "`[endpoints.NAME]`",
    "GrammarConfig": "`[agents.NAME.grammar]`",
    "DataConfig": "`[agents.NAME.data]`",
    "StudyConfig": "the top of a study's file",
    "RegimeConfig": "`[regimes.NAME]` of a study",
    "CustomArmConfig": "`[own.NAME]` of a study",
}


def page() -> str:
    """Every setting with its type, default and meaning, as Markdown."""
    bodies = [node for source in SOURCES for node in ast.parse(source.read_text()).body]
    classes = {n.name: n for n in bodies if isinstance(n, ast.ClassDef)}
    lines = [
        "# Every setting",
        "",
        "A config is TOML, and so is a study; what it does not say keeps its default. Unknown names are errors.",
    ]
    for name, title in SECTIONS.items():
        lines += [
            "",
            f"## {title[0].upper()}{title[1:]}",
            "",
            "| setting | default | meaning |",
            "|---|---|---|",
        ]
        body = classes[name].body
        for field, after in zip(body, [*body[1:], None], strict=True):
            if not isinstance(field, ast.AnnAssign) or not isinstance(
                field.target, ast.Name
            ):
                continue
            constant = after.value if isinstance(after, ast.Expr) else None
            meaning = constant.value if isinstance(constant, ast.Constant) else ""
            lines.append(
                f"| `{field.target.id}` | {_default(field.value)} | {' '.join(str(meaning).split())} |"
            )
    return "\n".join(lines) + "\n"


def _default(value: ast.expr | None) -> str:
    text = ast.unparse(value) if value else ""
    empty = {"Field(default_factory=list)": "[]", "Field(default_factory=dict)": "{}"}
    text = empty.get(text, text)
    if text.endswith("Config()"):
        return "see below"
    return "the embedded league" if len(text) > 40 else f"`{text}`"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(int(page() != PAGE.read_text()))
    PAGE.write_text(page())
