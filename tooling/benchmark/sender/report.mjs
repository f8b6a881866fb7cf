// Keeps every measured time, so that percentiles are exact.

const PERCENTILES = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999 };

/** Times and statuses of one step. */
export class Report {
  constructor(mix, { byId }) {
    this.begun = performance.now();
    this.ended = this.begun;
    this.late = [];
    this.open = new Set();
    this.series = new Map(Object.keys(mix).map((id) => [id, new Series(byId.get(id).status)]));
  }

  /** Records the start of a request that was due at an instant and is handed over now. */
  begin(operation, due) {
    const request = { due, series: this.series.get(operation.id) };
    request.end = (status) => this.#end(request, status);
    this.late.push(performance.now() - due);
    this.open.add(request);
    return request;
  }

  /** Returns all measurements; open requests count as unanswered, with their time so far. */
  summary() {
    const unanswered = this.open.size;
    for (const { due, series } of this.open) series.times.push(performance.now() - due);
    this.open.clear();
    const all = [...this.series.values()];
    return {
      seconds: (this.ended - this.begun) / 1000,
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
      unanswered,
      ...spread(all.flatMap(({ times }) => times)),
      late: spread(this.late),
      operations: Object.fromEntries([...this.series].map(([id, each]) => [id, each.summary()])),
    };
  }

  #end(request, status) {
    if (!this.open.delete(request)) return;
    this.ended = performance.now();
    request.series.add(this.ended - request.due, status);
  }
}

/** The times of one operation, and how often it had an unexpected status. */
class Series {
  constructor(status) {
    this.status = status;
    this.times = [];
    this.failed = 0;
    this.statuses = {};
  }

  add(time, status) {
    this.times.push(time);
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    if (status !== this.status) this.failed += 1;
  }

  summary() {
    return { ...spread(this.times), failed: this.failed, statuses: this.statuses };
  }
}

/** Returns the count of times, their percentiles by nearest rank, and the maximum. */
function spread(times) {
  const sorted = Float64Array.from(times).sort();
  const at = (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  const percentiles = Object.entries(PERCENTILES).map(([name, share]) => [name, at(share)]);
  return { count: sorted.length, ...Object.fromEntries(percentiles), max: at(1) };
}
