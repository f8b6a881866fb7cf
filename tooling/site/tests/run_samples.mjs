// Runs one sample for each line of standard input, and tells how it went in a line of its own.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const plainFetch = globalThis.fetch;
let outcome;
let runs = 0;

globalThis.fetch = async (...request) => {
  const response = await plainFetch(...request);
  outcome.status = response.status;
  return response;
};
console.log = (...values) => {
  outcome.printed += `${format(...values)}\n`;
};

for await (const line of createInterface({ input: process.stdin })) {
  const { program, variables } = JSON.parse(line);
  outcome = { status: null, printed: "", error: null };
  Object.assign(process.env, variables);
  try {
    runs += 1;
    await import(`${pathToFileURL(program)}?run=${runs}`);
  } catch (error) {
    outcome.error = String(error.stack);
  }
  for (const name of Object.keys(variables)) delete process.env[name];
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
