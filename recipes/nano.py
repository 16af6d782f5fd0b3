"""Trains the laboratory base `nano` from nothing: a Llama of 1.6 M weights that reads bytes and learns in context.

python recipes/nano.py [OUT] [--steps 1500] [--seed 0]

Its documents are questions with worked solutions. Procedures are spelled out, or have a name that is invented for the
document, so that only the examples before a question tell what the name means. No document has a word, an order of
steps or a unique step that `docendo.problems.procedures` teaches. Writes OUT/model.safetensors, the tokenizer, and
OUT/curve.json.
"""

from random import Random

from byte_llama import END, Document, invented, main

from docendo.problems.procedures import PROCEDURES, ProcedureSpec, draft_procedure
from docendo.prompts import INSTRUCTION

TAKEN = {
    word
    for spec in PROCEDURES.values()
    for word in (*spec.words, *spec.steps, *spec.unique_steps)
}
CHAINS = {steps for spec in PROCEDURES.values() for steps in spec.words.values()}


def document(rng: Random) -> Document:
    """The instruction, then one to four questions with answers."""
    spec = rng.choice(list(PROCEDURES.values()))
    pieces = [((INSTRUCTION if rng.random() < 0.1 else "") + "\n", False)]
    named, count = rng.random() < 0.6, rng.choice((1, 2, 2, 3, 4))
    name, steps, level = invented(rng, TAKEN), chain(spec, rng), rng.randint(1, 4)
    for _ in range(max(count, 2) if named else count):
        if not named:
            steps = chain(spec, rng)
            name = " ".join(steps)
        prompt, _, solution, _ = draft_procedure(
            name, steps, spec, spec.make_text(rng, level)
        )
        pieces += [(f"Q: {prompt}\n", False), (solution + END, True)]
    return pieces


def chain(spec: ProcedureSpec, rng: Random) -> tuple[str, ...]:
    """One to three known steps, in an order that no word has."""
    while True:
        steps = tuple(rng.choice(list(spec.steps)) for _ in range(rng.choice((1, 2, 2, 3))))
        if steps not in CHAINS:
            return steps


if __name__ == "__main__":
    main(__doc__, document, "docendo/nano", steps=1500)
