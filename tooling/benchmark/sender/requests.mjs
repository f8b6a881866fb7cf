// Creates requests from templates, users and tasks, without conflicts between concurrent ones.

import { random } from "./random.mjs";

/** The requests of a plan. Their changes are remembered from step to step. */
export class Requests {
  constructor({ operations, users, tasks, seed }) {
    this.random = random(seed);
    this.users = users;
    this.tasks = tasks;
    this.byId = new Map(operations.map((operation) => [operation.id, compiled(operation)]));
    // Time tracked on a task changes its entity tag.
    const timed = new Set(users.map(({ task }) => task));
    this.shelves = {
      task: new Shelf(tasks.filter((_, index) => !timed.has(index))),
      stopped: new Shelf(users.filter(({ running }) => !running)),
      running: new Shelf(users.filter(({ running }) => running)),
    };
  }

  /** Returns a function that chooses operations in proportion to their weights, evenly mixed. */
  chooser(mix) {
    const credits = Object.entries(mix).map(([id, weight]) => ({ id, weight, credit: 0 }));
    const total = credits.reduce((sum, { weight }) => sum + weight, 0);
    return () => {
      for (const each of credits) each.credit += each.weight;
      const chosen = credits.reduce((best, each) => (each.credit > best.credit ? each : best));
      chosen.credit -= total;
      return this.byId.get(chosen.id);
    };
  }

  /** Calls `receive` with a request, at once or when the resource that it needs is free. */
  make(operation, receive) {
    if (operation.takes === null) {
      const task = this.tasks[Math.floor(this.random() * this.tasks.length)];
      receive(request(operation, task, this.users[task.user], () => {}));
    } else {
      const make = operation.takes === "task" ? this.#onTask : this.#onTimer;
      this.shelves[operation.takes].take((held) => receive(make.call(this, operation, held)));
    }
  }

  /** Drops waiting requests; the step is over. */
  forgetWaiting() {
    for (const shelf of Object.values(this.shelves)) shelf.waiting = [];
  }

  #onTask(operation, task) {
    const made = request(operation, task, this.users[task.user], (status, etag, wasSent) => {
      if (status === operation.status) task.etag = etag;
      if (isKnown(status, wasSent)) this.shelves.task.give(task);
    });
    task.uses += 1;
    return made;
  }

  #onTimer(operation, user) {
    return request(operation, this.tasks[user.task], user, (status, _etag, wasSent) => {
      if (status === operation.status) user.running = !user.running;
      if (isKnown(status, wasSent)) this.shelves[user.running ? "running" : "stopped"].give(user);
    });
  }
}

/** Resources that one request at a time may hold; waiting requests are served in order. */
class Shelf {
  constructor(items) {
    this.items = items;
    this.waiting = [];
  }

  take(receive) {
    if (this.items.length > 0) receive(this.items.shift());
    else this.waiting.push(receive);
  }

  give(item) {
    if (this.waiting.length > 0) this.waiting.shift()(item);
    else this.items.push(item);
  }
}

/** Whether the effect of a request is known; otherwise its resource is not used again. */
function isKnown(status, wasSent) {
  return !wasSent || (status > 0 && status < 500);
}

function request({ method, path, headers, bodies }, task, user, release) {
  const given = { task, user };
  const filled = headers.map(([name, value]) => [name, value(given)]);
  const body = bodies.length > 0 ? bodies[task.uses % bodies.length](given) : null;
  const options = { method, path: path(given), headers: Object.fromEntries(filled), body };
  return { options, release };
}

function compiled({ path, headers, bodies, ...operation }) {
  return {
    ...operation,
    path: template(path),
    headers: Object.entries(headers).map(([name, value]) => [name, template(value)]),
    bodies: bodies.map(template),
  };
}

/** Turns "/tasks/{task.id}" into a function of {user, task}. */
function template(text) {
  const parts = text.split(/\{(user|task)\.(\w+)\}/);
  return (given) => {
    let filled = parts[0];
    for (let at = 1; at < parts.length; at += 3) {
      filled += given[parts[at]][parts[at + 1]] + parts[at + 2];
    }
    return filled;
  };
}
