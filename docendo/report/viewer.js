"use strict";
// Every text goes in through textContent; nothing here builds HTML from a string.
const episodes = JSON.parse(document.getElementById("episodes").textContent);
const PER_PAGE = 10;
const VERDICTS = [
  ["right", "some attempt right", (e) => e.attempts.some((a) => a.score >= 1)],
  ["wrong", "all attempts wrong", (e) => e.attempts.length > 0 && e.attempts.every((a) => !(a.score >= 1))],
  ["helped", "lesson helped", (e) => e.gain > 0],
  ["hurt", "lesson hurt", (e) => e.gain < 0],
  ["gate", "stopped at the gate", (e) => !e.passed],
];
const state = { teacher: "", student: "", domain: "", family: "", round: "", verdict: "", text: "", page: 0 };

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function words(e) {
  const problems = [e.test, ...e.examples.map((x) => x.problem)];
  const attempts = [...e.attempts, ...e.control, ...e.hints, ...e.examples.flatMap((x) => [x.attempt, ...x.tries])];
  return [...problems.flatMap((p) => [p.prompt, p.answer]), ...attempts.flatMap((a) => [a.text, a.reason])].join("\n").toLowerCase();
}

function matching() {
  const verdict = VERDICTS.find(([name]) => name === state.verdict);
  const needle = state.text.trim().toLowerCase();
  return episodes.filter(
    (e) =>
      ["teacher", "student", "domain", "family", "round"].every((key) => !state[key] || String(e[key]) === state[key]) &&
      (!verdict || verdict[2](e)) &&
      (!needle || words(e).includes(needle)),
  );
}

function signed(value) {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
}

function passage(label, text) {
  return make("div", { class: "passage" }, make("h4", {}, label), make("pre", { tabindex: "0" }, text));
}

function attempt(label, a) {
  const right = a.score >= 1;
  const word = right ? "right" : a.score > 0 ? `score ${a.score}` : "wrong";
  const mark = make("span", { class: right ? "mark right" : "mark wrong" }, `${right ? "✓" : "✗"} ${word}`);
  const head = make("h4", {}, label ? `${label} ` : "", mark, make("span", { class: "reason" }, a.reason ? ` ${a.reason}` : ""));
  return make("div", { class: "passage attempt" }, head, make("pre", { tabindex: "0" }, a.text || " "));
}

function group(title, attempts) {
  const right = attempts.filter((a) => a.score >= 1).length;
  const details = make("details", { class: "group" }, make("summary", {}, `${title}: ${right} of ${attempts.length} right`));
  if (title === "With the lesson") details.open = true;
  details.append(...attempts.map((a) => attempt("", a)));
  return details;
}

function card(e) {
  const outcome = !e.passed
    ? make("span", { class: "gain gate" }, "stopped at the gate")
    : e.gain === null
      ? make("span", { class: "gain gate" }, "not chosen, so not shown")
      : make("span", { class: e.gain > 0 ? "gain up" : e.gain < 0 ? "gain down" : "gain" }, `gain ${signed(e.gain)}: ${e.with.toFixed(2)} with the lesson, ${e.without.toFixed(2)} without`);
  const head = make(
    "h3", {},
    make("span", {}, make("b", {}, e.teacher), " taught ", make("b", {}, e.student)),
    make("span", { class: "where" }, `${e.domain} / ${e.family}, level ${e.level} · round ${e.round}`),
    outcome,
  );
  const lesson = make("div", { class: "column" }, make("h5", {}, "The lesson"));
  for (const x of e.examples) {
    lesson.append(passage("Problem", x.problem.prompt), ...x.tries.map((a) => attempt("The student's own answer", a)));
    lesson.append(attempt(x.tries.some((a) => !(a.score >= 1)) ? "Correction" : "Worked solution", x.attempt));
    if (x.part && x.part !== x.attempt.text) lesson.append(passage("What was shown of it", x.part));
    if (!(x.attempt.score >= 1)) lesson.append(make("p", { class: "answer" }, `Right answer: ${x.problem.answer}`));
  }
  if (e.dense !== null) lesson.append(make("p", { class: "answer" }, `Dense gain ${signed(e.dense)}: a known right answer became that much likelier, in nats per token.`));
  const test = make("div", { class: "column" }, make("h5", {}, "The test"), passage("Problem", e.test.prompt));
  test.append(make("p", { class: "answer" }, `Right answer: ${e.test.answer}`));
  if (e.attempts.length) test.append(group("With the lesson", e.attempts));
  if (e.hints.length) test.append(group("After parts of the lesson", e.hints));
  if (e.control.length) test.append(group("Without it", e.control));
  return make("article", {}, head, make("div", { class: "columns" }, lesson, test));
}

function show() {
  const found = matching();
  const last = Math.max(0, Math.ceil(found.length / PER_PAGE) - 1);
  state.page = Math.min(state.page, last);
  const first = state.page * PER_PAGE;
  document.getElementById("cards").replaceChildren(...found.slice(first, first + PER_PAGE).map(card));
  const shown = `${first + 1} to ${Math.min(first + PER_PAGE, found.length)} of ${found.length}, the newest first`;
  document.getElementById("found").textContent = found.length ? shown : "No episode fits these filters.";
  const turn = (label, page, off) => {
    const button = make("button", { type: "button" }, label);
    button.disabled = off;
    button.addEventListener("click", () => {
      state.page = page;
      show();
      document.getElementById("lessons").scrollIntoView();
      document.querySelector("#cards pre, #filters select").focus({ preventScroll: true });
    });
    return button;
  };
  const where = make("span", {}, `page ${state.page + 1} of ${last + 1}`);
  const buttons = [turn("← newer", state.page - 1, state.page === 0), where, turn("older →", state.page + 1, state.page === last)];
  document.getElementById("pages").replaceChildren(...(last ? buttons : []));
}

function changed(key, value) {
  state[key] = value;
  state.page = 0;
  show();
}

function choice(key, label, options) {
  const select = make("select", {}, make("option", { value: "" }, "all"));
  select.append(...options.map(([value, text]) => make("option", { value }, text)));
  select.addEventListener("change", () => changed(key, select.value));
  return make("label", {}, label, select);
}

function filters() {
  const form = document.getElementById("filters");
  for (const key of ["teacher", "student", "domain", "family", "round"]) {
    const values = [...new Set(episodes.map((e) => e[key]))];
    values.sort(key === "round" ? (a, b) => b - a : undefined);
    form.append(choice(key, key, values.map((v) => [String(v), String(v)])));
  }
  form.append(choice("verdict", "verdict", VERDICTS));
  const search = make("input", { type: "search", placeholder: "words in any text" });
  search.addEventListener("input", () => changed("text", search.value));
  form.append(make("label", { class: "wide" }, "search", search));
  form.addEventListener("submit", (event) => event.preventDefault());
}

filters();
show();
