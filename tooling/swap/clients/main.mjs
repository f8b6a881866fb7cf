// Users that send requests steadily through a proxy, and know the required responses.
//
// stdin: a line of JSON, the plan: {"address", "users", "rate", "seed", "addresses": whether each user
// has its own IP address}; later a line "stop".
// stdout: lines of JSON. {"event": "ready"} when all have logged in and the load starts,
// {"event": "progress", "sent", "failed"} each second, and at the end {"event": "done", "samples":
// [[due, milliseconds, operation, kind, request id]], "failures", "refused": how many requests the
// proxy had not processed, "users": what was acknowledged to each}.
import { createInterface } from "node:readline";
import { random } from "../../benchmark/sender/random.mjs";
import { Connection } from "./connection.mjs";
import { Pace } from "./pace.mjs";
import { User } from "./user.mjs";

// The number of concurrent log-ins, low enough that none is rejected.
const AT_ONCE = 4;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const plan = JSON.parse((await lines.next()).value);
const users = Array.from({ length: plan.users }, (_, number) => {
  const localAddress = plan.addresses
    ? `127.1.${Math.floor(number / 200)}.${(number % 200) + 1}`
    : undefined;
  const connection = new Connection(plan.address, localAddress);
  return new User(connection, `u${number}`, random(plan.seed + number));
});
const beginners = [...users];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let user = beginners.shift(); user !== undefined; user = beginners.shift()) {
      await user.begin();
    }
  }),
);
tell({ event: "ready" });

const pace = new Pace(users, plan.rate);
const progress = setInterval(() => {
  const { samples, failures } = pace;
  tell({ event: "progress", sent: samples.length, failed: failures.length });
}, 1000);
lines.next().then(() => pace.stop());
await pace.run();
clearInterval(progress);
tell({
  event: "done",
  samples: pace.samples,
  failures: pace.failures,
  refused: users.reduce((sum, { connection }) => sum + connection.refused, 0),
  users: users.map(({ email, known, isUnsure }) => ({
    email,
    is_unsure: isUnsure,
    tasks: [...known.tasks.keys()].map((id) => known.task(id)),
    entries: [...known.entries.values()].concat(known.running ?? []),
  })),
});
for (const { connection } of users) connection.close();
process.stdin.destroy();

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
