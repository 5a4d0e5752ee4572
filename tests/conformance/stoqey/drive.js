// Plays a plan of requests with @stoqey/ib and prints what was heard to each.
//
// Arguments: port, client id. Standard input: [{method, arguments, answers, id}], JSON.
// Standard output: one answer each, JSON: a callback's name, "error <code>", "silence" or null.

const { IBApi, ScanCode } = require("@stoqey/ib");

const ANSWER_MILLISECONDS = 10000;
const QUIET_MILLISECONDS = 50;
const SILENT = "silence";

const [port, clientId] = process.argv.slice(2).map(Number);
const ib = new IBApi({ host: "127.0.0.1", port, clientId, maxReqPerSec: 40 });
let heard = [];
let wake = () => {};

ib.on("all", (name, values) => {
  heard.push([name, values]);
  wake();
});
ib.on("error", () => {}); // an error without a listener would end the program

const isAdvisory = (code) => [10167, 10349].includes(code) || (code >= 2100 && code < 2200);

const names = (values, row) => Number(values[0]) === row.id; // some ids come as text

function answerTo(row) {
  for (const [name, values] of heard) {
    if (name === "error" || name === "info") {
      const [, code, id = -1] = values; // an error without an id is called an info
      if (!isAdvisory(code) && (id === row.id || id === -1)) return `error ${code}`;
    } else if (row.answers.includes(name) && (row.id < 0 || !values.length || names(values, row))) {
      return name;
    } else if (row.answers.includes(name) && name === "userInfo") {
      return name; // its listener gets no id
    }
  }
  return null;
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function answer(row) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(null), ANSWER_MILLISECONDS);
    const finish = (found) => {
      clearTimeout(timer);
      wake = () => {};
      resolve(found);
    };
    wake = () => {
      const found = answerTo(row);
      if (found !== null) finish(found);
    };
    wake();
  });
}

const BARRIER = { answers: ["currentTime"], id: -1 };

async function silence(row) {
  ib.reqCurrentTime();
  const first = await answer(BARRIER);
  const early = answerTo(row);
  if (first === null || early !== null) return early;
  heard = [];
  await pause(QUIET_MILLISECONDS);
  ib.reqCurrentTime();
  const last = await answer(BARRIER);
  const goesOn = row.id >= 0 && heard.some(([, values]) => names(values, row));
  return last === null || goesOn ? null : SILENT;
}

async function main() {
  let text = "";
  for await (const part of process.stdin) text += part;
  ib.connect();
  await answer({ answers: ["nextValidId"], id: -1 });
  const results = [];
  for (const row of JSON.parse(text)) {
    heard = [];
    for (const each of row.arguments) {
      if (each?.scanCode) each.scanCode = ScanCode[each.scanCode]; // the client wants its number
    }
    ib[row.method](...row.arguments);
    results.push(row.answers.includes(SILENT) ? await silence(row) : await answer(row));
  }
  process.stdout.write(JSON.stringify(results), () => process.exit(0));
}

main();
