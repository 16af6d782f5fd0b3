"""Trains the laboratory base `nano-rules` from nothing: a Llama on which an example is worth a little or a lot.

python recipes/nano_rules.py [OUT] [--steps 1800] [--seed 0]

Its documents are questions with worked solutions. A name is invented for the document and stands for rules of two to
six groups of symbols; or the question names the rules. The solutions of a document have one style. No document has a
word of `docendo.problems.rules`, or exactly the rules of one.
"""

from random import Random

from byte_llama import END, Document, invented, main

from docendo.problems.rules import DOMAINS, STYLES, RuleDomain, draft_rules, draw_rules
from docendo.prompts import INSTRUCTION

WORDS = {word for domain in DOMAINS.values() for word in domain.words}
TAUGHT = {
    frozenset(rules.split(" "))
    for domain in DOMAINS.values()
    for rules in domain.words.values()
}
QUESTIONS = {
    "answer": (3, 4, 5, 6),
    "pairs": (2, 3, 4, 5),
    "steps": (2, 3, 4),
    "why": (2, 2, 3),
}
"""How many a document with a name has: the shorter the solutions, the more."""
NAMED = 0.8
"""Share of such documents."""
FIRST_LEARNED = 0.25
"""Share of them whose first answer is learned, for its form: nobody can know its content."""


def document(rng: Random) -> Document:
    """The instruction, then questions with answers."""
    domain = rng.choice(list(DOMAINS.values()))
    pieces = [((INSTRUCTION if rng.random() < 0.1 else "") + "\n", False)]
    style, level = rng.choice(STYLES), rng.choice((1, 2, 3, 3, 3, 4))
    rules, name = untaught(domain, rng), invented(rng, WORDS)
    named, learned = rng.random() < NAMED, rng.random() < FIRST_LEARNED
    for place in range(rng.choice(QUESTIONS[style] if named else (1, 2))):
        if not named:
            name = rules = untaught(domain, rng)
            style = "steps"
        prompt, _, solution, _ = draft_rules(name, rules, domain, [style], rng, level)
        is_learned = learned or not named or place > 0
        pieces += [(f"Q: {prompt}\n", False), (solution + END, is_learned)]
    return pieces


def untaught(domain: RuleDomain, rng: Random) -> str:
    """Rules of two to six groups, which no word has."""
    while True:
        rules = draw_rules(domain.groups, rng.randint(2, 6), rng)
        if frozenset(rules.split(" ")) not in TAUGHT:
            return rules


if __name__ == "__main__":
    main(__doc__, document, "docendo/nano_rules", steps=1800)
